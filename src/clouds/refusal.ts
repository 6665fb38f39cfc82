import { CloudError } from '../model/faults.ts'

/** Whether credentials were refused when they were last used: then they are tried with a single call. */
export class Refusal {
  #isOn = false

  get isOn(): boolean {
    return this.#isOn
  }

  /** The same, and known from then on. */
  async heed<T>(asked: Promise<T>): Promise<T> {
    try {
      const answer = await asked
      this.#isOn = false
      return answer
    } catch (error) {
      this.#isOn = error instanceof CloudError && error.fault === 'unauthorized'
      throw error
    }
  }
}
