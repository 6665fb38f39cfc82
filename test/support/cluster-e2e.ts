import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { stringify } from 'yaml'
import { apiVersion, group, kind, plural, version } from '../../src/api/names.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Condition } from '../../src/model/status.ts'
import { secretLabels } from '../../src/pki/secret.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { LocalFleet } from './local-fleet.ts'
import { type OperatorOptions, OperatorProcess, operatorDirectory } from './operator.ts'
import { daskPython, tell } from './python.ts'
import { ownRights } from './rights.ts'
import { StageScan } from './stage-scan.ts'
import { keyParts } from './traces.ts'

/** A DaskCloudCluster as the API server has it. */
export interface ClusterResource {
  readonly metadata: {
    readonly uid: string
    readonly generation: number
    readonly resourceVersion: string
  }
  readonly spec: { readonly workers: { readonly replicas: number } }
  readonly status: {
    readonly conditions: readonly Condition[]
    readonly schedulerAddress?: string
    readonly dashboardURL?: string
    readonly workers?: { readonly replicas: number; readonly ready: number }
    readonly launches?: readonly unknown[]
  }
}

export interface SecretResource {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly resourceVersion: string }
  /** Base64. */
  readonly data: Readonly<Record<string, string>>
}

type OperatorHow = Pick<OperatorOptions, 'settings' | 'env'>

interface Parts {
  readonly plane: SharedControlPlane
  readonly python: string
  readonly folder: { readonly path: string } & AsyncDisposable
  readonly how: OperatorHow
  readonly rights: Awaited<ReturnType<typeof ownRights>>
  readonly kubeconfig: string
}

/**
 * One operator with real machines at a real API server: its own namespace is not that of the clusters, and it is nobody but
 * the manifest's ServiceAccount. Closing it fails where a key has come to where it does not belong, or where it asked for
 * more than its rights.
 */
export class ClusterStage implements AsyncDisposable {
  readonly plane: SharedControlPlane
  readonly python: string
  readonly folder: string
  readonly fleet: LocalFleet
  /** Parts of every private key that was read. */
  readonly keys = new Set<string>()
  /** Every status that was read, as text. */
  readonly statuses = new Set<string>()
  #operator: OperatorProcess | undefined
  readonly #agent: Agent
  readonly #parts: Parts
  readonly #scan: StageScan

  private constructor(parts: Parts) {
    const { plane, python, folder } = parts
    this.plane = plane
    this.python = python
    this.#parts = parts
    this.#scan = new StageScan(this)
    this.folder = folder.path
    this.fleet = new LocalFleet(join(folder.path, 'state'))
    this.#agent = new Agent({ connect: { ca: plane.authority } })
  }

