import { once } from 'node:events'
import { SchedulerPool } from '../../src/dask/pool.ts'
import type { WatchTarget } from '../../src/dask/watch.ts'
import { poll, wait } from '../../src/lib/wait.ts'
import { clusterUid } from '../../src/model/names.ts'

// Watches the schedulers it is sent, and answers what each but the first took: the first brings what all share.

export type WatchedScheduler = WatchTarget & {
  readonly uid: string
}

export interface Watching {
  /** Resident memory for each scheduler. */
  readonly kib: number
  /** TCP connections that are open while all are watched. */
  readonly connections: number
}

const answerMs = 300_000
/** Some looks at each, so that what is counted is what lasts. */
const settleMs = 5_000

const [schedulers]: [readonly WatchedScheduler[]] = (await once(process, 'message')) as never
const targets = schedulers.map(each => ({ ...each, uid: clusterUid(each.uid) }))
await using pool = new SchedulerPool()
const before = await memoryWith(targets.slice(0, 1))
const after = await memoryWith(targets)
const watching: Watching = {
  kib: (after - before) / 1_024 / Math.max(1, targets.length - 1),
  connections: process.getActiveResourcesInfo().filter(resource => resource === 'TCPSocketWrap').length,
}
process.send?.(watching)

/** Resident bytes once all of these answer. */
async function memoryWith(tracked: typeof targets): Promise<number> {
  const signal = AbortSignal.timeout(answerMs)
  for (const target of tracked) pool.track(target)
  const answer = (): true | undefined =>
    tracked.every(({ uid }) => pool.last(uid).kind === 'answering') ? true : undefined
  await poll(answer, 100, { signal })
  await wait(settleMs, { signal })
  globalThis.gc?.()
  await wait(100, { signal })
  return process.memoryUsage().rss
}
