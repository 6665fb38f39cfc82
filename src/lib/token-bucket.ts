import type { Call } from './call.ts'
import { wait } from './wait.ts'

export interface Rate {
  /** What may be taken at once after a rest. */
  readonly size: number
  readonly perSecond: number
}

export type Urgency = 'first' | 'usual'

/** Whoever waits looks again so soon: others may have given up before it. */
const lookMs = 100

interface Waiter {
  readonly amount: number
  readonly urgency: Urgency
}

/**
 * Keeps calls under a rate that somebody else enforces. Whoever comes first is served first, but `first` goes before
 * `usual`; nobody passes a larger wish that came before. The clock is asked, never a timer's promise.
 */
export class TokenBucket {
  readonly #rate: Rate
  readonly #now: () => number
  #tokens: number
  #at: number
  readonly #line: Waiter[] = []

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
    this.#tokens = rate.size
    this.#at = now()
  }

  /** Waits for `amount`; more than the whole bucket counts as the whole. Rejects with the signal's reason. */
  async take(call: Call, amount = 1, urgency: Urgency = 'usual'): Promise<void> {
    const waiter: Waiter = { amount: Math.min(amount, this.#rate.size), urgency }
    this.#queue(waiter)
    try {
      for (let ms = this.#waitMs(waiter); ms > 0; ms = this.#waitMs(waiter))
        await wait(Math.min(ms, lookMs), call)
      this.#tokens -= waiter.amount
    } finally {
      this.#line.splice(this.#line.indexOf(waiter), 1)
    }
  }

  /** What was taken turned out not to be enough: the owner of the rate says that it is empty, and stays so for `ms`. */
  drain(ms = 0): void {
    this.#refill()
    this.#tokens = Math.min(this.#tokens, (-ms / 1_000) * this.#rate.perSecond)
  }

  #queue(waiter: Waiter): void {
    const usual = this.#line.findIndex(({ urgency }) => urgency === 'usual')
    if (waiter.urgency === 'first' && usual !== -1) this.#line.splice(usual, 0, waiter)
    else this.#line.push(waiter)
  }

  /** Until it is this waiter's turn, were nobody else to come: at least a millisecond, or 0 for now. */
  #waitMs(waiter: Waiter): number {
    this.#refill()
    const before = this.#line.slice(0, this.#line.indexOf(waiter) + 1)
    const wanted = before.reduce((sum, { amount }) => sum + amount, 0)
    if (wanted <= this.#tokens + 1e-9) return 0
    return Math.max(1, Math.ceil(((wanted - this.#tokens) / this.#rate.perSecond) * 1000))
  }

  #refill(): void {
    const now = this.#now()
    const { size, perSecond } = this.#rate
    this.#tokens = Math.min(size, this.#tokens + ((now - this.#at) / 1000) * perSecond)
    this.#at = now
  }
}
