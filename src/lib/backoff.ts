export interface Backoff {
  readonly firstMs: number
  readonly capMs: number
}

/** The wait after the `attempt`-th failure in a row (1 = the first): doubling, capped, and the same every time. */
export function backoffMs({ firstMs, capMs }: Backoff, attempt: number): number {
  return Math.min(capMs, firstMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 30))
}

/** Spreads a wait over ±`share` of itself, so that many who failed together do not come back together. */
export function jittered(ms: number, share: number, random: () => number): number {
  return Math.round(ms * (1 - share + 2 * share * random()))
}
