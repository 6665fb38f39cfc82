import type { Call } from '../lib/call.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { failureOf } from './answers.ts'
import { type KubeError, noAnswer } from './fault.ts'

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
  #back = new AbortController()

  /** `now`: milliseconds of a steady clock. */
  constructor(now: () => number) {
    this.#now = now
    this.#bucket = new TokenBucket(rate, now)
  }

  /** Aborted with a KubeError, `Returned`, when the API server answers after an outage. Whoever waits for the next takes it anew. */
  get back(): AbortSignal {
    return this.#back.signal
  }

  /** Nobody answered; unless it was we who did not wait. */
  failed({ reason }: KubeError): void {
    if (reason !== 'Stopped' && reason !== 'Returned') this.#failingSince ??= this.#now()
  }

  /** Somebody did, whatever was said. */
  answered(): void {
    const wasOutage = this.#isOutage()
    this.#failingSince = undefined
    if (!wasOutage) return
    this.#sparedUntil = this.#now() + sparedMs
    const before = this.#back
    this.#back = new AbortController()
    before.abort(noAnswer('Returned', 'the API server was away and answers again'))
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
