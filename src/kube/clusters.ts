import { group, plural, version } from '../api/names.ts'
import type { Call } from '../lib/call.ts'
import { type ClusterKey, type ClusterUid, splitKey } from '../model/names.ts'
import { isKubeError } from './fault.ts'
import { type Collection, type Listed, listAll } from './pages.ts'
import type { KubeRequest, KubeRequests } from './transport.ts'

type Patch = Readonly<Record<string, unknown>>

/** Which cluster, and as it was when last seen: a write to any other version of it is refused with 409. */
export interface ClusterVersion {
  readonly key: ClusterKey
  readonly resourceVersion: string
}

export interface MetadataPatch {
  /** All of them: a list is replaced as a whole. */
  readonly finalizers?: readonly string[]
  /** null takes one away. */
  readonly annotations?: Readonly<Record<string, string | null>>
}

const base = `/apis/${group}/${version}`

/** The DaskCloudClusters of one namespace, or of all. */
export const clustersIn = (namespace?: string): Collection => ({
  path: namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`,
})

/**
 * DaskCloudClusters, for those who write. Everything is read from the API server's store, not from a cache, and comes
 * back as the API server has it. Throws a KubeError; 409 where the resource is not as it was seen.
 */
export class Clusters {
  readonly #kube: KubeRequests

  constructor(kube: KubeRequests) {
    this.#kube = kube
  }

  /** Undefined where there is none. */
  async read(key: ClusterKey, call: Call): Promise<unknown> {
    try {
      return await this.#kube.request({ method: 'GET', path: pathOf(key) }, call)
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  /** All of them as they were at one moment no earlier than the call. */
  list(namespace: string | undefined, call: Call): Promise<Listed> {
    return listAll(this.#kube, clustersIn(namespace), call)
  }

  /** A JSON merge patch of `status`: null takes a member away, a list is replaced as a whole. */
  writeStatus(of: ClusterVersion, status: Patch, call: Call): Promise<unknown> {
    return this.#kube.request(patchOf(of, '/status', { status }), call)
  }

  /** Asks for this very cluster's end, if it still is in this version: else 409. */
  async remove(
    { key, uid, resourceVersion }: ClusterVersion & { readonly uid: ClusterUid },
    call: Call,
  ): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
    await this.#kube.request({ method: 'DELETE', path: pathOf(key), body }, call)
  }

  writeMetadata(
    of: ClusterVersion,
    { finalizers, annotations }: MetadataPatch,
    call: Call,
  ): Promise<unknown> {
    const metadata = { ...(finalizers && { finalizers }), ...(annotations && { annotations }) }
    return this.#kube.request(patchOf(of, '', { metadata }), call)
  }
}

function pathOf(key: ClusterKey): string {
  const { namespace, name } = splitKey(key)
  return `${clustersIn(namespace).path}/${name}`
}

function patchOf(
  { key, resourceVersion }: ClusterVersion,
  subresource: '' | '/status',
  { metadata, ...rest }: Patch & { readonly metadata?: Patch },
): KubeRequest {
  return {
    method: 'PATCH',
    path: `${pathOf(key)}${subresource}`,
    query: { fieldManager: 'dask-cloud-operator' },
    contentType: 'application/merge-patch+json',
    body: { ...rest, metadata: { ...metadata, resourceVersion } },
  }
}
