import { CloudError, certainty } from '../../model/faults.ts'
import { Stillborn } from './births.ts'

export interface Tried {
  /** How many operations of this token have ended with nothing made. */
  readonly failures: number
  /** It was sent, and what came of it is not known. */
  readonly isUnclear: boolean
}

const untried: Tried = { failures: 0, isUnclear: false }
/** Records are given up after an hour, and a token that nobody sends again is in nobody's way. */
const most = 10_000

/** What this process has sent under each token that has not come to machines. */
export class Tries {
  readonly #tried = new Map<string, Tried>()

  /** Does `send`, which is given what came of the token before. */
  async of<T>(token: string, send: (before: Tried) => Promise<T>): Promise<T> {
    const before = this.#tried.get(token) ?? untried
    this.#note(token, { ...before, isUnclear: true })
    try {
      const made = await send(before)
      this.#tried.delete(token)
      return made
    } catch (error) {
      if (error instanceof Stillborn) this.#note(token, { failures: before.failures + 1, isUnclear: false })
      else if (error instanceof CloudError && certainty[error.fault] === 'refused') this.#note(token, before)
      throw error
    }
  }

  #note(token: string, tried: Tried): void {
    this.#tried.delete(token)
    if (tried !== untried) this.#tried.set(token, tried)
    const [oldest] = this.#tried.keys()
    if (this.#tried.size > most && oldest !== undefined) this.#tried.delete(oldest)
  }
}
