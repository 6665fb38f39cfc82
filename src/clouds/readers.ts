import { canonicalCidr } from '../lib/cidr.ts'
import { isAlike } from '../lib/equality.ts'
import { list, oneOf, ParseError, text } from '../lib/parse.ts'

/** What reads words of one cloud: settings are told as that cloud writes them. */
export const readersOf = (cloud: string) => {
  function matching(pattern: RegExp, raw: unknown, path: string): string {
    const found = text(raw, path)
    if (pattern.test(found)) return found
    throw new ParseError(path, `"${found.slice(0, 60)}" is not one as ${cloud} writes them`)
  }
  const like =
    (pattern: RegExp) =>
    (raw: unknown, path: string): string =>
      matching(pattern, raw, path)
  function listOf(pattern: RegExp, raw: unknown, path: string, max = Infinity): readonly string[] {
    if (raw === undefined || raw === null) return []
    const found = list(raw, path)
    if (found.length > max)
      throw new ParseError(path, `has ${found.length} entries; at most ${max} are taken`)
    return found.map((each, index) => matching(pattern, each, `${path}[${index}]`))
  }
  return { matching, like, listOf }
}

export const among =
  <const T extends string>(words: readonly T[]) =>
  (raw: unknown, path: string): T =>
    oneOf(raw, path, words)

/** Clouds refuse a request that says a thing twice. */
export const once = (all: readonly string[]): readonly string[] => [...new Set(all)]

export const ranges = (raw: unknown, path: string): readonly string[] =>
  list(raw, path).map((each, index) => {
    const canonical = canonicalCidr(text(each, `${path}[${index}]`))
    if (canonical !== undefined) return canonical
    throw new ParseError(`${path}[${index}]`, 'is not a range of addresses with nothing behind its prefix')
  })

/** For what a machine was launched for: a field that comes to be, and is not set, makes no machine another one. */
export const unlessUsual = <T>(value: T, usual: T): T | undefined =>
  isAlike(value, usual) ? undefined : value
