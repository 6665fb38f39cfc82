const rememberMs = 180_000

/** What a cloud had no machines of lately, by size, zone and kind: all clusters of an account learn it from one. */
export class NoCapacity {
  readonly #until = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  note(kind: string): void {
    this.#until.set(kind, this.#now() + rememberMs)
  }

  /** Those that may have machines first and in their order, the others behind them, the one that was refused longest ago first. */
  order<T>(offerings: readonly T[], kindOf: (offering: T) => string): readonly T[] {
    const until = (offering: T): number => this.#out(kindOf(offering))
    return offerings.toSorted((a, b) => until(a) - until(b))
  }

  #out(kind: string): number {
    const until = this.#until.get(kind) ?? 0
    if (until > this.#now()) return until
    this.#until.delete(kind)
    return 0
  }
}
