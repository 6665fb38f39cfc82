import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import { type Rate, TokenBucket } from '../lib/token-bucket.ts'
import { CloudError } from '../model/faults.ts'

/** What a call takes from a cloud's buckets. */
export interface Toll<Bucket extends string> {
  readonly bucket: Bucket
  /** Takes one token for each machine that it asks for or ends, beside the one of its request. */
  readonly machinesBucket?: Bucket | undefined
  /** Calls that give back come before calls that take. */
  readonly isFirst?: boolean | undefined
}

export interface GateOptions<Name extends string, Bucket extends string> {
  /** Whose rates these are, for a person. */
  readonly cloud: string
  readonly rates: Readonly<Record<Bucket, Rate>>
  readonly tollOf: (name: Name) => Toll<Bucket>
  readonly now?: () => number
}

/** Keeps all calls of one account under its cloud's rates: nobody is told to wait who could have known. */
export class Gate<Name extends string, Bucket extends string> {
  readonly #buckets = new Map<Bucket, TokenBucket>()
  readonly #options: GateOptions<Name, Bucket>

  constructor(options: GateOptions<Name, Bucket>) {
    this.#options = options
  }

  /** Resolves when the call may be made; rejects when the caller's time is over before. `machines` are those it asks for or ends. */
  async pass(name: Name, call: Call, machines = 0): Promise<void> {
    const { cloud, tollOf } = this.#options
    const { bucket, machinesBucket, isFirst } = tollOf(name)
    const urgency = isFirst === true ? 'first' : 'usual'
    try {
      await this.#bucket(bucket).take(call, 1, urgency)
      if (machinesBucket !== undefined) await this.#bucket(machinesBucket).take(call, machines, urgency)
    } catch (cause) {
      // Certain, unlike an answer that did not come: the cloud has heard nothing.
      const says = `${name}: too many requests to ${cloud} are waiting; it is tried again`
      throw new CloudError('throttled', says, { cause })
    }
  }

  /** The cloud says that a bucket is empty, and for how long: somebody else in the account takes from it too. */
  told(name: Name, ms = 0): void {
    this.#bucket(this.#options.tollOf(name).bucket).drain(ms)
  }

  #bucket(name: Bucket): TokenBucket {
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    const { rates, now = steadyNow } = this.#options
    const made = new TokenBucket(rates[name], now)
    this.#buckets.set(name, made)
    return made
  }
}
