import { isKubeError } from './fault.ts'
import type { KubeRequest } from './transport.ts'

const mostAttempts = 5
const mostReconnects = 2
const reconnectMs = 100
/** A pause is made longer by up to a half of itself, and by up to this where it is short. */
const leastSpreadMs = 200

/**
 * How long to wait before a request is sent again, or undefined where it is not. What the API server holds back with 429 was
 * not begun, so that any request may come again; after anything else only reads may, since only the caller knows
 * what a write has changed. Nobody comes back before the time, nor all at once.
 */
export function pauseAfter(
  error: unknown,
  { method }: Pick<KubeRequest, 'method'>,
  attempt: number,
  random: () => number,
): number | undefined {
  if (!isKubeError(error)) return undefined
  const isRead = method === 'GET'
  // A connection that was closed while we wrote to it.
  if (error.reason === 'Unreachable') return isRead && attempt <= mostReconnects ? reconnectMs : undefined
  const { status, retryAfterMs } = error
  const isHeldBack = status === 429 || (isRead && status >= 500)
  if (!isHeldBack || retryAfterMs === undefined || attempt >= mostAttempts) return undefined
  return retryAfterMs + random() * Math.max(leastSpreadMs, retryAfterMs / 2)
}
