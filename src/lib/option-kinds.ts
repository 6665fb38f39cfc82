import { canonicalCidr } from './cidr.ts'
import type { Option } from './options.ts'

type Described<T> = Pick<Option<T>, 'description' | 'defaultText'> & { readonly default: T }

/** `--name`, `--no-name`, `--name=true`, `--name=false`. */
export const toggle = (of: Described<boolean>): Option<boolean> => ({
  ...of,
  placeholder: undefined,
  read(raw) {
    if (raw === 'true' || raw === 'false') return raw === 'true'
    throw new Error(`must be true or false, found ${shown(raw)}`)
  },
})

export const words = <const T extends string>(
  of: Described<T> & { readonly values: readonly T[] },
): Option<T> => ({
  ...of,
  placeholder: of.values.join('|'),
  read: raw => oneOf(raw, of.values),
})

/** Separated by commas; a list of fixed words where `values` are given. */
export const list = (
  of: Described<readonly string[]> & {
    readonly placeholder: string
    readonly values?: readonly string[]
    readonly pattern?: RegExp
  },
): Option<readonly string[]> => ({
  ...of,
  read: raw =>
    raw
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
      .map(item => (of.values === undefined ? item : oneOf(item, of.values)))
      .map(item => matching(item, of.pattern)),
})

/** Ranges of addresses, separated by commas, as every firewall writes them back. */
export const ranges = (of: Described<readonly string[]>): Option<readonly string[]> => ({
  ...of,
  placeholder: 'CIDR,...',
  read: raw =>
    raw
      .split(',')
      .map(item => item.trim())
      .filter(item => item !== '')
      .map(range),
})

function range(raw: string): string {
  const canonical = canonicalCidr(raw)
  if (canonical !== undefined) return canonical
  throw new Error(
    `must be ranges of addresses with nothing behind their prefixes, for example 203.0.113.0/24 or 2001:db8::/32, found ${shown(raw)}`,
  )
}

/** A text that is not empty; `undefined` stands for a default that is found out later. */
export const text = <T extends string | undefined>(
  of: Described<T> & { readonly placeholder: string; readonly pattern?: RegExp },
): Option<T | string> => ({
  ...of,
  read(raw) {
    if (raw === '') throw new Error('must not be empty')
    return matching(raw, of.pattern)
  },
})

export const integer = (
  of: Described<number> & { readonly min: number; readonly max: number },
): Option<number> => ({
  ...of,
  placeholder: 'NUMBER',
  read(raw) {
    const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN
    if (value >= of.min && value <= of.max) return value
    throw new Error(`must be a whole number from ${of.min} to ${of.max}, found ${shown(raw)}`)
  },
})

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** `500ms`, `2s`, `5m`, `1h`: milliseconds here. */
export const duration = (
  of: Described<number> & { readonly minMs: number; readonly maxMs: number },
): Option<number> => ({
  ...of,
  defaultText: inWords(of.default),
  placeholder: 'DURATION',
  read(raw) {
    const match = /^(\d{1,9})(ms|s|m|h)$/.exec(raw)
    const unit = match?.[2]
    const ms =
      unit === 'ms' || unit === 's' || unit === 'm' || unit === 'h' ? Number(match?.[1]) * unitMs[unit] : NaN
    if (ms >= of.minMs && ms <= of.maxMs) return ms
    throw new Error(
      `must be a time from ${inWords(of.minMs)} to ${inWords(of.maxMs)}, for example 500ms, 2s, 5m, found ${shown(raw)}`,
    )
  },
})

/** Where a server listens. */
export interface Listen {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
}

/** `HOST:PORT`, `[IPV6]:PORT`, or 0 for nowhere. */
export const listen = (of: Described<Listen | undefined>): Option<Listen | undefined> => ({
  ...of,
  ...(of.default && { defaultText: `${of.default.host}:${of.default.port}` }),
  placeholder: 'HOST:PORT',
  read(raw) {
    if (raw === '0') return undefined
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(raw)
    const host = match?.[1] ?? match?.[2]
    const port = Number(match?.[3])
    if (host !== undefined && port <= 65_535) return { host, port }
    throw new Error(`must be HOST:PORT, for example 127.0.0.1:8080, or 0 for none, found ${shown(raw)}`)
  },
})

function oneOf<const T extends string>(raw: string, values: readonly T[]): T {
  const value = values.find(known => known === raw)
  if (value !== undefined) return value
  throw new Error(`must be one of ${values.join(', ')}, found ${shown(raw)}`)
}

function matching(raw: string, pattern: RegExp | undefined): string {
  if (pattern === undefined || pattern.test(raw)) return raw
  throw new Error(`must match ${pattern.source}, found ${shown(raw)}`)
}

function inWords(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`
  if (ms % 60_000 !== 0 || ms === 0) return `${ms / 1000}s`
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 60_000}m`
}

const shown = (raw: string): string => (raw.length > 60 ? `"${raw.slice(0, 60)}…"` : `"${raw}"`)
