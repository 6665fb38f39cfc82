import { every } from '../lib/wait.ts'
import type { Metrics } from './metrics.ts'

/** A stall is measured to within one beat. (perf_hooks' own monitor loses what happens right after it was read.) */
const beatMs = 10
/** A stall is told for so long, so that of several readers none takes it from another. */
const toldMs = 60_000
/** Peaks are kept for so long each. */
const spanMs = 1_000

export interface LoopWatch extends Disposable {
  /** How late the event loop's last beat is by now, in milliseconds. */
  lateMs(): number
}

/**
 * Measures how long anything keeps the event loop from turning: then nothing here is renewed, answered or stopped.
 * The metric is the longest stall of the last minute.
 */
export function watchLoop(
  metrics: Pick<Metrics, 'loopStallMs' | 'beforeReading'>,
  now: () => number = () => performance.now(),
): LoopWatch {
  let last = performance.now()
  const peaks = new Map<number, number>()
  const lateMs = (): number => Math.max(0, performance.now() - last - beatMs)
  const note = (): void => {
    const span = Math.floor(now() / spanMs)
    peaks.set(span, Math.max(peaks.get(span) ?? 0, lateMs()))
    for (const old of peaks.keys()) if ((span - old) * spanMs > toldMs) peaks.delete(old)
  }
  const beat = every(beatMs, () => {
    note()
    last = performance.now()
  })
  const reading = metrics.beforeReading(() => {
    note()
    metrics.loopStallMs.set(Math.round(Math.max(...peaks.values())))
  })
  return {
    lateMs,
    [Symbol.dispose]() {
      beat[Symbol.dispose]()
      reading[Symbol.dispose]()
    },
  }
}
