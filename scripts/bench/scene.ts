import { purpose } from '../../src/api/names.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { connectKube } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import { established } from '../controlplane/established.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/index.ts'
import { Clusters } from './clusters.ts'
import { type Counts, countsOf } from './counts.ts'
import type { BenchCall, Home } from './home.ts'
import { MeasuredOperator, type OperatorOptions } from './operator.ts'

const namespace = 'bench'
export const operatorNamespace = 'dask-system'
/** Longer than changes of counts alone wait to be written. */
const quietMs = 12_000
/** The first time, the control plane is built. */
const startMs = 1_800_000

interface BothCounts extends Counts {
  /** By the operator. */
  readonly sent: number
  readonly operatorCpuMs: number
}

interface Parts {
  readonly plane: ControlPlane
  readonly kube: KubeTransport
  readonly home: Home
  readonly call: Call
}

/** A control plane with our custom resource, a client, and the operator once it is started. */
export class Scene implements AsyncDisposable {
  readonly kube: KubeTransport
  readonly clusters: Clusters
  /** Ends whatever is measured. */
  readonly call: Call
  readonly #plane: ControlPlane
  readonly #home: Home
  readonly #all: AsyncDisposableStack
  #operator: MeasuredOperator | undefined

  private constructor({ plane, kube, home, call }: Parts, all: AsyncDisposableStack) {
    this.#plane = plane
    this.kube = kube
    this.call = call
    this.#home = home
    this.clusters = new Clusters(kube, namespace, call)
    this.#all = all
  }

  static async open(home: Home, call: BenchCall): Promise<Scene> {
    await using all = new AsyncDisposableStack()
    const { signal } = within(call, startMs)
    const plane = all.use(await startControlPlane({ signal, progress: call.progress, controllers: false }))
    await plane.kubectl(['apply', '-f', 'crds/'])
    await established(plane, 'crds/')
    for (const name of [namespace, operatorNamespace]) await plane.kubectl(['create', 'namespace', name])
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    return new Scene({ plane, kube, home, call }, all.move())
  }

  get operator(): MeasuredOperator {
    if (this.#operator === undefined) throw new Error('the operator has not been started')
    return this.#operator
  }

  async startOperator(options: Pick<OperatorOptions, 'settings' | 'env'> = {}): Promise<void> {
    const { kubeconfig } = this.#plane
    const operator = new MeasuredOperator({
      ...options,
      kubeconfig,
      namespace: operatorNamespace,
      home: this.#home,
    })
    this.#operator = this.#all.use(operator)
    await operator.ready(within(this.call, 60_000))
  }

  /** In a Secret that clusters may name. */
  async giveCredentials(name: string, stringData: Readonly<Record<string, string>>): Promise<void> {
    const metadata = { name, labels: { [purpose.label]: purpose.credentials } }
    const path = `/api/v1/namespaces/${namespace}/secrets`
    const body = { metadata, stringData }
    await this.kube.request({ method: 'POST', path, body }, within(this.call, 60_000))
  }

  /** As the API server has counted, and the operator: both at a moment at which nothing was on its way. */
  async counts(): Promise<BothCounts> {
    const look = async (): Promise<BothCounts | undefined> => {
      const before = await this.operator.vitals()
      const counts = await countsOf(this.kube, this.clusters.written, this.call)
      const { writes: sent, cpuMs: operatorCpuMs } = await this.operator.vitals()
      return before.writes === sent ? { ...counts, sent, operatorCpuMs } : undefined
    }
    return poll(look, 500, within(this.call, 60_000))
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
    await poll(look, 1_000, within(this.call, 300_000))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}
