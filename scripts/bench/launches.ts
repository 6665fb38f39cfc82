import { fileJournal, type Mark } from '../../src/clouds/simulated/journal.ts'
import type { Call } from '../../src/lib/call.ts'
import { wait } from '../../src/lib/wait.ts'
import type { Applied } from './clusters.ts'
import type { Scene } from './scene.ts'

interface Asked {
  readonly launches: number
  readonly perSecond: number
}

/**
 * Milliseconds from apply to the first machine in the cloud, of clusters that are applied at a steady pace, whether or
 * not those before them have been served. Both moments are by this computer's clock.
 */
export async function firstLaunches(
  scene: Scene,
  { launches, perSecond }: Asked,
): Promise<readonly number[]> {
  const { clusters, operator } = scene
  const everyMs = 1000 / perSecond
  const began = performance.now()
  const applying: Promise<Applied>[] = []
  for (let at = 0; at < launches; at++) {
    await pause(began + at * everyMs - performance.now(), scene.call)
    const apply = clusters.apply(`first-${at}`, 2)
    // Looked at once all are sent; one that fails before is not to end this process.
    apply.catch(() => undefined)
    applying.push(apply)
  }
  const applied = await Promise.all(applying)
  await clusters.settled()
  const launchedAt = firstIn(fileJournal(operator.journal).news())
  await Promise.all(applied.map(each => clusters.remove(each)))
  await clusters.gone()
  return applied.map(({ uid, at }) => (launchedAt.get(uid) ?? Number.NaN) - at)
}

/** When each cluster's first machine was made. */
function firstIn(marks: readonly Mark[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>()
  for (const mark of marks) {
    if (mark.kind !== 'launched') continue
    for (const { tags } of mark.machines)
      first.set(tags.uid, Math.min(mark.at, first.get(tags.uid) ?? Infinity))
  }
  return first
}

const pause = (ms: number, call: Call): Promise<void> => (ms > 0 ? wait(ms, call) : Promise.resolve())
