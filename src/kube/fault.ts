import { isRecord } from '../lib/parse.ts'

/**
 * Reasons of our own, for requests that nobody answered or whose answer cannot be read. `Returned` is a watch of an API server
 * that was away and answers again: whether that watch would ever have said anything, nobody knows.
 */
export type OwnReason =
  | 'Stopped'
  | 'Returned'
  | 'Timeout'
  | 'Unreachable'
  | 'Unreadable'
  | 'TooLarge'
  | 'Configuration'

/**
 * A request to the API server that failed. `status` is HTTP's, or 0 where nobody answered; `reason` is one of our own
 * then, and else the API server's (`NotFound`, `Conflict`, `AlreadyExists`, `Expired` ...).
 */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly status: number
  readonly reason: string
  /** How long the API server asks to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(
    { status, reason, retryAfterMs }: { status: number; reason: string; retryAfterMs?: number | undefined },
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.status = status
    this.reason = reason
    this.retryAfterMs = retryAfterMs
  }
}

export const noAnswer = (reason: OwnReason, message: string, cause?: unknown): KubeError =>
  new KubeError({ status: 0, reason }, message, { cause })

export const isKubeError = (error: unknown, ...statuses: readonly number[]): error is KubeError =>
  error instanceof KubeError && (statuses.length === 0 || statuses.includes(error.status))

/** Only the API server's own words, which hold no secret. */
export const reasonIn = (error: unknown): string =>
  error instanceof Error ? error.message : 'no reason was given'

/** Whether a write that failed so has certainly changed nothing. Otherwise only a live look can tell. */
export const wasRefused = (error: unknown): boolean =>
  error instanceof KubeError && error.status >= 400 && error.status < 500

/**
 * What the API server said, as an error. `body` is a Status object, or whatever else stood between us and it;
 * `retryAfter` and `date` are the answer's headers.
 */
export function refusal(
  status: number,
  body: unknown,
  retryAfter: string | undefined,
  date?: string,
): KubeError {
  const said = isRecord(body) ? body : {}
  const details = isRecord(said['details']) ? said['details'] : {}
  const reason =
    typeof said['reason'] === 'string' && said['reason'] !== '' ? said['reason'] : `HTTP${status}`
  const message = typeof said['message'] === 'string' ? said['message'] : `the API server answered ${status}`
  const asked = retryAfter ?? details['retryAfterSeconds']
  return new KubeError({ status, reason, retryAfterMs: pauseMs(asked, date) }, message)
}

/** Seconds, or an HTTP date, which is compared with the clock it was written by. */
function pauseMs(asked: unknown, date: string | undefined): number | undefined {
  if (typeof asked !== 'string' && typeof asked !== 'number') return undefined
  const seconds = asked === '' ? Number.NaN : Number(asked)
  const now = Date.parse(date ?? '') || Date.now()
  const ms =
    typeof asked === 'string' && Number.isNaN(seconds)
      ? Math.max(0, Date.parse(asked) - now)
      : seconds * 1_000
  return ms >= 0 && ms < 86_400_000 ? ms : undefined
}
