import { startAzure } from '../../../test/support/azure/server.ts'
import { ownAddress } from '../../../test/support/own-address.ts'
import { aTrustedIdentity } from '../../../test/support/server-identity.ts'
import { singleLife } from '../lives/single.ts'
import type { Site } from '../lives/site.ts'
import type { AzureOptions } from './options.ts'
import { type AzurePlot, plotIn } from './plots.ts'
import { AzureSingles } from './singles.ts'

/** With the documented rates. Machines have addresses of this computer alone: whoever calls one gets no further. */
export async function openAzureSite(options: AzureOptions): Promise<Site<AzurePlot>> {
  const { latencyMs, operationMs: makeMs, startMs: bootMs, endMs: deleteMs, lookS: retryAfterS } = options
  const { cert, key, environment } = await aTrustedIdentity('bench-azure')
  const azure = await startAzure(
    { key, cert },
    { latencyMs, retryAfterS, tempo: { makeMs, bootMs, deleteMs } },
  )
  azure.world.privateIp = (_prefix, number) => ownAddress(number)
  let made = 0
  const plot = (): AzurePlot => plotIn(azure, `dask-bench-${++made}`)
  return {
    environment: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      ...environment,
    },
    plot,
    single(workers, call) {
      const own = plot()
      return singleLife(own, limit => new AzureSingles(azure, own, limit), workers, call)
    },
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  }
}
