import { backoffMs } from '../lib/backoff.ts'

/** How often a scheduler is asked, in milliseconds. */
export interface Pace {
  /** While it answers. */
  readonly pollMs: number
  /** While it is expected to answer any moment. */
  readonly eagerMs: number
  /** For so long after it was first asked, or last answered. */
  readonly eagerForMs: number
  /** At most, however long it has been silent. */
  readonly silentMs: number
}

export const usualPace: Pace = { pollMs: 1_000, eagerMs: 250, eagerForMs: 60_000, silentMs: 5_000 }

/** How often a scheduler is asked whether anybody uses it, where it matters, in milliseconds. */
export const usualIdlePollMs = 5_000

/** `failures` in a row; `quietMs` since it was first asked or last answered. */
export function restMs(pace: Pace, failures: number, quietMs: number): number {
  if (failures === 0) return pace.pollMs
  if (quietMs < pace.eagerForMs) return pace.eagerMs
  const beyond = Math.ceil((quietMs - pace.eagerForMs) / pace.silentMs)
  return backoffMs({ firstMs: pace.eagerMs, capMs: pace.silentMs }, Math.max(1, beyond))
}
