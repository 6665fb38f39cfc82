import type { Call } from '../../src/lib/call.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly fire: () => void
}

/** Time as a number that a test moves: nothing sleeps, and the same seed gives the same run. */
export class VirtualClock {
  #now: number
  #order = 0
  #timers: Timer[] = []

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  readonly now = (): number => this.#now
  readonly wall = this.now

  readonly wait = (ms: number, { signal }: Call): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const stop = (): void => reject(signal.reason)
      const fire = (): void => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      this.#timers.push({ at: this.#now + ms, order: this.#order++, fire })
      signal.addEventListener('abort', stop, { once: true })
    })

  /** Moves straight to a time; timers on the way fire in order. */
  moveTo(time: number): void {
    for (;;) {
      const next = this.#next()
      if (next === undefined || next.at > time) break
      this.#fire(next)
    }
    this.#now = Math.max(this.#now, time)
  }

  /** Lets work go on, moving time only while it waits for time. Undefined where the work waits for ever. */
  async finish<T>(work: Promise<T>): Promise<T | undefined> {
    const state = { isSettled: false }
    const settled = work.finally(() => {
      state.isSettled = true
    })
    settled.catch(() => undefined)
    for (;;) {
      for (let turn = 0; turn < 200 && !state.isSettled; turn++) await Promise.resolve()
      if (state.isSettled) return settled
      const next = this.#next()
      if (next === undefined) return undefined
      this.#fire(next)
    }
  }

  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, timer) =>
        first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)
          ? timer
          : first,
      undefined,
    )
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter(each => each !== timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.fire()
  }
}
