import type { Call } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'
import { isKubeError } from './fault.ts'
import type { KubeRequests } from './transport.ts'

export interface ObjectRef {
  readonly namespace: string
  readonly name: string
}

/** Which objects: `/api/v1` and `services`, say. */
export interface ObjectKind {
  readonly base: string
  readonly plural: string
}

export const services: ObjectKind = { base: '/api/v1', plural: 'services' }
export const endpointSlices: ObjectKind = { base: '/apis/discovery.k8s.io/v1', plural: 'endpointslices' }

type Body = Readonly<Record<string, unknown>>

/** Objects of one kind, one by one. Throws a KubeError. */
export class Objects {
  readonly #kube: KubeRequests
  readonly #kind: ObjectKind

  constructor(kube: KubeRequests, kind: ObjectKind) {
    this.#kube = kube
    this.#kind = kind
  }

  /** Undefined where there is none. */
  async read(ref: ObjectRef, call: Call): Promise<unknown> {
    try {
      return await this.#kube.request({ method: 'GET', path: this.#path(ref) }, call)
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  /** 409 (`AlreadyExists`) where there is one of that name, whoever made it. */
  create({ namespace, name }: ObjectRef, fields: Body, call: Call): Promise<unknown> {
    const body = { ...fields, metadata: { ...metadataOf(fields), namespace, name } }
    return this.#kube.request({ method: 'POST', path: this.#folder(namespace), query, body }, call)
  }

  /** A JSON merge patch of the very object that was seen, in the state it was seen in: else 409, or 404 where it is gone. */
  patch(ref: ObjectRef, fields: Body, seen: ObjectVersion, call: Call): Promise<unknown> {
    const body = { ...fields, metadata: { ...metadataOf(fields), ...seen } }
    const contentType = 'application/merge-patch+json'
    return this.#kube.request({ method: 'PATCH', path: this.#path(ref), query, contentType, body }, call)
  }

  /** By server-side apply, with whatever is asked for taken over from others: it is there as wished afterwards. */
  apply(ref: ObjectRef, body: object, call: Call): Promise<unknown> {
    const contentType = 'application/apply-patch+yaml'
    const forced = { ...query, force: 'true' }
    return this.#kube.request(
      { method: 'PATCH', path: this.#path(ref), query: forced, contentType, body },
      call,
    )
  }

  /** This very one, and none that came after it. What is gone is no error. */
  async remove(ref: ObjectRef, uid: string, call: Call): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
    try {
      await this.#kube.request({ method: 'DELETE', path: this.#path(ref), body }, call)
    } catch (error) {
      if (!isKubeError(error, 404, 409)) throw error
    }
  }

  #folder(namespace: string): string {
    return `${this.#kind.base}/namespaces/${namespace}/${this.#kind.plural}`
  }

  #path({ namespace, name }: ObjectRef): string {
    return `${this.#folder(namespace)}/${name}`
  }
}

/** One object in one state. */
export interface ObjectVersion {
  readonly uid: string
  readonly resourceVersion: string
}

const query = { fieldManager: 'dask-cloud-operator' }

const metadataOf = ({ metadata }: Body): Body => (isRecord(metadata) ? metadata : {})
