import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seeded } from './random.ts'

/** What befalls an operator at the points that it passes. It is kept in files, so that it goes on from one process to the next. */
export interface Fate {
  readonly directory: string
  /** SIGKILL ends the process at a point, SIGSTOP freezes it there. */
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  /** So often at every point; 0 only notes them. */
  readonly times: number
  /** At points that begin with one of these; at all unless given. */
  readonly only?: readonly string[]
  /** Points that change something are other ones in every phase of the story. */
  readonly byPhase?: boolean
  /** At any passing with this chance, and so often at most, instead of at every point. */
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

  /** `hands.enrol before`, or `create: hands.enrol before`: each once, in the order they were first passed. */
  get points(): readonly string[] {
    return [...new Set(linesOf(join(this.fate.directory, 'points')))]
  }

  /** One entry a kill or freeze. */
  get strokes(): readonly string[] {
    return linesOf(join(this.fate.directory, 'strokes'))
  }
}

/** The operator's side: called at every point. */
export function fateful(fate: Fate): (point: string) => void {
  const { directory, signal, only = [''] } = fate
  const files = { points: join(directory, 'points'), strokes: join(directory, 'strokes') }
  const known = new Set(linesOf(files.points))
  const strokes = linesOf(files.strokes)
  const isDue = dueOf(fate, strokes)
  return point => {
    if (!only.some(each => point.startsWith(each))) return
    const name = nameOf(point, fate)
    if (!known.has(name)) appendFileSync(files.points, `${name}\n`)
    known.add(name)
    if (!isDue(name)) return
    strokes.push(name)
    appendFileSync(files.strokes, `${name}\n`)
    process.kill(process.pid, signal)
  }
}

function dueOf({ times, chance }: Fate, strokes: readonly string[]): (name: string) => boolean {
  if (chance === undefined) return name => strokes.filter(each => each === name).length < times
  const random = seeded(chance.seed + strokes.length)
  return () => strokes.length < chance.most && random.chance(chance.share)
}

function nameOf(point: string, { byPhase = false, directory }: Fate): string {
  return byPhase && changes.test(point)
    ? `${readFileSync(join(directory, 'phase'), 'utf8')}: ${point}`
    : point
}

const changes =
  /^(hands\.(?!confirm|prepare|publish)|cloud\.(?!list)|(PATCH|POST|PUT|DELETE) (?!status|event))/

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
