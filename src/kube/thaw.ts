import type { Call } from '../lib/call.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { failureOf } from './answers.ts'
import { type KubeError, noAnswer } from './fault.ts'

/** What fails for a shorter time is a connection, not an API server. */
const outageMs = 5_000
/** So long after its return it is spared; what was put off has been sent by then. */
const sparedMs = 20_000
/** While it is away: whoever is let through waits to connect, and all who do get through at once when it is back. */
const away = { size: 2, perSecond: 1 }
/** Those, leases and watches come on top, so that it is asked less than 50 times in any second. */
const spared = { size: 2, perSecond: 34 }

/**
 * An API server that was away has everybody's requests before it at once when it returns. Ours come at a steady rate then;
 * at any other time nothing is held back.
 */
export class Thaw {
  readonly #now: () => number
  readonly #away: TokenBucket
  readonly #spared: TokenBucket
  #failingSince: number | undefined
  #sparedUntil = -Infinity
  #back = new AbortController()

  /** `now`: milliseconds of a steady clock. */
  constructor(now: () => number) {
    this.#now = now
    this.#away = new TokenBucket(away, now)
    this.#spared = new TokenBucket(spared, now)
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
    if (this.#isOutage() && (await this.#isLetTry(call))) return
    if (this.#now() >= this.#sparedUntil) return
    await this.#spared.take(call).catch((error: unknown) => {
      throw failureOf(error, call.signal)
    })
  }

  /** False where the API server came back meanwhile. */
  async #isLetTry({ signal }: Call): Promise<boolean> {
    const { back } = this
    try {
      await this.#away.take({ signal: AbortSignal.any([signal, back]) })
      return !back.aborted
    } catch (error) {
      if (back.aborted && !signal.aborted) return false
      throw failureOf(error, signal)
    }
  }

  #isOutage(): boolean {
    return this.#failingSince !== undefined && this.#now() - this.#failingSince >= outageMs
  }
}
