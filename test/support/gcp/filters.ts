import { invalid } from './failure.ts'
import type { Json } from './world.ts'

type Test = (found: Json) => boolean

interface Reading {
  readonly tokens: string[]
  /** Fields compared by regular expressions: Google takes one such field, and nothing beside it. */
  readonly regexps: Set<string>
  readonly others: Set<string>
}

/** What `filter=` of a list asks for. */
export function filterOf(text: string | null): Test {
  if (text === null || text.trim() === '') return () => true
  const reading = { tokens: tokensOf(text), regexps: new Set<string>(), others: new Set<string>() }
  const test = sequence(reading)
  const isMixed = reading.regexps.size > 1 || (reading.regexps.size === 1 && reading.others.size > 0)
  if (reading.tokens.length > 0 || isMixed) throw unreadable(text)
  return test
}

const unreadable = (text: string) =>
  invalid(`Invalid value for field 'filter': '${text}'. Invalid list filter expression.`)

function tokensOf(text: string): string[] {
  const found = text.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]|!=|<=|>=|[=:<>]|[^\s()=:<>!"']+|\S/g)
  return [...(found ?? [])]
}

/** Whatever stands side by side holds together; OR binds closer than AND. */
function sequence(reading: Reading): Test {
  const parts = [alternatives(reading)]
  while (reading.tokens.length > 0 && reading.tokens[0] !== ')') {
    if (reading.tokens[0] === 'AND') reading.tokens.shift()
    parts.push(alternatives(reading))
  }
  return found => parts.every(part => part(found))
}

function alternatives(reading: Reading): Test {
  const parts = [single(reading)]
  while (reading.tokens[0] === 'OR') {
    reading.tokens.shift()
    parts.push(single(reading))
  }
  return found => parts.some(part => part(found))
}

function single(reading: Reading): Test {
  const { tokens } = reading
  if (tokens[0] === 'NOT') {
    tokens.shift()
    const inner = single(reading)
    return found => !inner(found)
  }
  if (tokens[0] !== '(') return comparison(reading)
  tokens.shift()
  const inner = sequence(reading)
  if (tokens.shift() !== ')') throw unreadable('(')
  return inner
}

function comparison({ tokens, regexps, others }: Reading): Test {
  const [field, operator, raw] = tokens.splice(0, 3)
  const compare = operator === undefined ? undefined : comparisons[operator]
  if (field === undefined || operator === undefined || raw === undefined || compare === undefined)
    throw unreadable([field, operator, raw].join(' '))
  if (operator === 'eq' || operator === 'ne') regexps.add(field)
  else others.add(field)
  const wanted = /^["']/.test(raw) ? raw.slice(1, -1).replaceAll(/\\(.)/g, '$1') : raw
  return found => compare(valuesAt(found, field.split('.')), wanted)
}

const comparisons: Readonly<Record<string, (found: readonly string[], wanted: string) => boolean>> = {
  '=': (found, wanted) => found.includes(wanted),
  '!=': (found, wanted) => !found.includes(wanted),
  ':': (found, wanted) => found.some(each => has(each, wanted)),
  '<': (found, wanted) => found.some(each => order(each, wanted) < 0),
  '>': (found, wanted) => found.some(each => order(each, wanted) > 0),
  '<=': (found, wanted) => found.some(each => order(each, wanted) <= 0),
  '>=': (found, wanted) => found.some(each => order(each, wanted) >= 0),
  eq: (found, wanted) => found.some(each => whole(wanted).test(each)),
  ne: (found, wanted) => !found.some(each => whole(wanted).test(each)),
}

/** `*` is whatever is there, `dask-*` what begins so, and any other word what has it in it. */
const has = (found: string, wanted: string): boolean =>
  wanted.endsWith('*') ? found.startsWith(wanted.slice(0, -1)) : found.includes(wanted)

const order = (found: string, wanted: string): number =>
  [found, wanted].every(each => /^-?\d+(\.\d+)?$/.test(each))
    ? Number(found) - Number(wanted)
    : found.localeCompare(wanted)

function whole(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`)
  } catch {
    throw unreadable(pattern)
  }
}

function valuesAt(found: unknown, path: readonly string[]): readonly string[] {
  if (Array.isArray(found)) return found.flatMap(each => valuesAt(each, path))
  const [first, ...rest] = path
  if (first === undefined)
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
      ? [String(found)]
      : []
  if (typeof found !== 'object' || found === null) return []
  return valuesAt(Object.entries(found).find(([name]) => name === first)?.[1], rest)
}