  /** `how` says what the operator is told beside what every stage tells it. */
  static async open(plane: SharedControlPlane, how: OperatorHow = {}): Promise<ClusterStage> {
    const python = await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell })
    const folder = await operatorDirectory()
    const rights = await ownRights(plane, operatorNamespaceOf(plane))
    const kubeconfig = await rights.kubeconfigIn(folder.path)
    const stage = new ClusterStage({ plane, python, folder, how, rights, kubeconfig })
    stage.startOperator()
    return stage
  }

  get tenant(): string {
    return this.plane.namespace
  }

  get operatorNamespace(): string {
    return operatorNamespaceOf(this.plane)
  }

  get operator(): OperatorProcess {
    if (this.#operator === undefined) throw new Error('no operator was started')
    return this.#operator
  }

  startOperator(): OperatorProcess {
    this.#operator = new OperatorProcess({
      kubeconfig: this.#parts.kubeconfig,
      namespace: this.operatorNamespace,
      watch: this.tenant,
      directory: this.folder,
      ...this.#parts.how,
      flags: ['--local-python', this.python, '--log-level', 'trace'],
    })
    return this.#operator
  }

  /** kubectl in the clusters' namespace. */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.plane.kubectl(['--namespace', this.tenant, ...args])
  }

  /** Writes `NAME.yaml` and applies it as a person would. */
  async apply(name: string, spec: unknown): Promise<void> {
    const path = join(this.folder, `${name}.yaml`)
    await writeFile(path, stringify({ apiVersion, kind, metadata: { name }, spec }))
    await this.kubectl('apply', '-f', path)
  }

  patch(name: string, spec: unknown): Promise<string> {
    return this.kubectl('patch', `dcc/${name}`, '--type=merge', '-p', JSON.stringify({ spec }))
  }

  async cluster(name: string): Promise<ClusterResource> {
    const path = `/apis/${group}/${version}/namespaces/${this.tenant}/${plural}/${name}`
    const found = (await this.get(path)) as ClusterResource | undefined
    if (found === undefined) throw new Error(`there is no cluster ${name}`)
    this.statuses.add(JSON.stringify(found.status))
    return found
  }

  /** The resource once it is as wanted; the error shows how it is instead. */
  async until(
    name: string,
    isWanted: (cluster: ClusterResource) => boolean | Promise<boolean>,
    ms = 60_000,
  ): Promise<ClusterResource> {
    const wanted = async (): Promise<ClusterResource | undefined> => {
      const cluster = await this.cluster(name)
      return (await isWanted(cluster)) ? cluster : undefined
    }
    return poll(wanted, 100, { signal: AbortSignal.timeout(ms) }).catch(async (cause: unknown) => {
      const { status } = await this.cluster(name)
      const said = (await this.operator.log()).slice(-3_000)
      throw new Error(`not so in ${ms} ms; status ${JSON.stringify(status, null, 1)}\n${said}`, { cause })
    })
  }

  /** Everything that was asked for is there and nothing else. */
  async settled(name: string, ms = 60_000): Promise<ClusterResource> {
    const isMet = async (each: ClusterResource): Promise<boolean> =>
      isSettled(each) && (await this.#fits(each))
    const cluster = await this.until(name, isMet, ms)
    await this.#scan.look(cluster, await this.secretsOf(cluster))
    return cluster
  }

  /** A Secret, or undefined where there is none. */
  async secret(namespace: string, name: string): Promise<SecretResource | undefined> {
    const found = await this.get(`/api/v1/namespaces/${namespace}/secrets/${name}`)
    if (found === undefined) return undefined
    const secret = found as SecretResource
    this.#note([secret])
    return secret
  }

  clientSecret(name: string): Promise<SecretResource | undefined> {
    return this.secret(this.tenant, `${name}-client`)
  }

  /** The Secrets of one cluster, in the operator's namespace and in the tenant's. */
  async secretsOf({ metadata: { uid } }: ClusterResource): Promise<readonly SecretResource[]> {
    const selector = encodeURIComponent(`${secretLabels.uid}=${uid}`)
    const lists = await Promise.all(
      [this.operatorNamespace, this.tenant].map(namespace =>
        this.get(`/api/v1/namespaces/${namespace}/secrets?labelSelector=${selector}`),
      ),
    )
    const found = lists.flatMap(each => (each as { readonly items: readonly SecretResource[] }).items)
    this.#note(found)
    return found
  }

  /** Undefined where the API server knows nothing of that path. */
  async get(path: string): Promise<unknown> {
    const { statusCode, body } = await request(`${this.plane.url}${path}`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.plane.token}` },
    })
    const text = await body.text()
    if (statusCode === 404) return undefined
    if (statusCode !== 200) throw new Error(`GET ${path} answered ${statusCode}: ${text}`)
    return JSON.parse(text) as unknown
  }

  async subfolder(name: string): Promise<string> {
    const path = join(this.folder, name)
    await mkdir(path, { recursive: true })
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { folder, rights } = this.#parts
    await this.operator.stop()
    const problems = await this.#scan.findings(rights.grants)
    await this.fleet.killAll()
    await rights[Symbol.asyncDispose]()
    await this.#agent.close()
    await folder[Symbol.asyncDispose]()
    if (problems.length > 0) throw new Error(problems.join('\n'))
  }

  #note(secrets: readonly SecretResource[]): void {
    this.#scan.note(secrets)
    for (const part of keyParts(secrets)) this.keys.add(part)
  }

  async #fits({ spec }: ClusterResource): Promise<boolean> {
    const machines = await this.fleet.machines()
    const workers = machines.filter(({ role }) => role === 'worker').length
    return workers === spec.workers.replicas && machines.length === workers + 1
  }
}

const operatorNamespaceOf = ({ namespace }: SharedControlPlane): string => `${namespace}-operator`

export const conditionOf = ({ status }: ClusterResource, type: string): Condition | undefined =>
  status.conditions.find(each => each.type === type)

/** What was asked for last is served, and the operator has nothing under way. */
export function isSettled(cluster: ClusterResource): boolean {
  const isServing = ['Ready', 'WorkersReady'].every(type => {
    const found = conditionOf(cluster, type)
    return found?.status === 'True' && found.observedGeneration === cluster.metadata.generation
  })
  return (
    isServing &&
    conditionOf(cluster, 'Reconciling') === undefined &&
    (cluster.status.launches ?? []).length === 0
  )
}
