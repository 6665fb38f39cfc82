import { isRecord } from './parse.ts'

/** What is at a path of members within a value; undefined where the path leads nowhere. */
export const reach = (raw: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => (isRecord(at) ? (at[name] ?? undefined) : undefined), raw)

/** Its members, or none. */
export const recordAt = (raw: unknown, path: readonly string[]): Readonly<Record<string, unknown>> => {
  const found = reach(raw, path)
  return isRecord(found) ? found : {}
}

export const listAt = (raw: unknown, path: readonly string[]): readonly unknown[] => {
  const found: unknown = reach(raw, path)
  return Array.isArray(found) ? found : []
}

/** The texts of a list; a text by itself stands for a list of one. */
export function textsAt(raw: unknown, path: readonly string[]): readonly string[] {
  const found = reach(raw, path)
  return (Array.isArray(found) ? found : [found]).filter(each => typeof each === 'string')
}

export const numberAt = (raw: unknown, path: readonly string[]): number | undefined => {
  const found = reach(raw, path)
  return typeof found === 'number' ? found : undefined
}
