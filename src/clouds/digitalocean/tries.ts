import { SingleFlight } from '../../lib/single-flight.ts'
import { CloudError, certainty } from '../../model/faults.ts'

/** What was taken and not answered shows in lists within this time: only then it is asked for again. */
const settleMs = 60_000
/** Records are given up after an hour, and a token that nobody sends again is in nobody's way. */
const most = 10_000

/**
 * What this process has sent under each token, and what came of it is not known. DigitalOcean knows no token: a request that
 * is sent twice makes droplets twice.
 */
export class Tries {
  readonly #now: () => number
  readonly #unclear = new Map<string, number>()
  readonly #flights = new Map<string, SingleFlight<unknown>>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** One at a time for a token; who comes meanwhile gets the same answer. */
  async single<T>(token: string, work: () => Promise<T>): Promise<T> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a token's work has one kind of answer
    const flight = (this.#flights.get(token) ?? new SingleFlight<T>()) as SingleFlight<T>
    this.#flights.set(token, flight)
    try {
      return await flight.run(work)
    } finally {
      if (this.#flights.get(token) === flight) this.#flights.delete(token)
    }
  }

  /** Throws while nobody can know whether the last try has made anything. */
  requireClear(token: string): void {
    const since = this.#unclear.get(token)
    if (since === undefined || this.#now() - since >= settleMs) return
    throw new CloudError(
      'lost',
      'droplets.create: nobody knows yet whether DigitalOcean has taken it: it is asked for again once lists have had a minute to show it',
    )
  }

  /** Sends, and notes where what came of it is unclear. */
  async send<T>(token: string, make: () => Promise<T>): Promise<T> {
    this.#note(token)
    try {
      const made = await make()
      this.#unclear.delete(token)
      return made
    } catch (error) {
      if (error instanceof CloudError && certainty[error.fault] === 'refused') this.#unclear.delete(token)
      else this.#note(token)
      throw error
    }
  }

  #note(token: string): void {
    this.#unclear.delete(token)
    this.#unclear.set(token, this.#now())
    const [oldest] = this.#unclear.keys()
    if (this.#unclear.size > most && oldest !== undefined) this.#unclear.delete(oldest)
  }
}
