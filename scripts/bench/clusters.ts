import { plural } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { type ClusterObject, condition, isSettled } from '../../test/support/cluster-desk.ts'
import { manifest } from '../../test/support/crd-plane.ts'

/** For a request, and for all clusters together. */
const oneMs = 60_000
const manyMs = 300_000

export interface Applied {
  readonly name: string
  readonly uid: string
  /** Right before it was sent, in milliseconds since the epoch. */
  readonly at: number
}

const simulated = { cloud: { local: null, simulated: {} } }

/** Clusters, of the simulated cloud unless another is named, as a client makes and watches them. */
export class Clusters {
  readonly #kube: KubeTransport
  readonly #path: string
  readonly #call: Call
  /** Requests of ours that changed a cluster. */
  written = 0

  constructor(kube: KubeTransport, namespace: string, call: Call) {
    this.#kube = kube
    this.#call = call
    this.#path = clustersIn(namespace).path
  }

  async apply(name: string, workers: number, spec: object = simulated): Promise<Applied> {
    const body = manifest(name, { ...spec, workers: { replicas: workers } })
    const at = Date.now()
    this.written += 1
    const made = await this.#kube.request(
      { method: 'POST', path: this.#path, body },
      within(this.#call, oneMs),
    )
    return { name, uid: (made as ClusterObject).metadata.uid, at }
  }

  async remove({ name }: Applied): Promise<void> {
    this.written += 1
    await this.#kube.request({ method: 'DELETE', path: `${this.#path}/${name}` }, within(this.#call, oneMs))
  }

  async all(): Promise<readonly ClusterObject[]> {
    const list = await this.#kube.request({ method: 'GET', path: this.#path }, within(this.#call, oneMs))
    return (list as { readonly items: readonly ClusterObject[] }).items
  }

  /** What a client that watches from now on is told of clusters that become Ready. */
  async watch(): Promise<Arrivals> {
    const arrivals = new Arrivals(this.#kube, this.#path, this.#call)
    await arrivals.begun()
    return arrivals
  }

  /** Waits until nothing of any cluster is under way any more. */
  async settled(): Promise<void> {
    const look = async (): Promise<true | undefined> =>
      (await this.all()).every(isSettled) ? true : undefined
    await poll(look, 500, within(this.#call, manyMs))
  }

  async gone(): Promise<void> {
    const look = async (): Promise<true | undefined> => ((await this.all()).length === 0 ? true : undefined)
    await poll(look, 200, within(this.#call, manyMs))
  }
}

/** When each cluster was first seen to be Ready, in milliseconds since the epoch, by UID. */
export class Arrivals implements AsyncDisposable {
  readonly #readyAt = new Map<string, number>()
  readonly #reflector: Reflector<unknown>
  readonly #call: Call

  constructor(kube: KubeTransport, path: string, call: Call) {
    this.#call = call
    const quiet = { metrics: createMetrics(), onProblem: () => undefined }
    this.#reflector = new Reflector({ kube, resource: plural, collection: { path }, parse, ...quiet })
    this.#reflector.onChange(({ object }) => this.#see(object as ClusterObject))
  }

  begun(): Promise<void> {
    return this.#reflector.synced(within(this.#call, oneMs))
  }

  /** When the last of them became Ready. Throws where one does not in time. */
  async last(applied: readonly Applied[]): Promise<number> {
    const look = (): true | undefined =>
      applied.every(({ uid }) => this.#readyAt.has(uid)) ? true : undefined
    await poll(look, 10, within(this.#call, manyMs))
    return Math.max(...applied.map(({ uid }) => this.#readyAt.get(uid) ?? Number.NaN))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reflector[Symbol.asyncDispose]()
  }

  #see(cluster: ClusterObject): void {
    const { uid } = cluster.metadata
    if (isReady(cluster) && !this.#readyAt.has(uid)) this.#readyAt.set(uid, Date.now())
  }
}

const parse = (object: unknown): unknown => object

const isReady = (cluster: ClusterObject): boolean => condition(cluster, 'Ready')?.status === 'True'
