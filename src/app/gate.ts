import type { Cloud } from '../clouds/contract.ts'
import { CloudError } from '../model/faults.ts'
import { veiled } from './veil.ts'
import { wrapped } from './wrapped.ts'

/** Credentials that were refused are tried again so often, and whatever else they were refused with them. */
const againMs = 60_000

interface Refusal {
  readonly at: number
  readonly error: CloudError
}

/**
 * What stands before a cloud and knows which calls its credentials were refused: those fail at once for a minute. Who
 * may not even list may do nothing, so that then the list alone is tried, once a minute.
 */
export class Gate {
  readonly #now: () => number
  readonly #values: Readonly<Record<string, string>>
  readonly #onTurn: () => void
  readonly #refusals = new Map<string, Refusal>()
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
    return this.#refusals.get('list')?.error.message
  }

  /** Resolves when no call is under way. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#under)
  }

  async through<T>(name: string, work: () => Promise<T>): Promise<T> {
    const refused = this.#refusedNow(name)
    if (refused !== undefined) throw refused
    const running = work()
    this.#under.add(running)
    try {
      const done = await running
      if (this.#refusals.delete(name) && name === 'list') this.#onTurn()
      return done
    } catch (cause) {
      const error = veiled(cause, this.#values)
      if (error instanceof CloudError && error.fault === 'unauthorized') this.#refuse(name, error)
      throw error
    } finally {
      this.#under.delete(running)
    }
  }

  #refuse(name: string, error: CloudError): void {
    const isNews = !this.#refusals.has(name)
    this.#refusals.set(name, { at: this.#now(), error })
    if (isNews && name === 'list') this.#onTurn()
  }

  #refusedNow(name: string): CloudError | undefined {
    const all = this.#refusals.get('list')
    if (all !== undefined && name !== 'list') return all.error
    const own = this.#refusals.get(name)
    return own !== undefined && this.#now() - own.at < againMs ? own.error : undefined
  }
}

/** The same cloud behind a gate. */
export const gated = (cloud: Cloud, gate: Gate): Cloud => ({
  ...wrapped(cloud, (name, call, work) => gate.through(name, () => work(call))),
  async close() {
    await gate.quiet()
    await cloud.close()
  },
})
