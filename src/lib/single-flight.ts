/** Joins callers: while one call is under way, whoever asks gets the same answer. */
export class SingleFlight<T> {
  #flight: Promise<T> | undefined

  run(work: () => Promise<T>): Promise<T> {
    this.#flight ??= work().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }
}
