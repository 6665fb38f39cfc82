import { every } from '../lib/wait.ts'
import type { Metrics } from './metrics.ts'

const beatMs = 500

export interface LoopWatch extends Disposable {
  /** How late the event loop's last beat is by now, in milliseconds. */
  lateMs(): number
}

/** Measures how long anything keeps the event loop from turning: then nothing here is renewed, answered or stopped. */
export function watchLoop(metrics: Pick<Metrics, 'loopStallMs' | 'beforeReading'>): LoopWatch {
  let last = performance.now()
  let worst = 0
  const lateMs = (): number => Math.max(0, performance.now() - last - beatMs)
  const beat = every(beatMs, () => {
    worst = Math.max(worst, lateMs())
    last = performance.now()
  })
  const reading = metrics.beforeReading(() => {
    metrics.loopStallMs.set(Math.round(Math.max(worst, lateMs())))
    worst = 0
  })
  return {
    lateMs,
    [Symbol.dispose]() {
      beat[Symbol.dispose]()
      reading[Symbol.dispose]()
    },
  }
}
