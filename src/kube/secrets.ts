import type { Call } from '../lib/call.ts'
import { isRecord, ParseError, record, text } from '../lib/parse.ts'
import { isKubeError } from './fault.ts'
import type { Collection } from './pages.ts'
import type { KubeRequests } from './transport.ts'

export interface SecretRef {
  readonly namespace: string
  readonly name: string
}

export const secretKey = ({ namespace, name }: SecretRef): string => `${namespace}/${name}`

/** A Secret to be written: `metadata` names it, `data` is base64. */
export interface WantedSecret {
  readonly metadata: SecretRef
}

/** One Secret in one state. */
export interface SecretVersion {
  readonly uid: string
  readonly resourceVersion: string
}

/** A Secret as Kubernetes has it; `data` is base64. */
export interface StoredSecret {
  readonly metadata: SecretRef & {
    readonly uid: string
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly finalizers: readonly string[]
    readonly ownerReferences: readonly { readonly uid: string; readonly controller?: boolean }[]
    readonly isDeleting: boolean
  }
  readonly type: string
  readonly data: Readonly<Record<string, string>>
}

/** Secrets of one namespace that carry these labels: for the operator's own, never for a tenant's. */
export const secretsIn = (namespace: string, labels: string): Collection => ({
  path: `/api/v1/namespaces/${namespace}/secrets`,
  labels,
})

/** Secrets, one by one. Throws a KubeError. */
export class Secrets {
  readonly #kube: KubeRequests

  constructor(kube: KubeRequests) {
    this.#kube = kube
  }

  /** Undefined where there is none. */
  async read(ref: SecretRef, call: Call): Promise<StoredSecret | undefined> {
    try {
      return parseSecret(await this.#kube.request({ method: 'GET', path: pathOf(ref) }, call))
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  /** 409 (`AlreadyExists`) where there is one of that name, whoever made it. */
  async create(secret: WantedSecret, call: Call): Promise<StoredSecret> {
    const { namespace } = secret.metadata
    const path = `/api/v1/namespaces/${namespace}/secrets`
    return parseSecret(await this.#kube.request({ method: 'POST', path, query, body: secret }, call))
  }

  /** The whole of it, if it still is the one that was seen: else 409, or 404 where it is gone. */
  async replace(
    secret: WantedSecret,
    seen: { readonly metadata: SecretVersion },
    call: Call,
  ): Promise<StoredSecret> {
    const { uid, resourceVersion } = seen.metadata
    const body = { ...secret, metadata: { ...secret.metadata, uid, resourceVersion } }
    return parseSecret(
      await this.#kube.request({ method: 'PUT', path: pathOf(secret.metadata), query, body }, call),
    )
  }

  /** These finalizers and no others, if it still is as it was seen: else 409, or 404 where it is gone. */
  async writeFinalizers(
    { metadata }: Pick<StoredSecret, 'metadata'>,
    finalizers: readonly string[],
    call: Call,
  ): Promise<StoredSecret> {
    const { uid, resourceVersion } = metadata
    const body = { metadata: { uid, resourceVersion, finalizers } }
    const contentType = 'application/merge-patch+json'
    return parseSecret(
      await this.#kube.request({ method: 'PATCH', path: pathOf(metadata), query, body, contentType }, call),
    )
  }

  /** This very one, and none that came after it. What is gone is no error. */
  async remove(ref: SecretRef, uid: string, call: Call): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
    try {
      await this.#kube.request({ method: 'DELETE', path: pathOf(ref), body }, call)
    } catch (error) {
      if (isKubeError(error, 404)) return
      if (isKubeError(error, 409) && (await this.read(ref, call))?.metadata.uid !== uid) return
      throw error
    }
  }
}

/** Throws a ParseError, which shows nothing of what is inside. */
export function parseSecret(raw: unknown): StoredSecret {
  const secret = record(raw, 'secret')
  const metadata = record(secret['metadata'], 'metadata')
  const finalizers = metadata['finalizers']
  return {
    metadata: {
      namespace: text(metadata['namespace'], 'metadata.namespace'),
      name: text(metadata['name'], 'metadata.name'),
      uid: text(metadata['uid'], 'metadata.uid'),
      resourceVersion: text(metadata['resourceVersion'], 'metadata.resourceVersion'),
      labels: textsOf(metadata['labels'], 'metadata.labels'),
      annotations: textsOf(metadata['annotations'], 'metadata.annotations'),
      finalizers: Array.isArray(finalizers) ? finalizers.filter(each => typeof each === 'string') : [],
      ownerReferences: ownersOf(metadata['ownerReferences']),
      isDeleting: typeof metadata['deletionTimestamp'] === 'string',
    },
    type: typeof secret['type'] === 'string' ? secret['type'] : 'Opaque',
    data: textsOf(secret['data'], 'data'),
  }
}

const query = { fieldManager: 'dask-cloud-operator' }

const pathOf = ({ namespace, name }: SecretRef): string => `/api/v1/namespaces/${namespace}/secrets/${name}`

function textsOf(raw: unknown, path: string): Readonly<Record<string, string>> {
  const members = Object.entries(raw === undefined || raw === null ? {} : record(raw, path))
  return Object.fromEntries(
    members.map(([key, value]) => {
      if (typeof value === 'string') return [key, value] as const
      throw new ParseError(`${path}["${key}"]`, 'must be a text')
    }),
  )
}

function ownersOf(raw: unknown): StoredSecret['metadata']['ownerReferences'] {
  const owners: readonly unknown[] = Array.isArray(raw) ? raw : []
  return owners.filter(isRecord).map((owner, at) => ({
    uid: text(owner['uid'], `metadata.ownerReferences[${at}].uid`),
    ...(typeof owner['controller'] === 'boolean' && { controller: owner['controller'] }),
  }))
}
