import { CloudError } from '../../model/faults.ts'

const pageSize = 1_000
/** Nobody has so many: a token that leads to itself must not turn for ever. */
const mostPages = 1_000

interface Page {
  readonly NextToken?: string | undefined
}

/** All pages or an error: what is known of a part is never taken for the whole. */
export async function everyPage<P extends Page, T>(
  ask: (page: { readonly MaxResults: number; readonly NextToken?: string }) => Promise<P>,
  itemsOf: (page: P) => readonly T[] | undefined,
): Promise<readonly T[]> {
  const items: T[] = []
  let token: string | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const page: P = await ask({ MaxResults: pageSize, ...(token === undefined ? {} : { NextToken: token }) })
    items.push(...(itemsOf(page) ?? []))
    token = page.NextToken || undefined
    if (token === undefined) return items
  }
  throw new CloudError('unavailable', 'A list of AWS does not end')
}
