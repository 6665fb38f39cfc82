import type { Call } from '../../lib/call.ts'
import { isRecord } from '../../lib/parse.ts'
import { steadyNow } from '../../lib/steady.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import { wait } from '../../lib/wait.ts'
import { CloudError } from '../../model/faults.ts'
import { type CallFacts, type CallName, calls } from './calls.ts'

/** 250 in any minute, and 5,000 in any hour: a full bucket and what flows into it meanwhile. https://docs.digitalocean.com/reference/api/ */
export const rates = {
  minute: { size: 90, perSecond: 2.5 },
  hour: { size: 900, perSecond: 1.1 },
} as const

/** With no more left than these, what takes waits: they are for ends, and for looks so far apart at what there is to end. */
export const keptForEnds = 250
const sightEveryMs = 15_000
/** The last ones are for ends alone. */
const keptFromSight = 50
/** Nobody waits in a line for longer; whoever would is told when to come again. */
const patienceMs = 20_000
const mostHoldMs = 3_600_000

/** What an answer says beside its body: DigitalOcean counts for itself, whoever else uses the token. */
export interface Counters {
  readonly remaining: number | undefined
  /** Until the oldest request is forgotten, from the answer on, in milliseconds. */
  readonly resetMs: number | undefined
  readonly retryAfterMs: number | undefined
}

/** Keeps one token's calls under DigitalOcean's rates, and from what it has closed for a while. */
export class DigitalOceanGate {
  readonly #now: () => number
  readonly #buckets: readonly TokenBucket[]
  /** Until when calls wait: all of them, looks, and those that take. */
  #closed = 0
  #blind = 0
  #spared = 0
  #sawAt = -Infinity

  constructor(now: () => number = steadyNow) {
    this.#now = now
    this.#buckets = [new TokenBucket(rates.minute, now), new TokenBucket(rates.hour, now)]
  }

  /** Resolves when it may be sent; a CloudError `throttled` where that is too late for its caller. */
  async pass(name: CallName, call: Call): Promise<void> {
    const { isFirst, isSight }: CallFacts = calls[name]
    const opens = this.#opens(name)
    const ms = opens - this.#now()
    if (ms > patienceMs) throw later(opens)
    if (isSight === true) this.#sawAt = Math.max(opens, this.#now())
    try {
      if (ms > 0) await wait(ms, call)
      // What there is to end has to be seen: looks wait behind nothing that takes.
      const urgency = isFirst === true || isSight === true ? 'first' : 'usual'
      for (const bucket of this.#buckets) await bucket.take(call, 1, urgency)
    } catch (cause) {
      if (ms > 0) throw later(opens)
      const says = `${name}: too many requests to DigitalOcean are waiting; it is tried again`
      throw new CloudError('throttled', says, { cause })
    }
  }

  /** From when on a call may be sent; looks in scarce times keep their distance. */
  #opens(name: CallName): number {
    const { isFirst, isSight }: CallFacts = calls[name]
    const now = this.#now()
    if (isFirst === true || this.#spared <= now) return this.#closed
    if (isSight !== true) return Math.max(this.#closed, this.#spared)
    return Math.max(this.#closed, this.#blind, this.#sawAt + sightEveryMs)
  }

  /** What every answer says. */
  heard({ remaining, resetMs }: Counters): void {
    if (remaining === undefined || resetMs === undefined) return
    const until = this.#now() + within(resetMs)
    this.#spared = remaining > keptForEnds ? 0 : until
    this.#blind = remaining > keptFromSight ? 0 : until
  }

  /** A request was refused for its number. */
  refused({ retryAfterMs, resetMs }: Counters): void {
    this.#closed = this.#now() + within(retryAfterMs ?? resetMs ?? 5_000)
    for (const bucket of this.#buckets) bucket.drain()
  }
}

const within = (ms: number): number => Math.min(mostHoldMs, Math.max(1_000, ms))

/** The same words until then: the minute after it opens, as a person reads a clock. */
function later(opens: number): CloudError {
  const minute = new Date(Math.ceil(opens / 60_000) * 60_000).toISOString().slice(11, 16)
  return new CloudError(
    'throttled',
    `DigitalOcean takes no more requests with this token before ${minute} UTC, of its 5,000 an hour and 250 a minute; ends of machines go first`,
  )
}

/** Of an answer's headers; `now` is the operator's own clock, which stands in where the answer has no date. */
export function countersIn(headers: unknown, now: number): Counters {
  const text = (name: string): string => {
    const found = isRecord(headers) ? headers[name] : undefined
    return typeof found === 'string' ? found : ''
  }
  const number = (name: string): number | undefined =>
    /^\d+(\.\d+)?$/.test(text(name)) ? Number(text(name)) : undefined
  const reset = number('ratelimit-reset')
  const date = Date.parse(text('date'))
  const retryAfter = number('retry-after')
  return {
    remaining: number('ratelimit-remaining'),
    resetMs: reset === undefined ? undefined : reset * 1_000 - (Number.isNaN(date) ? now : date),
    retryAfterMs: retryAfter === undefined ? undefined : retryAfter * 1_000,
  }
}
