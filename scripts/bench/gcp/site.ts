import { startGce } from '../../../test/support/gcp/gce.ts'
import { ownAddress } from '../../../test/support/own-address.ts'
import { singleLife } from '../lives/single.ts'
import type { Site } from '../lives/site.ts'
import type { GcpOptions } from './options.ts'
import { type GcpPlot, plotIn } from './plots.ts'
import { GcpSingles } from './singles.ts'

/** With the documented quotas. Machines have addresses of this computer alone: whoever calls one gets no further. */
export async function openGcpSite(options: GcpOptions): Promise<Site<GcpPlot>> {
  const { latencyMs, operationMs, startMs, endMs } = options
  const gce = await startGce({
    latencyMs,
    tempo: { operationMs, startMs, endMs },
    privateIp: ownAddress,
    publicIp: () => '127.0.0.1',
  })
  let made = 0
  const plot = (): GcpPlot => plotIn(gce, `dask-bench-${++made}`)
  return {
    environment: {
      CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE: gce.endpoint,
      CLOUDSDK_AUTH_TOKEN_HOST: gce.tokenEndpoint,
      CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: gce.impersonationEndpoint,
    },
    plot,
    single(workers, call) {
      const own = plot()
      return singleLife(own, limit => new GcpSingles(gce, own, limit), workers, call)
    },
    [Symbol.asyncDispose]: () => gce[Symbol.asyncDispose](),
  }
}
