import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seeded } from './random.ts'

/** What befalls an operator at the points that it passes. It is kept in files, so that it goes on from one process to the next. */
export interface Fate {
  readonly directory: string
  /** SIGKILL ends the process at a point, SIGSTOP freezes it there. */
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  /** So often at every point of every phase; 0 only notes the points. */
  readonly times: number
  /** At these alone, named without their phase; everywhere unless given. */
  readonly only?: readonly string[]
  /** At any passing with this chance, instead of so often; another seed gives other passings. */
  readonly chance?: { readonly share: number; readonly seed: number; readonly most: number }
}

export const fateVariable = 'TEST_OPERATOR_FATE'

/** The test's side: says which phase of its story has come, and reads what has happened. */
export class FateBook {
  readonly fate: Fate

  constructor(fate: Fate) {
    this.fate = fate
    mkdirSync(fate.directory, { recursive: true })
    this.begin('start')
  }

  begin(phase: string): void {
    writeFileSync(join(this.fate.directory, 'phase'), phase)
  }

  /** `create: hands.enrol before`, each once, in the order they were first passed. */
  get points(): readonly string[] {
    return [...new Set(linesOf(join(this.fate.directory, 'points')))]
  }

  /** One entry a kill or freeze. */
  get strokes(): readonly string[] {
    return linesOf(join(this.fate.directory, 'strokes'))
  }
}

/** The operator's side: called at every point. */
export function fateful({ directory, signal, times, only, chance }: Fate): (point: string) => void {
  const files = { points: join(directory, 'points'), strokes: join(directory, 'strokes') }
  const known = new Set(linesOf(files.points))
  const strokes = linesOf(files.strokes)
  const random = seeded((chance?.seed ?? 0) + strokes.length)
  const isDue = (point: string, name: string): boolean => {
    if (only !== undefined && !only.includes(point)) return false
    if (chance !== undefined) return strokes.length < chance.most && random.chance(chance.share)
    return strokes.filter(each => each === name).length < times
  }
  return point => {
    const name = `${readFileSync(join(directory, 'phase'), 'utf8')}: ${point}`
    if (!known.has(name)) appendFileSync(files.points, `${name}\n`)
    known.add(name)
    if (!isDue(point, name)) return
    strokes.push(name)
    appendFileSync(files.strokes, `${name}\n`)
    process.kill(process.pid, signal)
  }
}

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
