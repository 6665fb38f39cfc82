import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readLease } from '../../src/kube/lease-record.ts'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import { list, record } from '../../src/lib/parse.ts'
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
  /** Beside the test's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Points at which it is killed or frozen. */
  readonly fate?: Fate
  /** Another program that takes the operator's flags. */
  readonly program?: string
  /** The same, with what runs it. */
  readonly command?: readonly [string, ...string[]]
}

export interface Namespaces {
  /** Where clusters and their clients' Secrets are. */
  readonly tenant: string
  /** Where the operator keeps its lease and everybody's keys. */
  readonly operator: string
}

type Access = Pick<SharedControlPlane, 'kubeconfig'>

interface Parts {
  readonly plane: Access
  readonly kube: KubeTransport
  readonly directory: string
  readonly namespaces: Namespaces
  readonly all: AsyncDisposableStack
}

const mortal = 'test/support/mortal-operator.ts'

/** A simulated cloud of its own, clusters in the file's namespace, and operators to serve them. */
export class OperatorRoom implements AsyncDisposable {
  readonly clusters: ClusterDesk
  readonly ledger: CloudLedger
  readonly kube: KubeTransport
  readonly directory: string
  readonly namespaces: Namespaces
  readonly #plane: Access
  readonly #all: AsyncDisposableStack

  private constructor({ plane, kube, directory, namespaces, all }: Parts) {
    this.#plane = plane
    this.#all = all
    this.kube = kube
    this.directory = directory
    this.namespaces = namespaces
    this.clusters = new ClusterDesk(kube, namespaces.tenant)
    this.ledger = new CloudLedger(join(directory, 'simulated.jsonl'))
  }

  static async open(plane: SharedControlPlane): Promise<OperatorRoom> {
    await using all = new AsyncDisposableStack()
    const { path: directory } = all.use(await operatorDirectory())
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    const namespaces = { tenant: plane.namespace, operator: plane.namespace }
    return new OperatorRoom({ plane, kube, directory, namespaces, all: all.move() })
  }

  /** In a directory and namespaces that are there already, and that outlive it. */
  static async openIn(
    plane: Access,
    { directory, namespaces }: Pick<Parts, 'directory' | 'namespaces'>,
  ): Promise<OperatorRoom> {
    await using all = new AsyncDisposableStack()
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    return new OperatorRoom({ plane, kube, directory, namespaces, all: all.move() })
  }

  /** With namespaces of its own, one for clusters and one for operators, so that rooms can be used side by side. */
  static async openApart(plane: SharedControlPlane): Promise<OperatorRoom> {
    await using all = new AsyncDisposableStack()
    const { path: directory } = all.use(await operatorDirectory())
    const kube = all.use(await connectKube({ kubeconfig: plane.kubeconfig }))
    const tenant = `${plane.namespace}-${randomBytes(3).toString('hex')}`
    const namespaces = { tenant, operator: `${tenant}-operator` }
    for (const name of [namespaces.tenant, namespaces.operator]) all.use(await ownNamespace(kube, name))
    return new OperatorRoom({ plane, kube, directory, namespaces, all: all.move() })
  }

  /** An operator that leads at once, with machines that start at once; it is stopped with the room at the latest. */
  operator({
    flags = ['--no-leader-elect'],
    settings,
    kubeconfig,
    name,
    fate,
    program,
    command,
    env = {},
  }: Start = {}): OperatorProcess {
    const process = new OperatorProcess({
      kubeconfig: kubeconfig ?? this.#plane.kubeconfig,
      namespace: this.namespaces.operator,
      watch: this.namespaces.tenant,
      directory: this.directory,
      settings: { 'simulated-startup': '100ms', ...settings },
      flags,
      ...(name === undefined ? {} : { name }),
      env: { ...env, ...(fate === undefined ? {} : { [fateVariable]: JSON.stringify(fate) }) },
      ...(fate === undefined ? {} : { program: mortal }),
      ...(program === undefined ? {} : { program }),
      ...(command === undefined ? {} : { command }),
    })
    return this.#all.use(process)
  }

  /** What the simulated cloud does wrong from now on, where operators were started with `'simulated-faults': room.faultsFile`. */
  rehearse(rules: readonly object[]): void {
    writeFileSync(this.faultsFile, JSON.stringify(rules))
  }

  /** An operator whose simulated cloud does wrong what it is told to, from these rules on. */
  rehearsing(
    rules: readonly object[] = [],
    settings: Readonly<Record<string, string>> = {},
  ): OperatorProcess {
    this.rehearse(rules)
    return this.operator({ settings: { 'simulated-faults': this.faultsFile, ...settings } })
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

  /** Who holds the operators' lease now: '' for nobody. An identity holds the pid between underscores. */
  async leaseHolder(): Promise<string> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${this.namespaces.operator}/leases/dask-cloud-operator`
    const call = { signal: AbortSignal.timeout(10_000) }
    return readLease(await this.kube.request({ method: 'GET', path }, call)).holder
  }

  /** The Secrets of both namespaces, by name, but for the one that an operator keeps for itself. */
  async secrets(): Promise<readonly string[]> {
    const call = { signal: AbortSignal.timeout(30_000) }
    const found = [...new Set(Object.values(this.namespaces))].map(async namespace => {
      const path = `/api/v1/namespaces/${namespace}/secrets`
      const { items } = record(await this.kube.request({ method: 'GET', path }, call), 'secrets')
      return list(items, 'items').map(each =>
        String(record(record(each, 'secret')['metadata'], 'metadata')['name']),
      )
    })
    return (await Promise.all(found)).flat().filter(name => name !== 'dask-cloud-operator-seal')
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

async function ownNamespace(kube: KubeTransport, name: string): Promise<AsyncDisposable> {
  const path = '/api/v1/namespaces'
  const call = { signal: AbortSignal.timeout(30_000) }
  await kube.request({ method: 'POST', path, body: { metadata: { name } } }, call)
  return {
    async [Symbol.asyncDispose]() {
      const end = { signal: AbortSignal.timeout(30_000) }
      await kube.request({ method: 'DELETE', path: `${path}/${name}` }, end)
    },
  }
}

/** How a line of the log tells that a step was taken. */
export const tookStep = (log: string, type: string): boolean =>
  log.split('\n').some(line => line.includes('"step taken"') && line.includes(`"type":"${type}"`))
