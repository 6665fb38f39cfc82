import type { Call } from '../../lib/call.ts'
import { ParseError } from '../../lib/parse.ts'
import { CloudError, type Fault } from '../../model/faults.ts'

interface Meaning {
  readonly fault: Fault
  readonly message: string
}

const noRight = { fault: 'unauthorized', message: 'the operator may not write its state directory' } as const
const noSpace = { fault: 'quota', message: 'there is no space left for another machine' } as const
const noRoom = {
  fault: 'no-capacity',
  message: 'this computer has no room for another process or open file',
} as const
const noDisk = { fault: 'unavailable', message: 'the disk of the state directory does not answer' } as const

/** What the operating system's words mean for a cloud that is made of its files and processes. */
const meanings: Readonly<Record<string, Meaning>> = {
  EACCES: noRight,
  EPERM: noRight,
  EROFS: noRight,
  ENOSPC: noSpace,
  EDQUOT: noSpace,
  EMFILE: noRoom,
  ENFILE: noRoom,
  EAGAIN: noRoom,
  ENOMEM: noRoom,
  EIO: noDisk,
  ESTALE: noDisk,
  ENOTCONN: noDisk,
}

/** Does the work unless the call has ended; whatever it throws comes out as a CloudError. */
export async function guarded<T>(call: Call, work: () => Promise<T>): Promise<T> {
  try {
    call.signal.throwIfAborted()
    return await work()
  } catch (error) {
    throw toCloudError(error, call)
  }
}

export function toCloudError(error: unknown, { signal }: Call): CloudError {
  if (error instanceof CloudError) return error
  if (signal.aborted) return new CloudError('timeout', 'The local cloud was stopped', { cause: error })
  if (error instanceof ParseError) return new CloudError('invalid', error.message, { cause: error })
  const meaning = meanings[codeOf(error) ?? '']
  if (meaning !== undefined)
    return new CloudError(meaning.fault, `On this computer ${meaning.message}`, { cause: error })
  return new CloudError('bug', 'The local cloud failed in a way it has no word for', { cause: error })
}

/** The operating system's word for what went wrong (`ENOENT`), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The value, or undefined where a file or folder of it is not there. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
