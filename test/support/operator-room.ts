import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import { poll } from '../../src/lib/wait.ts'
import { CloudLedger } from './cloud-ledger.ts'
import { ClusterDesk, type ClusterObject, isSettled } from './cluster-desk.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { type Fate, fateVariable } from './fate.ts'
import { OperatorProcess, operatorDirectory } from './operator.ts'

export interface Start {
  readonly flags?: readonly string[]
  readonly settings?: Readonly<Record<string, string>>
  /** Another way to the API server. */
  readonly kubeconfig?: string
  readonly name?: string
  /** Points at which it is killed or frozen. */
  readonly fate?: Fate
}

const mortal = 'test/support/mortal-operator.ts'

/** A simulated cloud of its own, clusters in the file's namespace, and operators to serve them. */
export class OperatorRoom implements AsyncDisposable {
  readonly clusters: ClusterDesk
  readonly ledger: CloudLedger
  readonly kube: KubeTransport
  readonly directory: string
  readonly #plane: SharedControlPlane
  readonly #all: AsyncDisposableStack

  private constructor(
    plane: SharedControlPlane,
    kube: KubeTransport,
    directory: string,
    all: AsyncDisposableStack,
  ) {
    this.#plane = plane
    this.#all = all
    this.kube = kube
    this.directory = directory
    this.clusters = new ClusterDesk(kube, plane.namespace)
    this.ledger = new CloudLedger(join(directory, 'simulated.jsonl'))
  }

  static async open(plane: SharedControlPlane): Promise<OperatorRoom> {
    await using all = new AsyncDisposableStack()
    const directory = all.use(await operatorDirectory())
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    return new OperatorRoom(plane, kube, directory.path, all.move())
  }

  /** An operator that leads at once, with machines that start at once; it is stopped with the room at the latest. */
  operator({ flags = ['--no-leader-elect'], settings, kubeconfig, name, fate }: Start = {}): OperatorProcess {
    const process = new OperatorProcess({
      kubeconfig: kubeconfig ?? this.#plane.kubeconfig,
      namespace: this.#plane.namespace,
      directory: this.directory,
      settings: { 'simulated-startup': '100ms', ...settings },
      flags,
      ...(name === undefined ? {} : { name }),
      ...(fate === undefined ? {} : { program: mortal, env: { [fateVariable]: JSON.stringify(fate) } }),
    })
    return this.#all.use(process)
  }

  /** What the simulated cloud does wrong from now on, where operators were started with `'simulated-faults': room.faultsFile`. */
  rehearse(rules: readonly object[]): void {
    writeFileSync(this.faultsFile, JSON.stringify(rules))
  }

  get faultsFile(): string {
    return join(this.directory, 'faults.json')
  }

  /** Waits for something in the cloud or in the operator's log. */
  async until(what: string, isMet: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
    const look = async (): Promise<true | undefined> => ((await isMet()) ? true : undefined)
    await poll(look, 20, { signal: AbortSignal.timeout(ms) }).catch(() => {
      throw new Error(`it never came to this: ${what}; the cloud: ${JSON.stringify(this.ledger.marks)}`)
    })
  }

  /** Ready for its newest spec, with one scheduler and as many workers in the cloud as wanted. */
  settled(name: string, replicas: number, ms?: number): Promise<ClusterObject> {
    const { ledger } = this
    const isMet = (cluster: ClusterObject): boolean =>
      isSettled(cluster) &&
      ledger.alive(cluster.metadata.uid, 'worker').length === replicas &&
      ledger.alive(cluster.metadata.uid, 'scheduler').length === 1
    return this.clusters.until(name, isMet, ms)
  }

  /** Asks for the cluster's end, and waits until nothing of it is left. */
  async removed(name: string): Promise<void> {
    const cluster = await this.clusters.get(name)
    if (cluster === undefined) return
    await this.clusters.remove(name)
    await this.clusters.gone(name, cluster.metadata.uid)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#all.disposeAsync()
  }
}

/** How a line of the log tells that a step was taken. */
export const tookStep = (log: string, type: string): boolean =>
  log.split('\n').some(line => line.includes('"step taken"') && line.includes(`"type":"${type}"`))
