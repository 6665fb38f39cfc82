import type { Call } from '../../lib/call.ts'
import { steadyNow } from '../../lib/steady.ts'
import { type Rate, TokenBucket } from '../../lib/token-bucket.ts'
import { CloudError } from '../../model/faults.ts'
import { type CallFacts, type CallName, calls, rates, runMachines, terminateMachines } from './calls.ts'

type BucketName = keyof typeof rates | 'run-machines' | 'terminate-machines'

/** Keeps all calls of one account and region under AWS's rates: nobody is told to wait who could have known. */
export class Gate {
  readonly #buckets = new Map<BucketName, TokenBucket>()
  readonly #now: () => number

  constructor(now: () => number = steadyNow) {
    this.#now = now
  }

  /** Resolves when the call may be made; rejects when the caller's time is over before. `machines` are those it asks for or ends. */
  async pass(name: CallName, call: Call, machines = 0): Promise<void> {
    const { bucket, isFirst }: CallFacts = calls[name]
    const urgency = isFirst === true ? 'first' : 'usual'
    try {
      await this.#bucket(bucket).take(call, 1, urgency)
      const second = machinesBucket[name]
      if (second !== undefined) await this.#bucket(second).take(call, machines, urgency)
    } catch (cause) {
      // Certain, unlike an answer that did not come: AWS has heard nothing.
      throw new CloudError('throttled', `${name}: too many requests to AWS are waiting; it is tried again`, {
        cause,
      })
    }
  }

  /** AWS says that a bucket is empty: somebody else in the account takes from it too. */
  told(name: CallName): void {
    this.#bucket(calls[name].bucket).drain()
  }

  #bucket(name: BucketName): TokenBucket {
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    const made = new TokenBucket(allRates[name], this.#now)
    this.#buckets.set(name, made)
    return made
  }
}

const machinesBucket: Partial<Record<CallName, BucketName>> = {
  RunInstances: 'run-machines',
  TerminateInstances: 'terminate-machines',
}

const allRates: Readonly<Record<BucketName, Rate>> = {
  ...rates,
  'run-machines': runMachines,
  'terminate-machines': terminateMachines,
}
