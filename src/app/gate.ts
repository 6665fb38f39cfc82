import type { Cloud } from '../clouds/contract.ts'
import { CloudError } from '../model/faults.ts'
import { veiled } from './veil.ts'
import { type CloudCall, wrapped } from './wrapped.ts'

/** Credentials that were refused are tried again so often, and whatever else they were refused with them. */
const againMs = 60_000

interface Refusal {
  readonly at: number
  readonly error: CloudError
}

/**
 * What stands before a cloud and knows which calls its credentials were refused: those fail at once for a minute. Who
 * may not even list may do nothing, so that then the list alone is tried, once a minute; and whose credentials the cloud
 * does not know is not even let to the list: then the proof alone is tried, as often as `keepProved` does.
 */
export class Gate {
  readonly #now: () => number
  readonly #values: Readonly<Record<string, string>>
  readonly #onTurn: () => void
  readonly #refusals = new Map<CloudCall, Refusal>()
  readonly #under = new Set<Promise<unknown>>()

  /** `onTurn` is told when the credentials become of no use at all, or of use again. */
  constructor(now: () => number, values: Readonly<Record<string, string>>, onTurn: () => void) {
    this.#now = now
    this.#values = values
    this.#onTurn = onTurn
  }

  /** Whether any call was refused the last time. */
  get isDoubted(): boolean {
    return this.#refusals.size > 0
  }

  /** Why the credentials are of no use at all; undefined where they are, or where nobody knows. */
  get refusal(): string | undefined {
    return (this.#refusals.get('prove') ?? this.#refusals.get('list'))?.error.message
  }

  /** Whether the last list was refused, by what was not even the credentials. */
  get isListRefused(): boolean {
    return this.#refusals.has('list') && !this.#refusals.has('prove')
  }

  /** Resolves when no call is under way. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#under)
  }

  async through<T>(name: CloudCall, work: () => Promise<T>): Promise<T> {
    const refused = this.#refusedNow(name)
    if (refused !== undefined) throw refused
    const running = work()
    this.#under.add(running)
    try {
      const done = await running
      if (this.#refusals.delete(name) && isAll(name)) this.#onTurn()
      return done
    } catch (cause) {
      const error = veiled(cause, this.#values)
      if (error instanceof CloudError && error.fault === 'unauthorized') this.#refuse(name, error)
      throw error
    } finally {
      this.#under.delete(running)
    }
  }

  #refuse(name: CloudCall, error: CloudError): void {
    const isNews = !this.#refusals.has(name)
    this.#refusals.set(name, { at: this.#now(), error })
    if (isNews && isAll(name)) this.#onTurn()
  }

  #refusedNow(name: CloudCall): CloudError | undefined {
    const proof = this.#refusals.get('prove')
    if (proof !== undefined) return name === 'prove' ? undefined : proof.error
    const all = this.#refusals.get('list')
    if (all !== undefined && name !== 'list') return all.error
    const own = this.#refusals.get(name)
    return own !== undefined && this.#now() - own.at < againMs ? own.error : undefined
  }
}

const isAll = (name: CloudCall): boolean => name === 'list' || name === 'prove'

/** The same cloud behind a gate. */
export const gated = (cloud: Cloud, gate: Gate): Cloud => ({
  ...wrapped(cloud, (name, call, work) => gate.through(name, () => work(call))),
  async close() {
    await gate.quiet()
    await cloud.close()
  },
})
