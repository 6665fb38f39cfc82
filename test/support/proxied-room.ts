import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { poll } from '../../src/lib/wait.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { OperatorProcess } from './operator.ts'
import { OperatorRoom, type Start } from './operator-room.ts'
import type { ProxiedWatch } from './proxied-watch.ts'
import { healthPort, sampled, scraped } from './scrape.ts'

/** A room in a namespace of its own, whose operators reach the API server through a fault proxy and the test does not. */
export class ProxiedRoom implements AsyncDisposable {
  readonly proxy: FaultProxy
  readonly room: OperatorRoom
  readonly namespace: string
  readonly #all: AsyncDisposableStack

  private constructor(
    { proxy, room, namespace }: Pick<ProxiedRoom, 'proxy' | 'room' | 'namespace'>,
    all: AsyncDisposableStack,
  ) {
    this.proxy = proxy
    this.room = room
    this.namespace = namespace
    this.#all = all
  }

  static async open(plane: SharedControlPlane): Promise<ProxiedRoom> {
    await using all = new AsyncDisposableStack()
    const namespace = `${plane.namespace}-${randomBytes(3).toString('hex')}`
    await plane.kubectl(['create', 'namespace', namespace])
    all.defer(() => plane.kubectl(['delete', 'namespace', namespace, '--wait=false']).then(() => undefined))
    // An installation that has its key: a first start looks, by one list more, whether one was lost.
    const seal = ['secret', 'generic', 'dask-cloud-operator-seal', `--from-literal=key=${namespace}`]
    await plane.kubectl(['create', ...seal, '-n', namespace])
    const proxy = all.use(await FaultProxy.open(plane))
    const room = all.use(await OperatorRoom.open({ ...plane, namespace }))
    await proxy.kubeconfig(join(room.directory, 'kubeconfig'))
    return new ProxiedRoom({ proxy, room, namespace }, all.move())
  }

  /** An operator that works and watches, unless it waits for a lease. */
  async operator(start: Start = {}): Promise<OperatorProcess> {
    const operator = this.start(start)
    await operator.logged(start.flags === undefined ? '"ready"' : 'waiting for the lease', 30_000)
    if (start.flags === undefined) await this.room.until('a watch', () => this.proxy.watches().length > 0)
    return operator
  }

  start(start: Start = {}): OperatorProcess {
    return this.room.operator({ ...start, kubeconfig: this.kubeconfig })
  }

  /** The way through the proxy. */
  get kubeconfig(): string {
    return join(this.room.directory, 'kubeconfig')
  }

  /** The watch of clusters, which is opened a moment after its operator is ready. */
  async watch(): Promise<ProxiedWatch> {
    const open = async (): Promise<ProxiedWatch | undefined> => this.proxy.watches()[0]
    return poll(open, 20, { signal: AbortSignal.timeout(30_000) })
  }

  /** The sum of an operator's samples of a metric. */
  async metric(operator: OperatorProcess, name: string, ...labels: readonly string[]): Promise<number> {
    const { body } = await scraped(healthPort(await operator.log()))
    return sampled(body, `dask_cloud_operator_${name}`, ...labels)
  }

  /**
   * Resolves when an operator has read what was told it before: its event loop has turned twice since, and an end
   * of a connection throws away what is not read yet.
   */
  async heard(operator: OperatorProcess): Promise<void> {
    const port = healthPort(await operator.log())
    await scraped(port)
    await scraped(port)
  }

  /** Lists that operators asked for, each with what it was asked with. */
  lists(resource: string): readonly URLSearchParams[] {
    return this.proxy.arrivals
      .filter(({ method, path, isWatch }) => method === 'GET' && !isWatch && path.endsWith(`/${resource}`))
      .map(({ query }) => query)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}
