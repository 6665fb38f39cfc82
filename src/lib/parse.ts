/** Input that is not what it must be. The message names the path, what was found and what to do. */
export class ParseError extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`)
    this.name = 'ParseError'
    this.path = path
  }
}

export function record(raw: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isRecord(raw)) return raw
  throw new ParseError(path, `must be an object, found ${shown(raw)}`)
}

export function isRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

export function text(raw: unknown, path: string): string {
  if (typeof raw === 'string' && raw !== '') return raw
  throw new ParseError(path, `must be a text that is not empty, found ${shown(raw)}`)
}

export function integer(
  raw: unknown,
  path: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= min && raw <= max) return raw
  throw new ParseError(path, `must be a whole number from ${min} to ${max}, found ${shown(raw)}`)
}

export function flag(raw: unknown, path: string): boolean {
  if (typeof raw === 'boolean') return raw
  throw new ParseError(path, `must be true or false, found ${shown(raw)}`)
}

export function list(raw: unknown, path: string): readonly unknown[] {
  if (Array.isArray(raw)) return raw
  throw new ParseError(path, `must be a list, found ${shown(raw)}`)
}

export function oneOf<const T extends string>(raw: unknown, path: string, words: readonly T[]): T {
  const word = words.find(known => known === raw)
  if (word !== undefined) return word
  throw new ParseError(path, `must be one of ${words.join(', ')}, found ${shown(raw)}`)
}

/** Refuses members nobody reads: a misspelt setting is an error, not silence. */
export function noOthers(
  raw: Readonly<Record<string, unknown>>,
  path: string,
  known: readonly string[],
): void {
  const other = Object.keys(raw).find(key => !known.includes(key))
  if (other === undefined) return
  throw new ParseError(`${path}.${other}`, `is not known here; known are ${known.join(', ')}`)
}

/** Runs `parse` unless the member is absent. */
export function optional<T>(
  raw: unknown,
  path: string,
  parse: (raw: unknown, path: string) => T,
): T | undefined {
  return raw === undefined || raw === null ? undefined : parse(raw, path)
}

/** A value as an error may show it: short, and only its kind where it is not plain. */
function shown(raw: unknown): string {
  if (raw === undefined) return 'nothing'
  if (raw === null || typeof raw === 'number' || typeof raw === 'boolean') return String(raw)
  if (typeof raw === 'string') return raw.length > 60 ? `"${raw.slice(0, 60)}…"` : `"${raw}"`
  return Array.isArray(raw) ? 'a list' : 'an object'
}
