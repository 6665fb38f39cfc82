import { clustersIn } from '../../src/kube/clusters.ts'
import { isKubeError } from '../../src/kube/fault.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { record } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Condition } from '../../src/model/status.ts'
import { manifest } from './crd-plane.ts'

/** As much of a DaskCloudCluster as tests look at. */
export interface ClusterObject {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly generation: number
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly (Condition & { readonly observedGeneration: number })[]
    readonly launches?: readonly {
      readonly id: string
      readonly count: number
      readonly group: string
      readonly offering: number
    }[]
    readonly workers?: { readonly replicas: number; readonly ready: number }
    readonly readySince?: string
    readonly expiresAt?: string
    readonly sleep?: { readonly since: string; readonly generation: number }
  }
}

export interface Sight {
  /** When the test heard of it, in milliseconds since the epoch. */
  readonly at: number
  readonly type: string
  readonly object: ClusterObject
}

const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })

/** Clusters on the simulated cloud as a user's program makes, watches and deletes them. */
export class ClusterDesk {
  readonly #kube: KubeTransport
  readonly #path: string

  constructor(kube: KubeTransport, namespace: string) {
    this.#kube = kube
    this.#path = clustersIn(namespace).path
  }

  async create(name: string, replicas: number, spec: object = {}): Promise<ClusterObject> {
    const cloud = { local: null, simulated: {} }
    const body = manifest(name, { cloud, workers: { replicas }, ...spec })
    return clusterOf(await this.#kube.request({ method: 'POST', path: this.#path, body }, within()))
  }

  async get(name: string): Promise<ClusterObject | undefined> {
    try {
      return clusterOf(await this.#kube.request({ method: 'GET', path: this.#of(name) }, within()))
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  async patch(name: string, body: unknown): Promise<ClusterObject> {
    const contentType = 'application/merge-patch+json'
    return clusterOf(
      await this.#kube.request({ method: 'PATCH', path: this.#of(name), body, contentType }, within()),
    )
  }

  /** Takes all of status away, as a restore from a backup may. */
  async stripStatus(name: string): Promise<void> {
    const now = await this.get(name)
    const path = `${this.#of(name)}/status`
    const body = { status: Object.fromEntries(Object.keys(now?.status ?? {}).map(key => [key, null])) }
    const contentType = 'application/merge-patch+json'
    await this.#kube.request({ method: 'PATCH', path, body, contentType }, within())
  }

  scale(name: string, replicas: number): Promise<ClusterObject> {
    return this.patch(name, { spec: { workers: { replicas } } })
  }

  /** Asks for the end, and does not wait for it. */
  async remove(name: string): Promise<void> {
    await this.#kube.request({ method: 'DELETE', path: this.#of(name) }, within())
  }

  /** Deletes a cluster as nobody should: its finalizers are taken away, and whatever it had stays. */
  async letGo(name: string): Promise<void> {
    await this.remove(name)
    await this.patch(name, { metadata: { finalizers: [] } })
  }

  /** The cluster as soon as it is as wanted; the error shows how it was last. */
  async until(name: string, isMet: (cluster: ClusterObject) => boolean, ms = 60_000): Promise<ClusterObject> {
    let last: ClusterObject | undefined
    const look = async (): Promise<ClusterObject | undefined> => {
      last = await this.get(name)
      return last !== undefined && isMet(last) ? last : undefined
    }
    return poll(look, 50, within(ms)).catch(() => {
      throw new Error(`${name} did not become as wanted in ${ms} ms: ${JSON.stringify(last, undefined, 1)}`)
    })
  }

  /** Waits until the object of this name is gone, or another one by now. */
  async gone(name: string, uid: string, ms = 60_000): Promise<void> {
    const look = async (): Promise<true | undefined> =>
      (await this.get(name))?.metadata.uid === uid ? undefined : true
    await poll(look, 50, within(ms)).catch(async () => {
      const left = JSON.stringify(await this.get(name), undefined, 1)
      throw new Error(`${name} was not gone after ${ms} ms: ${left}`)
    })
  }

  /** Everything that happens to clusters of this namespace from now on, in the order the API server tells it. */
  async history(): Promise<History> {
    const list = record(await this.#kube.request({ method: 'GET', path: this.#path }, within()), 'list')
    const { resourceVersion } = record(list['metadata'], 'metadata')
    const query = { watch: true, resourceVersion: String(resourceVersion) }
    return new History(this.#kube, { path: this.#path, query })
  }

  #of(name: string): string {
    return `${this.#path}/${name}`
  }
}

export class History implements AsyncDisposable {
  readonly sights: Sight[] = []
  readonly #end = new AbortController()
  readonly #running: Promise<void>

  constructor(
    kube: KubeTransport,
    asked: { readonly path: string; readonly query: Readonly<Record<string, string | boolean>> },
  ) {
    this.#running = this.#follow(kube, asked).catch(() => undefined)
  }

  of(uid: string): readonly Sight[] {
    return this.sights.filter(({ object }) => object.metadata.uid === uid)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Error('the test is over'))
    await this.#running
  }

  async #follow(
    kube: KubeTransport,
    asked: { readonly path: string; readonly query: Readonly<Record<string, string | boolean>> },
  ): Promise<void> {
    const request = { method: 'GET', ...asked, idleMs: 300_000 } as const
    for await (const frame of kube.stream(request, { signal: this.#end.signal })) {
      if (frame.kind !== 'frame') continue
      const { type, object } = record(frame.value, 'frame')
      this.sights.push({ at: Date.now(), type: String(type), object: clusterOf(object) })
    }
  }
}

export const condition = ({ status }: ClusterObject, type: string) =>
  status?.conditions?.find(each => each.type === type)

/** Ready for its newest spec with nothing under way. Counts in status may still be those of some seconds ago. */
export function isSettled(cluster: ClusterObject): boolean {
  const { metadata, status } = cluster
  return (
    status?.observedGeneration === metadata.generation &&
    condition(cluster, 'Ready')?.status === 'True' &&
    condition(cluster, 'WorkersReady')?.status === 'True' &&
    condition(cluster, 'Reconciling') === undefined &&
    (status.launches ?? []).length === 0
  )
}

/** Answers of the API server have this shape by the custom resource's schema. */
function clusterOf(raw: unknown): ClusterObject {
  const object: ClusterObject = JSON.parse(JSON.stringify(raw))
  return object
}
