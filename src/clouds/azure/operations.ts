import type { Call } from '../../lib/call.ts'
import { limited } from '../../lib/deadline.ts'
import { CloudError } from '../../model/faults.ts'
import type { CallName } from './calls.ts'
import { operationFault, translated } from './faults.ts'
import { saidBy } from './said.ts'
import type { AzureSession, Options } from './session.ts'

/** What the SDK makes of an operation that takes long. It is a promise, too: nothing may await it by mistake. */
interface Poller<T> {
  submitted(): Promise<void>
  pollUntilDone(options?: { abortSignal?: AbortSignal }): Promise<T>
}

/** How often an operation is looked at where Azure does not say: where it does (`Retry-After`), its word counts. */
const lookEveryMs = 2_000
/** A change of a network takes seconds, rarely a minute. */
const changeMs = 110_000

export interface Pace extends Options {
  readonly updateIntervalInMs: number
}

/** Azure has ended it, and says why: what it was to make may be there in pieces. */
export class OperationFailed extends CloudError {}

/** An operation that Azure has taken; in a box, or a promise of it would wait for its end. */
export interface Taken<T> {
  /** Its result when it is done; undefined where it goes on after `ms`. Throws OperationFailed where it failed. */
  readonly settled: (ms: number, call: Call) => Promise<{ readonly result: T } | undefined>
}

/** Asks for a change and returns when Azure has taken it. */
export async function taken<T>(
  session: AzureSession,
  name: CallName,
  begin: (pace: Pace) => Poller<T>,
  call: Call,
): Promise<Taken<T>> {
  // Its signal must outlive the first answer: the SDK looks at the operation with the one that it began with.
  const life = new AbortController()
  const pace = { abortSignal: life.signal, updateIntervalInMs: lookEveryMs }
  const { poller } = await session.make(name, call, async ({ abortSignal }) => {
    const stop = (): void => life.abort(abortSignal.reason)
    if (abortSignal.aborted) stop()
    abortSignal.addEventListener('abort', stop, { once: true })
    const begun = begin(pace)
    await begun.submitted().finally(() => abortSignal.removeEventListener('abort', stop))
    return { poller: begun }
  })
  const end = (abortSignal: AbortSignal): Promise<T> =>
    poller.pollUntilDone({ abortSignal }).catch((error: unknown) => {
      throw failure(error, name)
    })
  return { settled: (ms, wait) => settled(session, end, ms, wait) }
}

function settled<T>(
  session: AzureSession,
  end: (signal: AbortSignal) => Promise<T>,
  ms: number,
  call: Call,
): Promise<{ readonly result: T } | undefined> {
  return limited(ms, call, async limit => {
    try {
      return {
        result: await session.make(
          'operations.get',
          limit,
          ({ abortSignal }) => end(abortSignal),
          ms + graceMs,
        ),
      }
    } catch (error) {
      if (limit.signal.aborted && !call.signal.aborted) return undefined
      throw error
    }
  })
}

/** So that the wait's own end comes first. */
const graceMs = 1_000

/** Asks for a change and waits until it is made. A CloudError where it was refused, failed, or takes too long. */
export async function changed<T>(
  session: AzureSession,
  name: CallName,
  begin: (pace: Pace) => Poller<T>,
  call: Call,
): Promise<T> {
  const { settled: until } = await taken(session, name, begin, call)
  const made = await until(changeMs, call)
  if (made === undefined) throw new CloudError('timeout', `${name}: Azure has not carried it out in time`)
  return made.result
}

/** What the SDK makes of an operation that ended so has no status; everything else did not come to an answer. */
function failure(error: unknown, name: string): CloudError {
  const said = saidBy(error)
  if (said.status !== undefined || said.code === '') return translated(error, 'operations.get')
  const { fault, message } = operationFault(said, name)
  return new OperationFailed(fault, message, { cause: said })
}
