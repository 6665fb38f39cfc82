import type { Call } from '../lib/call.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { failureOf } from './answers.ts'
import type { KubeError } from './fault.ts'

/** What fails for a shorter time is a connection, not an API server. */
const outageMs = 5_000
/** So long after its return it is spared; what was put off has been sent by then. */
const sparedMs = 20_000
/** Leases and watches come on top, so that it is asked less than 50 times in any second. */
const rate = { size: 8, perSecond: 34 }

/**
 * An API server that was away has everybody's requests before it at once when it returns. Ours come at a steady rate then;
 * at any other time nothing is held back.
 */
export class Thaw {
  readonly #now: () => number
  readonly #bucket: TokenBucket
  #failingSince: number | undefined
  #sparedUntil = -Infinity

  /** `now`: milliseconds of a steady clock. */
  constructor(now: () => number) {
    this.#now = now
    this.#bucket = new TokenBucket(rate, now)
  }

  /** Nobody answered; unless it was we who did not wait. */
  failed({ reason }: KubeError): void {
    if (reason !== 'Stopped') this.#failingSince ??= this.#now()
  }

  /** Somebody did, whatever was said. */
  answered(): void {
    if (this.#isOutage()) this.#sparedUntil = this.#now() + sparedMs
    this.#failingSince = undefined
  }

  /** Resolves when a request may be sent. Throws nothing but a KubeError: `Timeout` or `Stopped`. */
  async admit(call: Call): Promise<void> {
    if (!this.#isOutage() && this.#now() >= this.#sparedUntil) return
    await this.#bucket.take(call).catch((error: unknown) => {
      throw failureOf(error, call.signal)
    })
  }

  #isOutage(): boolean {
    return this.#failingSince !== undefined && this.#now() - this.#failingSince >= outageMs
  }
}
