import type { Call } from '../../lib/call.ts'
import { steadyNow } from '../../lib/steady.ts'
import { wait } from '../../lib/wait.ts'
import { CloudError } from '../../model/faults.ts'
import { Gate } from '../gate.ts'
import { rates } from './calls.ts'

type Bucket = keyof typeof rates

/** Resource Manager counts requests by their method, whatever they are for. */
export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

const bucketOf = { GET: 'read', PUT: 'write', POST: 'write', DELETE: 'delete' } as const satisfies Record<
  Method,
  Bucket
>

/** The operator makes no other requests than these; anything else would be counted as a change. */
const methodOf = (method: string): Method =>
  method === 'GET' || method === 'POST' || method === 'DELETE' ? method : 'PUT'

/** A request as it is sent. */
export interface Sent {
  readonly method: string
  readonly url: string
}

/** Each resource provider counts for itself, too, below Resource Manager: compute refuses while network does not. */
const kindOf = ({ method, url }: Sent): string =>
  `${methodOf(method)} ${/\/providers\/(microsoft\.\w+)/i.exec(url)?.[1]?.toLowerCase() ?? ''}`

/** Nobody waits longer than for this, whatever Azure says. */
const mostHoldMs = 60_000

/** Keeps one principal's requests to one subscription under Azure's rates, and from what Azure has closed for a while. */
export class AzureGate {
  readonly #gate: Gate<Method, Bucket>
  readonly #now: () => number
  /** Until when requests of a kind are refused. */
  readonly #closed = new Map<string, number>()
  #changes = 0

  constructor(now: () => number = steadyNow) {
    this.#now = now
    this.#gate = new Gate<Method, Bucket>({
      cloud: 'Azure',
      rates,
      tollOf: method => ({ bucket: bucketOf[method], isFirst: method === 'DELETE' }),
      now,
    })
  }

  /** Resolves when it may be sent; a CloudError `throttled` where that is too late for its caller. */
  async pass(sent: Sent, call: Call): Promise<void> {
    const ms = (this.#closed.get(kindOf(sent)) ?? 0) - this.#now()
    if (ms > 0)
      await wait(ms, call).catch((cause: unknown) => {
        throw new CloudError(
          'throttled',
          'Azure takes no more such requests for a while; it is tried again',
          {
            cause,
          },
        )
      })
    const method = methodOf(sent.method)
    await this.#gate.pass(method, call)
    if (method !== 'GET') this.#changes += 1
  }

  /** How many requests have passed that change something. */
  get changes(): number {
    return this.#changes
  }

  /** Azure has refused it for their number, and says for how long. */
  told(sent: Sent, ms: number): void {
    this.#closed.set(kindOf(sent), this.#now() + Math.min(mostHoldMs, ms))
  }
}
