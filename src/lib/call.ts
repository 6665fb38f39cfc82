/** What every operation that waits takes last: the signal that stops it. A deadline is a signal too. */
export interface Call {
  readonly signal: AbortSignal
}

/** The same call, with `ms` milliseconds at most. */
export function within(call: Call, ms: number): Call {
  return { signal: AbortSignal.any([call.signal, AbortSignal.timeout(ms)]) }
}
