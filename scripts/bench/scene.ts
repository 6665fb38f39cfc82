import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { connectKube } from '../../src/kube/transport.ts'
import { poll } from '../../src/lib/wait.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/index.ts'
import { Clusters } from './clusters.ts'
import { type Counts, countsOf } from './counts.ts'
import { MeasuredOperator } from './operator.ts'

const namespace = 'bench'
const operatorNamespace = 'dask-system'
/** Longer than changes of counts alone wait to be written. */
const quietMs = 12_000

/** A control plane with our custom resource, a client, and the operator once it is started. */
export class Scene implements AsyncDisposable {
  readonly kube: KubeTransport
  readonly clusters: Clusters
  readonly progress: (line: string) => void
  readonly #plane: ControlPlane
  readonly #directory: string
  readonly #all: AsyncDisposableStack
  #operator: MeasuredOperator | undefined

  private constructor(
    parts: { plane: ControlPlane; kube: KubeTransport; directory: string; progress: (line: string) => void },
    all: AsyncDisposableStack,
  ) {
    this.#plane = parts.plane
    this.kube = parts.kube
    this.#directory = parts.directory
    this.progress = parts.progress
    this.clusters = new Clusters(parts.kube, namespace)
    this.#all = all
  }

  static async open(progress: (line: string) => void): Promise<Scene> {
    await using all = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'dask-bench-'))
    all.defer(() => rm(directory, { recursive: true, force: true }))
    const plane = all.use(
      await startControlPlane({ signal: AbortSignal.timeout(1_800_000), progress, controllers: false }),
    )
    await plane.kubectl(['apply', '-f', 'crds/'])
    await plane.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', 'crds/'])
    for (const name of [namespace, operatorNamespace]) await plane.kubectl(['create', 'namespace', name])
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    return new Scene({ plane, kube, directory, progress }, all.move())
  }

  get operator(): MeasuredOperator {
    if (this.#operator === undefined) throw new Error('the operator has not been started')
    return this.#operator
  }

  async startOperator(): Promise<MeasuredOperator> {
    const { kubeconfig } = this.#plane
    const operator = new MeasuredOperator({
      kubeconfig,
      namespace: operatorNamespace,
      directory: this.#directory,
    })
    this.#operator = this.#all.use(operator)
    await operator.ready({ signal: AbortSignal.timeout(60_000) })
    return operator
  }

  /** As the API server has counted, and the operator: both at a moment at which nothing was on its way. */
  async counts(): Promise<Counts & { readonly sent: number }> {
    const look = async (): Promise<(Counts & { sent: number }) | undefined> => {
      const before = await this.operator.vitals()
      const counts = await countsOf(this.kube, this.clusters.written)
      const after = await this.operator.vitals()
      return before.writes === after.writes ? { ...counts, sent: after.writes } : undefined
    }
    return poll(look, 500, { signal: AbortSignal.timeout(60_000) })
  }

  /** Waits until nothing was written for longer than anything may wait to be written. */
  async quiet(): Promise<void> {
    let last = await this.operator.vitals()
    let since = performance.now()
    const look = async (): Promise<true | undefined> => {
      const now = await this.operator.vitals()
      if (now.writes !== last.writes) since = performance.now()
      last = now
      return performance.now() - since >= quietMs ? true : undefined
    }
    await poll(look, 1_000, { signal: AbortSignal.timeout(300_000) })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}
