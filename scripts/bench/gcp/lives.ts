import { within } from '../../../src/lib/call.ts'
import { poll } from '../../../src/lib/wait.ts'
import type { Ledger } from '../../../test/support/gcp/desk.ts'
import { leftIn } from '../../../test/support/gcp/lives.ts'
import type { Applied } from '../clusters.ts'
import type { Scene } from '../scene.ts'
import { isCreate, type Life, lastCreateAt, partOf } from './parts.ts'
import { type Plot, regionName, type Site } from './site.ts'

const launchMs = 300_000
const endMs = 600_000

/**
 * A cluster in a project that the operator has not seen before: whatever it must know of it, it asks within what is
 * measured.
 */
export async function lived(scene: Scene, site: Site, workers: number): Promise<Life> {
  const plot = site.plot()
  const { name } = plot.project
  await scene.giveCredentials(name, { 'credentials.json': JSON.stringify(plot.key) })
  const applied = await scene.clusters.apply(`life-${workers}`, workers, {
    cloud: { local: null, gcp: { project: name, region: regionName } },
    credentialsSecretRef: { name },
    network: { exposure: 'Private' },
  })
  const toldAt = await toldThatAllRun(scene, plot, workers + 1)
  const madeAt = lastCreateAt(plot.heard())
  const launched = plot.heard().filter(({ at }) => at <= toldAt)
  const [from, to] = await ended(scene, plot, applied)
  return {
    workers,
    creates: launched.filter(isCreate).length,
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

/** A list is whole when another one has begun. */
function listedAt(heard: Ledger): number | undefined {
  const pages = heard.filter(({ method }) => method === 'instances.aggregatedList')
  const begins = pages.flatMap(({ query }, at) => (query['pageToken'] === undefined ? [at] : []))
  const [first, next] = begins
  return first === undefined || next === undefined ? undefined : pages[next - 1]?.at
}

async function ended(scene: Scene, { project }: Plot, applied: Applied): Promise<readonly [number, number]> {
  const from = Date.now()
  await scene.clusters.remove(applied)
  const nothingLeft = async (): Promise<true | undefined> =>
    leftIn(project).length === 0 && (await scene.clusters.all()).length === 0 ? true : undefined
  await poll(nothingLeft, 200, within(scene.call, endMs))
  return [from, Date.now()]
}
