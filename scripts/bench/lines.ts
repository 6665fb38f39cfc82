import { type Aim, isMet } from './figures.ts'
import { rounded } from './statistics.ts'

/** A figure of a cloud's bench. */
export interface Line {
  readonly what: string
  readonly value: number
  readonly unit?: string
  readonly aim?: Aim
}

export const atMost = (limit: number): Aim => ({ at: 'most', limit })
export const atLeast = (limit: number): Aim => ({ at: 'least', limit })

export function asText({ what, value, unit = '', aim }: Line): string {
  const text = `${what.padEnd(42)} ${rounded(value, 1)} ${unit}`.trimEnd()
  if (aim === undefined) return text
  const wanted = `${aim.at === 'most' ? 'at most' : 'at least'} ${rounded(aim.limit, 1)}`
  return `${text.padEnd(55)} aim: ${wanted.padEnd(12)} ${isMet(aim, value) ? 'met' : 'MISSED'}`
}

/** Rows of a table whose columns are so wide. */
export const rowOf =
  (widths: readonly number[]) =>
  (words: readonly (string | number)[]): string =>
    words.map((word, at) => String(word).padStart(widths[at] ?? 0)).join('')
