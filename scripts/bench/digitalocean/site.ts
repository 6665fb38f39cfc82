import { startDigitalOcean } from '../../../test/support/digitalocean/server.ts'
import { aTrustedIdentity } from '../../../test/support/server-identity.ts'
import { singleLife } from '../lives/single.ts'
import type { Site } from '../lives/site.ts'
import type { DigitalOceanOptions } from './options.ts'
import { type DigitalOceanPlot, plotIn } from './plots.ts'
import { DigitalOceanSingles } from './singles.ts'

/** With the documented rates. Machines have addresses of this computer alone: whoever calls one gets no further. */
export async function openDigitalOceanSite({
  latencyMs,
  addressMs,
  startMs: bootMs,
  endMs: deleteMs,
}: DigitalOceanOptions): Promise<Site<DigitalOceanPlot>> {
  const { cert, key, environment } = await aTrustedIdentity('bench-digitalocean')
  const cloud = await startDigitalOcean({ key, cert }, { latencyMs, tempo: { addressMs, bootMs, deleteMs } })
  let made = 0
  const plot = (): DigitalOceanPlot => plotIn(cloud, `dask-bench-${++made}`)
  return {
    environment: { DIGITALOCEAN_API_URL: cloud.endpoint, ...environment },
    plot,
    single(workers, call) {
      const own = plot()
      return singleLife(own, limit => new DigitalOceanSingles(cloud, own, limit), workers, call)
    },
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  }
}
