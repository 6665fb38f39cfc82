import type { Call } from './call.ts'

/**
 * Does `work` in `ms` milliseconds at most. Unlike a signal that is made and forgotten it leaves neither a timer nor a
 * listener behind, which a thousand polls a second would. `also` is another signal that stops it.
 */
export async function limited<T>(
  ms: number,
  { signal }: Call,
  work: (call: Call) => Promise<T>,
  also?: AbortSignal,
): Promise<T> {
  const controller = new AbortController()
  const stop = (): void => controller.abort(signal.aborted ? signal.reason : also?.reason)
  const timer = setTimeout(() => controller.abort(new DOMException('out of time', 'TimeoutError')), ms)
  signal.addEventListener('abort', stop, { once: true })
  also?.addEventListener('abort', stop, { once: true })
  if (signal.aborted || also?.aborted === true) stop()
  try {
    return await work({ signal: controller.signal })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    also?.removeEventListener('abort', stop)
  }
}
