import { isRecord } from '../../../src/lib/parse.ts'
import { invalid } from './failure.ts'

/** What is asked for, by name; an empty one asks for all that is under it. */
export type Mask = ReadonlyMap<string, Mask>

/** `items.*.instances(name,zone),nextPageToken`, with dots or with slashes. */
export function maskOf(text: string): Mask {
  const tokens = text.match(/[(),/.]|[^(),/.\s]+/g) ?? []
  const mask = group([...tokens])
  if (mask.size === 0) throw invalid(`Invalid field selection ${text}`)
  return mask
}

function group(tokens: string[]): Mask {
  const mask = new Map<string, Mask>()
  for (;;) {
    const [name, own] = path(tokens)
    mask.set(name, merged(mask.get(name), own))
    if (tokens[0] !== ',') return mask
    tokens.shift()
  }
}

function path(tokens: string[]): readonly [string, Mask] {
  const name = tokens.shift()
  if (name === undefined || /^[(),/.]$/.test(name)) throw invalid(`Invalid field selection ${name ?? ''}`)
  return [name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), under(tokens)]
}

function under(tokens: string[]): Mask {
  if (tokens[0] === '/' || tokens[0] === '.') {
    tokens.shift()
    return new Map([path(tokens)])
  }
  if (tokens[0] !== '(') return new Map()
  tokens.shift()
  const inner = group(tokens)
  if (tokens.shift() !== ')') throw invalid('Invalid field selection (')
  return inner
}

function merged(known: Mask | undefined, own: Mask): Mask {
  if (known === undefined) return own
  if (known.size === 0 || own.size === 0) return new Map()
  const names = [...new Set([...known.keys(), ...own.keys()])]
  return new Map(
    names.map(name => [name, merged(known.get(name), own.get(name) ?? known.get(name) ?? new Map())]),
  )
}

/** What is left of an answer. */
export function masked(found: unknown, mask: Mask): unknown {
  if (mask.size === 0) return found
  if (Array.isArray(found)) return found.map(each => masked(each, mask))
  if (!isRecord(found)) return found
  const kept = Object.entries(found).flatMap(([name, value]) => {
    const own = mask.get(name) ?? mask.get('*')
    return own === undefined ? [] : [[name, masked(value, own)] as const]
  })
  return Object.fromEntries(kept)
}
