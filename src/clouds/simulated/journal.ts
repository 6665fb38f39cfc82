import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { ClusterUid, MachineId } from '../../model/names.ts'
import type { SimulatedMachine } from './world.ts'

/** One thing that happened in a simulated world. A journal of them is the world: replayed, it is there again. */
export type Mark = { readonly at: number } & (
  | { readonly kind: 'launched'; readonly token: string; readonly machines: readonly SimulatedMachine[] }
  | { readonly kind: 'ended'; readonly machines: readonly MachineId[] }
  | { readonly kind: 'reserved'; readonly uid: ClusterUid }
  | { readonly kind: 'released'; readonly uid: ClusterUid }
)

export interface Journal {
  marks(): readonly Mark[]
  write(mark: Mark): void
}

/** A world that ends with its process. */
export function memoryJournal(): Journal {
  const marks: Mark[] = []
  return { marks: () => marks, write: mark => void marks.push(mark) }
}

/** A world that outlives its process, one JSON text a line. Written at once: a killed operator finds its machines again. */
export function fileJournal(file: string): Journal {
  return {
    marks: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(read) : []),
    write: mark => appendFileSync(file, `${JSON.stringify(mark)}\n`, { mode: 0o600 }),
  }
}

/** The file is this program's own and nobody else's: its lines are what `write` wrote. */
function read(line: string): Mark {
  const mark: Mark = JSON.parse(line)
  return mark
}
