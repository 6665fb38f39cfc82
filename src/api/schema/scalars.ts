import { durationMax, durationPattern, readDuration, writeDuration } from '../../lib/duration.ts'
import * as parse from '../../lib/parse.ts'
import { celText, type Rule, type Schema, schema } from './schema.ts'

interface Described<T> {
  readonly description: string
  readonly default?: T
  readonly rules?: readonly Rule<T>[]
}

interface Bounds {
  readonly min: number
  readonly max: number
}

export function text(
  of: Described<string> & { readonly min?: number; readonly max: number },
): Schema<string> {
  const { min = 0, max } = of
  return schema({
    openApi: {
      description: of.description,
      type: 'string',
      ...(min === 0 ? {} : { minLength: min }),
      maxLength: max,
    },
    default: of.default,
    rules: of.rules ?? [],
    read: (raw, path) => boundedText(raw, path, { min, max }),
    write: asIs,
  })
}

export function choice<const T extends string>(
  of: Described<T> & { readonly values: readonly T[] },
): Schema<T> {
  return schema<T>({
    openApi: { description: of.description, type: 'string', enum: of.values },
    default: of.default,
    rules: of.rules ?? [],
    read: (raw, path) => parse.oneOf(raw, path, of.values),
    write: asIs,
  })
}

export function integer(of: Described<number> & Bounds): Schema<number> {
  const { min, max } = of
  return schema({
    openApi: { description: of.description, type: 'integer', format: 'int64', minimum: min, maximum: max },
    default: of.default,
    rules: of.rules ?? [],
    read: (raw, path) => parse.integer(raw, path, { min, max }),
    write: asIs,
  })
}

export function decimal(of: Described<number> & Bounds): Schema<number> {
  const { min, max } = of
  return schema({
    openApi: { description: of.description, type: 'number', minimum: min, maximum: max },
    default: of.default,
    rules: of.rules ?? [],
    read: (raw, path) => boundedNumber(raw, path, { min, max }),
    write: asIs,
  })
}

export function bool(of: Described<boolean>): Schema<boolean> {
  return schema({
    openApi: { description: of.description, type: 'boolean' },
    default: of.default,
    rules: of.rules ?? [],
    read: parse.flag,
    write: asIs,
  })
}

/** A time as RFC 3339 writes it, left as it is written. */
export const timeText = (of: { readonly description: string }): Schema<string> =>
  schema({
    openApi: { description: of.description, type: 'string', format: 'date-time' },
    default: undefined,
    rules: [],
    read(raw, path) {
      readTime(raw, path)
      return parse.text(raw, path)
    },
    write: asIs,
  })

/** Milliseconds since the epoch here, RFC 3339 with milliseconds on the wire. */
export const timeMs = (of: { readonly description: string }): Schema<number> =>
  schema({
    openApi: { description: of.description, type: 'string', format: 'date-time' },
    default: undefined,
    rules: [],
    read: readTime,
    write: ms => new Date(ms).toISOString(),
  })

const likeDuration =
  'write a duration as Gateway API does: whole numbers with h, m, s or ms, for example 1h30m'

/** Milliseconds here, a duration of Gateway API (GEP-2257) on the wire. */
export const duration = (of: {
  readonly description: string
  readonly minMs: number
  readonly maxMs: number
}): Schema<number> => {
  const [min, max] = [writeDuration(of.minMs), writeDuration(of.maxMs)]
  const isOne = `self.matches(${celText(durationPattern)})`
  const bounded = `duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`
  return schema({
    openApi: { description: of.description, type: 'string', maxLength: durationMax },
    default: undefined,
    rules: [
      { cel: isOne, message: likeDuration },
      {
        cel: `!${isOne} || (${bounded})`,
        message: `must be from ${min} to ${max}`,
        holds: ms => ms >= of.minMs && ms <= of.maxMs,
      },
    ],
    read(raw, path) {
      const ms = readDuration(parse.text(raw, path))
      if (ms === undefined) throw new parse.ParseError(path, likeDuration)
      return ms
    },
    write: writeDuration,
  })
}

function readTime(raw: unknown, path: string): number {
  const written = parse.text(raw, path)
  const ms = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/.test(written) ? Date.parse(written) : Number.NaN
  if (Number.isNaN(ms)) throw new parse.ParseError(path, 'must be a time as RFC 3339 writes it')
  return ms
}

/** Lengths count characters, as the API server counts them, not UTF-16 units. */
function boundedText(raw: unknown, path: string, { min, max }: Bounds): string {
  if (typeof raw !== 'string') throw new parse.ParseError(path, 'must be a text')
  const length = raw.length <= max ? raw.length : Array.from(raw).length
  if (length < min) throw new parse.ParseError(path, `must have at least ${min} characters, has ${length}`)
  if (length > max) throw new parse.ParseError(path, `must have at most ${max} characters, has ${length}`)
  return raw
}

function boundedNumber(raw: unknown, path: string, { min, max }: Bounds): number {
  if (typeof raw === 'number' && raw >= min && raw <= max) return raw
  throw new parse.ParseError(path, `must be a number from ${min} to ${max}`)
}

function asIs<T>(value: T): T {
  return value
}
