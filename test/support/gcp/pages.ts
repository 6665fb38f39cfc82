import { invalidField } from './failure.ts'

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | undefined
}

interface Place {
  readonly page: number
  readonly after: string
}

/** One page of what is in order of its keys; the token tells after which of them the next begins. */
export function pageOf<T extends { readonly key: string }>(
  all: readonly T[],
  query: URLSearchParams,
): Page<T> {
  const most = maxOf(query.get('maxResults'))
  const { page, after } = placeOf(query)
  const rest = all.filter(({ key }) => key > after).toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const items = rest.slice(0, most)
  const last = items.at(-1)
  return {
    items,
    next:
      last === undefined || rest.length <= most ? undefined : tokenOf({ page: page + 1, after: last.key }),
  }
}

/** The how-manieth page is asked for, from 1. */
export function pageNumber(query: URLSearchParams): number {
  try {
    return placeOf(query).page
  } catch {
    return 1
  }
}

function maxOf(raw: string | null): number {
  const most = Number(raw ?? 500)
  if (Number.isInteger(most) && most >= 0 && most <= 500) return most === 0 ? 500 : most
  throw invalidField('maxResults', raw, 'Acceptable values are 0 to 500, inclusive.')
}

const tokenOf = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url')

function placeOf(query: URLSearchParams): Place {
  const token = query.get('pageToken')
  if (token === null || token === '') return { page: 1, after: '' }
  const found = /^\{"page":(\d+),"after":"([^"]+)"\}$/.exec(Buffer.from(token, 'base64url').toString())
  if (found === null) throw invalidField('pageToken', token, 'The page token is invalid.')
  return { page: Number(found[1]), after: found[2] ?? '' }
}
