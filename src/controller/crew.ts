import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import type { ClusterKey } from '../model/names.ts'
import type { Next } from '../reconcile/pass.ts'
import type { WorkQueue } from './queue.ts'

/** A pass that takes longer is cut off; what it did is written down, and the next one goes on from there. */
const passLimitMs = 120_000

export interface CrewWork {
  readonly queue: WorkQueue
  readonly hands: number
  readonly pass: (key: ClusterKey, call: Call) => Promise<Next>
  /** After each pass: what became of it and how long it took. */
  readonly passed: (key: ClusterKey, pass: Passed) => void
}

export interface Passed {
  /** In controller-runtime's words, so that its dashboards read ours. */
  readonly result: 'success' | 'requeue' | 'requeue_after' | 'error'
  readonly seconds: number
  readonly error?: unknown
}

/** So many workers take keys from the queue until the signal stops them; passes that have begun are finished. */
export async function workUntilStopped(work: CrewWork, stop: Call): Promise<void> {
  await Promise.all(Array.from({ length: work.hands }, () => workAlone(work, stop)))
}

async function workAlone(work: CrewWork, stop: Call): Promise<void> {
  for (;;) {
    const key = await work.queue.next(stop).catch(() => undefined)
    if (key === undefined) return
    await once(key, work, stop)
    work.queue.done(key)
  }
}

async function once(key: ClusterKey, { queue, pass, passed }: CrewWork, stop: Call): Promise<void> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  try {
    const next = await limited(passLimitMs, stop, call => pass(key, call))
    passed(key, { result: resultOf(next), seconds: seconds() })
    if (next.kind === 'retry') return queue.retry(key)
    queue.succeed(key)
    if (next.kind === 'again') queue.add(key, { afterMs: next.afterMs })
  } catch (error) {
    if (!stop.signal.aborted) passed(key, { result: 'error', seconds: seconds(), error })
    queue.retry(key)
  }
}

function resultOf(next: Next): Passed['result'] {
  if (next.kind === 'retry') return 'requeue'
  return next.kind === 'again' ? 'requeue_after' : 'success'
}
