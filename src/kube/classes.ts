import { classPlural, group, version } from '../api/names.ts'
import type { Call } from '../lib/call.ts'
import { isRecord, record, text } from '../lib/parse.ts'
import { isKubeError } from './fault.ts'
import type { Collection } from './pages.ts'
import type { KubeRequests } from './transport.ts'

export const allClasses: Collection = { path: `/apis/${group}/${version}/${classPlural}` }
export const allNamespaces: Collection = { path: '/api/v1/namespaces' }

export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Throws a ParseError. */
export function parseNamespace(raw: unknown): Namespace {
  const metadata = record(record(raw, 'namespace')['metadata'], 'metadata')
  const labels = isRecord(metadata['labels']) ? Object.entries(metadata['labels']) : []
  return {
    name: text(metadata['name'], 'metadata.name'),
    labels: Object.fromEntries(
      labels.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])),
    ),
  }
}

/** Whether there are classes here that we may read. Throws a KubeError where the API server does not say. */
export async function hasClasses(kube: KubeRequests, call: Call): Promise<boolean> {
  try {
    for (const { path } of [allClasses, allNamespaces])
      await kube.request({ method: 'GET', path, query: { limit: '1' } }, call)
    return true
  } catch (error) {
    if (isKubeError(error, 403, 404)) return false
    throw error
  }
}

/** Writes conditions of a class as it was seen. Throws a KubeError; 409 where it is another one by now. */
export async function writeClassStatus(
  kube: KubeRequests,
  { name, resourceVersion }: { readonly name: string; readonly resourceVersion: string },
  status: Readonly<Record<string, unknown>>,
  call: Call,
): Promise<unknown> {
  return kube.request(
    {
      method: 'PATCH',
      path: `${allClasses.path}/${name}/status`,
      query: { fieldManager: 'dask-cloud-operator' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion }, status },
    },
    call,
  )
}
