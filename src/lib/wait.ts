import type { Call } from './call.ts'

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
export function wait(ms: number, { signal }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(reasonOf(signal))
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', stopped, { once: true })
    function done(): void {
      signal.removeEventListener('abort', stopped)
      resolve()
    }
    function stopped(): void {
      clearTimeout(timer)
      reject(reasonOf(signal))
    }
  })
}

/** Asks `ready` every `everyMs` until it gives something other than undefined. The signal is the deadline. */
export async function poll<T>(
  ready: () => T | undefined | Promise<T | undefined>,
  everyMs: number,
  call: Call,
): Promise<T> {
  for (;;) {
    const found = await ready()
    if (found !== undefined) return found
    await wait(everyMs, call)
  }
}

/** Calls `work` every `ms` milliseconds until disposed; never keeps the process alive by itself. */
export function every(ms: number, work: () => void): Disposable {
  const timer = setInterval(work, ms)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('stopped', { cause: signal.reason })
}
