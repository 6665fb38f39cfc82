import { within } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import type { Applied } from '../clusters.ts'
import type { Scene } from '../scene.ts'
import { type Life, lastCreateAt, listedAt, partOf } from './parts.ts'
import type { Plot, Site } from './site.ts'

const launchMs = 300_000
const endMs = 600_000

/** A cluster in a plot of its own: whatever the operator must know of it, it asks within what is measured. */
export async function lived(scene: Scene, site: Site, workers: number): Promise<Life> {
  const plot = site.plot()
  const { name } = plot
  await scene.giveCredentials(name, plot.secret)
  const applied = await scene.clusters.apply(`life-${workers}`, workers, {
    cloud: { local: null, ...plot.cloud },
    credentialsSecretRef: { name },
    network: { exposure: 'Private' },
  })
  const toldAt = await toldThatAllRun(scene, plot, workers + 1)
  const madeAt = lastCreateAt(plot.heard())
  const launched = plot.heard().filter(({ at }) => at <= toldAt)
  const [from, to] = await ended(scene, plot, applied)
  return {
    workers,
    creates: launched.filter(({ isCreate }) => isCreate).length,
    launch: partOf(launched, { from: applied.at, to: madeAt }),
    start: partOf(launched, { from: madeAt, to: toldAt }),
    end: partOf(plot.heard(), { from, to }),
  }
}

/** When the last page was asked for of the first list that began after all machines ran. */
async function toldThatAllRun(scene: Scene, plot: Plot, machines: number): Promise<number> {
  const call = within(scene.call, launchMs)
  await poll(() => (plot.running() === machines ? true : undefined), 50, call)
  const since = Date.now()
  return poll(() => listedAt(plot.heard().filter(({ at }) => at > since)), 50, call)
}

async function ended(scene: Scene, plot: Plot, applied: Applied): Promise<readonly [number, number]> {
  const from = Date.now()
  await scene.clusters.remove(applied)
  const nothingLeft = async (): Promise<true | undefined> =>
    plot.left().length === 0 && (await scene.clusters.all()).length === 0 ? true : undefined
  await poll(nothingLeft, 200, within(scene.call, endMs))
  return [from, Date.now()]
}
