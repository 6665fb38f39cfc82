import { once } from 'node:events'

import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import type { SchedulerConnection } from './connection.ts'
import { broadcastIdentity } from './scheduler.ts'

/** An answer comes within milliseconds; a scheduler tries a worker that it cannot reach for half a minute. */
const answerMs = 3_000
/** How long a look waits for a proof under way before it goes on without. */
const patienceMs = 1_000
const againMs = 5_000
/** One worker that cannot be reached holds up the answer of its whole batch. */
const batch = 64
const singlesAtOnce = 4
const singlesPerRound = 16

export interface Opener {
  (call: Call): Promise<SchedulerConnection>
}

/**
 * Which workers of one scheduler process have answered a question themselves. Each is asked until it has, first
 * together with others and then alone, on connections that no poll waits for.
 */
export class WorkerProof {
  readonly #open: Opener
  readonly #now: () => number
  readonly #proven = new Set<string>()
  /** When workers that did not answer were last asked. */
  readonly #doubted = new Map<string, number>()
  #scheduler = ''
  #round: Promise<void> | undefined

  constructor(open: Opener, now: () => number) {
    this.#open = open
    this.#now = now
  }

  isProven(address: string): boolean {
    return this.#proven.has(address)
  }

  /** Asks those of `addresses` that are due, and waits a moment for their answers. Rejects only with the signal's reason. */
  async examine(scheduler: string, addresses: readonly string[], call: Call): Promise<void> {
    this.#forgetOthers(scheduler, new Set(addresses))
    const fresh = addresses.filter(address => !this.#proven.has(address) && !this.#doubted.has(address))
    const due = [...this.#doubted].filter(([, at]) => this.#now() - at >= againMs).map(([address]) => address)
    if (this.#round === undefined && fresh.length + due.length > 0) {
      this.#round = this.#ask(fresh, due.slice(0, singlesPerRound), call).finally(() => {
        this.#round = undefined
      })
    }
    if (this.#round === undefined) return
    const round = this.#round
    await limited(patienceMs, call, ({ signal }) => Promise.race([round, once(signal, 'abort')]))
    call.signal.throwIfAborted()
  }

  async #ask(fresh: readonly string[], due: readonly string[], call: Call): Promise<void> {
    const together = Array.from({ length: Math.ceil(fresh.length / batch) }, (_, index) =>
      fresh.slice(index * batch, (index + 1) * batch),
    )
    await this.#askAll([...together, ...due.map(address => [address])].values(), call)
  }

  async #askAll(questions: Iterator<readonly string[]>, call: Call): Promise<void> {
    const asker = async (): Promise<void> => {
      for (let next = questions.next(); !next.done; next = questions.next())
        await this.#askOnce(next.value, call)
    }
    await Promise.all(Array.from({ length: singlesAtOnce }, asker))
  }

  /** Whatever goes wrong, the workers asked are in doubt: the polls see what is wrong with the scheduler. */
  async #askOnce(addresses: readonly string[], call: Call): Promise<void> {
    const scheduler = this.#scheduler
    const answered = await limited(answerMs, call, inTime => this.#answers(addresses, inTime)).catch(
      () => new Set<string>(),
    )
    if (scheduler !== this.#scheduler) return
    const isAlone = addresses.length === 1
    for (const address of addresses) {
      if (answered.has(address)) this.#proven.add(address)
      // In company, another's silence may have been the reason: due again at once, alone.
      if (answered.has(address)) this.#doubted.delete(address)
      else this.#doubted.set(address, isAlone ? this.#now() : -Infinity)
    }
  }

  async #answers(addresses: readonly string[], call: Call): Promise<ReadonlySet<string>> {
    using connection = await this.#open(call)
    return await broadcastIdentity(connection, addresses, call)
  }

  #forgetOthers(scheduler: string, present: ReadonlySet<string>): void {
    const isAnother = scheduler !== this.#scheduler
    this.#scheduler = scheduler
    for (const known of [this.#proven, this.#doubted])
      for (const address of known.keys()) if (isAnother || !present.has(address)) known.delete(address)
  }
}
