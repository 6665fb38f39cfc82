import type { Call } from '../lib/call.ts'
import { isRecord, list, optional, record, text } from '../lib/parse.ts'
import { isKubeError, noAnswer } from './fault.ts'
import type { KubeRequests } from './transport.ts'

/** Objects of one kind, all of them or those that the selectors leave. */
export interface Collection {
  /** `/api/v1/namespaces/x/secrets`, `/apis/group/version/plural` ... */
  readonly path: string
  readonly labels?: string
  readonly fields?: string
}

export interface Listed {
  readonly items: readonly unknown[]
  /** The moment that the whole list shows. */
  readonly resourceVersion: string
}

export const selectorsOf = ({ labels, fields }: Collection) => ({
  labelSelector: labels,
  fieldSelector: fields,
})

const mostItems = 500
const mostBytes = 64 * 1_048_576
const tries = 3

/**
 * Every page of a list, as it was at one moment no earlier than the call: read through the API server's cache to its
 * store. Throws a KubeError.
 */
export async function listAll(kube: KubeRequests, collection: Collection, call: Call): Promise<Listed> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listOnce(kube, collection, call)
    } catch (error) {
      // The moment was forgotten between two pages.
      if (!isKubeError(error, 410) || attempt === tries) throw error
    }
  }
}

async function listOnce(kube: KubeRequests, collection: Collection, call: Call): Promise<Listed> {
  const items: unknown[] = []
  let limit = mostItems
  let next: string | undefined
  for (;;) {
    const page = await pageOf(kube, collection, { limit, continue: next }, call)
    if (page === 'too-large') {
      if (limit === 1)
        throw noAnswer('TooLarge', `one object of ${collection.path} is larger than any may be`)
      limit = Math.ceil(limit / 8)
      continue
    }
    items.push(...page.items)
    next = page.next
    if (next === undefined) return { items, resourceVersion: page.resourceVersion }
  }
}

interface Page extends Listed {
  readonly next: string | undefined
}

async function pageOf(
  kube: KubeRequests,
  collection: Collection,
  query: { readonly limit: number; readonly continue: string | undefined },
  call: Call,
): Promise<Page | 'too-large'> {
  const asked = { ...selectorsOf(collection), ...query }
  try {
    const reply = await kube.request(
      { method: 'GET', path: collection.path, query: asked, maxBytes: mostBytes },
      call,
    )
    return readPage(reply)
  } catch (error) {
    if (isKubeError(error) && error.reason === 'TooLarge') return 'too-large'
    if (isKubeError(error)) throw error
    throw noAnswer('Unreadable', `the list of ${collection.path} cannot be read`, error)
  }
}

function readPage(raw: unknown): Page {
  const reply = record(raw, 'list')
  const metadata = record(reply['metadata'], 'list.metadata')
  const items = list(reply['items'] ?? [], 'list.items')
  const { apiVersion, kind } = reply
  const of =
    typeof kind === 'string' && kind.endsWith('List')
      ? { apiVersion, kind: kind.slice(0, -'List'.length) }
      : {}
  return {
    // Items of a list leave out what they are.
    items: items.map(item => (isRecord(item) ? { ...of, ...item } : item)),
    resourceVersion: text(metadata['resourceVersion'], 'list.metadata.resourceVersion'),
    next: optional(metadata['continue'] || undefined, 'list.metadata.continue', text),
  }
}
