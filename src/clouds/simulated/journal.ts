import { appendFileSync, closeSync, openSync, readSync, statSync } from 'node:fs'
import type { ClusterKey, ClusterUid, MachineId } from '../../model/names.ts'
import type { SimulatedMachine } from './world.ts'

/** One thing that happened in a simulated world. A journal of them is the world: replayed, it is there again. */
export type Mark = { readonly at: number } & (
  | { readonly kind: 'launched'; readonly token: string; readonly machines: readonly SimulatedMachine[] }
  /** Answered with these, and never made. */
  | { readonly kind: 'forgotten'; readonly token: string; readonly machines: readonly MachineId[] }
  /** `goneAt`: when they are gone for good, where that is not the world's usual time. */
  | { readonly kind: 'ended'; readonly machines: readonly MachineId[]; readonly goneAt?: number }
  | {
      readonly kind: 'reserved'
      readonly uid: ClusterUid
      readonly key: ClusterKey
      readonly installation: string
    }
  | { readonly kind: 'released'; readonly uid: ClusterUid }
  | ({ readonly kind: 'asked' } & Asked)
)

/** A call that would change something, noted as it begins: nothing in the world follows from it. */
export interface Asked {
  readonly call: 'launch' | 'terminate' | 'reserve' | 'release' | 'drain' | 'close'
  /** The process that asked. */
  readonly by: number
  readonly token?: string
  readonly machines?: readonly MachineId[]
  readonly uid?: ClusterUid
}

/** One world's way to its journal. */
export interface Journal {
  /** What has happened since this was last asked, whoever wrote it. */
  news(): readonly Mark[]
  write(mark: Mark): void
}

/** A world that ends with its process. */
export function memoryJournal(): Journal {
  const marks: Mark[] = []
  return { news: () => marks.splice(0), write: mark => void marks.push(mark) }
}

/**
 * A world that outlives its process, one JSON text a line. Written at once: a killed operator finds its machines again.
 * Several processes may share the file: an `ended` that another one writes is a machine that somebody else ended.
 */
export function fileJournal(file: string): Journal {
  let bytesRead = 0
  return {
    news() {
      const length = (statSync(file, { throwIfNoEntry: false })?.size ?? 0) - bytesRead
      if (length <= 0) return []
      const whole = wholeLines(bytesAt(file, bytesRead, length))
      bytesRead += Buffer.byteLength(whole)
      return whole.split('\n').filter(Boolean).map(read)
    },
    write: mark => appendFileSync(file, `${JSON.stringify(mark)}\n`, { mode: 0o600 }),
  }
}

function bytesAt(file: string, position: number, length: number): Buffer {
  const opened = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, readSync(opened, buffer, 0, length, position))
  } finally {
    closeSync(opened)
  }
}

/** Another process may be in the middle of its line. */
const wholeLines = (bytes: Buffer): string => bytes.toString('utf8', 0, bytes.lastIndexOf('\n') + 1)

/** The file is this program's own and nobody else's: its lines are what `write` wrote. */
function read(line: string): Mark {
  const mark: Mark = JSON.parse(line)
  return mark
}
