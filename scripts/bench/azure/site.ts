import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import tls from 'node:tls'
import { startAzure } from '../../../test/support/azure/server.ts'
import { aServerIdentity } from '../../../test/support/server-identity.ts'
import { temporaryFolder } from '../../remains.ts'
import { singleLife } from '../lives/single.ts'
import type { Site } from '../lives/site.ts'
import type { AzureOptions } from './options.ts'
import { type AzurePlot, plotIn } from './plots.ts'
import { AzureSingles } from './singles.ts'

/** With the documented rates. Machines have addresses of this computer alone: whoever calls one gets no further. */
export async function openAzureSite(options: AzureOptions): Promise<Site<AzurePlot>> {
  const { latencyMs, operationMs: makeMs, startMs: bootMs, endMs: deleteMs, lookS: retryAfterS } = options
  const { authority, cert, key } = aServerIdentity()
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority])
  const trusted = join(await temporaryFolder('bench-azure'), 'authority.pem')
  await writeFile(trusted, authority)
  const azure = await startAzure(
    { key, cert },
    { latencyMs, retryAfterS, tempo: { makeMs, bootMs, deleteMs } },
  )
  azure.world.privateIp = (_prefix, number) =>
    `127.31.${Math.floor(number / 250) % 250}.${4 + (number % 250)}`
  let made = 0
  const plot = (): AzurePlot => plotIn(azure, `dask-bench-${++made}`)
  return {
    environment: {
      AZURE_RESOURCE_MANAGER_ENDPOINT: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      NODE_EXTRA_CA_CERTS: trusted,
    },
    plot,
    single(workers, call) {
      const own = plot()
      return singleLife(own, limit => new AzureSingles(azure, own, limit), workers, call)
    },
    [Symbol.asyncDispose]: () => azure[Symbol.asyncDispose](),
  }
}
