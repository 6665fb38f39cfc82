import { invalidCombination, invalidValue } from './failure.ts'
import type { Form } from './form.ts'

/** Things are numbered in the order they were made, so that a page begins where the last one ended, whatever went since. */
export interface Numbered {
  readonly seq: number
}

export interface Page<Thing> {
  readonly items: readonly Thing[]
  readonly nextToken: string | undefined
}

export interface Limits {
  readonly least: number
  readonly most: number
  /** The parameter of ids, which cannot be given with a size of pages. */
  readonly ids: string
}

/** The part of a list that a request asks for; all of it where it names no size. */
export function pageOf<Thing extends Numbered>(
  things: readonly Thing[],
  form: Form,
  { least, most, ids }: Limits,
): Page<Thing> {
  const size = form.integer('MaxResults')
  const after = startOf(form.maybe('NextToken'))
  if (size !== undefined && form.has(ids))
    throw invalidCombination(`The parameter ${ids} cannot be used with the parameter maxResults`)
  if (size !== undefined && (size < least || size > most))
    throw invalidValue(
      `Value (${size}) for parameter maxResults is invalid. Expecting a value between ${least} and ${most}.`,
    )
  const rest = things.filter(({ seq }) => seq > after).toSorted((a, b) => a.seq - b.seq)
  const items = rest.slice(0, size ?? rest.length)
  const last = items.at(-1)
  return {
    items,
    nextToken: last !== undefined && items.length < rest.length ? tokenFor(last.seq) : undefined,
  }
}

const tokenFor = (seq: number): string => Buffer.from(`after ${seq}`).toString('base64url')

function startOf(token: string | undefined): number {
  if (token === undefined) return -1
  const [, seq] = /^after (\d+)$/.exec(Buffer.from(token, 'base64url').toString()) ?? []
  if (seq === undefined) throw invalidValue('Unable to parse pagination token')
  return Number(seq)
}
