import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import type { ClusterKey } from '../model/names.ts'
import type { Next } from '../reconcile/pass.ts'
import type { WorkQueue } from './queue.ts'

/** A pass that takes longer is cut off; what it did is written down, and the next one goes on from there. */
const passLimitMs = 120_000
/** The lease must be free within a second of the order to stop. */
const graceMs = 700

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

/**
 * So many workers take keys from the queue until `stop`; a pass that has begun then may end by itself for a moment, so
 * that no answer is lost without need, and is cut off after it. A pass of who may not lead any more is cut off at once.
 */
export async function workUntilStopped(work: CrewWork, stop: Call, lost: Call): Promise<void> {
  const cut = new AbortController()
  const cutOff = (): void => cut.abort(new Error('the operator stops'))
  lost.signal.addEventListener('abort', cutOff, { once: true })
  const working = Promise.all(Array.from({ length: work.hands }, () => workAlone(work, stop, cut)))
  const stopped = new Promise<void>(resolve =>
    stop.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  await Promise.race([working, stopped])
  const timer = setTimeout(cutOff, graceMs)
  await working.finally(() => clearTimeout(timer))
}

async function workAlone(work: CrewWork, stop: Call, cut: Call): Promise<void> {
  for (;;) {
    const key = await work.queue.next(stop).catch(() => undefined)
    if (key === undefined) return
    await once(key, work, cut)
    work.queue.done(key)
  }
}

async function once(key: ClusterKey, { queue, pass, passed }: CrewWork, cut: Call): Promise<void> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  try {
    const next = await limited(passLimitMs, cut, call => pass(key, call))
    passed(key, { result: resultOf(next), seconds: seconds() })
    if (next.kind === 'retry') return queue.retry(key)
    queue.succeed(key)
    if (next.kind === 'again') queue.add(key, { afterMs: next.afterMs })
  } catch (error) {
    if (!cut.signal.aborted) passed(key, { result: 'error', seconds: seconds(), error })
    queue.retry(key)
  }
}

function resultOf(next: Next): Passed['result'] {
  if (next.kind === 'retry') return 'requeue'
  return next.kind === 'again' ? 'requeue_after' : 'success'
}
