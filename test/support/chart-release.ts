import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from '../../scripts/chart-tools/index.ts'
import type { ControlPlane } from '../../scripts/controlplane/index.ts'
import { poll } from '../../src/lib/wait.ts'
import { chart, type RenderedDeployment } from './chart.ts'
import { CloudLedger } from './cloud-ledger.ts'
import { OperatorProcess } from './operator.ts'
import { kubeconfigOf } from './rights.ts'

interface Parts {
  readonly plane: ControlPlane
  /** The path of Helm. */
  readonly program: string
  readonly directory: string
  readonly name?: string
  /** The namespace of the release. */
  readonly home?: string
}

const cluster = 'dcc/demo'
const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

/**
 * A release of the chart, an operator that runs as its Deployment says, and a cluster on the simulated cloud. No pod runs here:
 * the container is a process with the ServiceAccount's token, and the image's program is the one of this folder.
 */
export class ChartRelease implements AsyncDisposable {
  readonly #parts: Parts
  readonly #name: string
  readonly #home: string
  readonly #ledger: CloudLedger
  #operator: OperatorProcess | undefined
  #count = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#name = parts.name ?? 'dask'
    this.#home = parts.home ?? 'dask-release'
    this.#ledger = new CloudLedger(join(parts.directory, 'simulated.jsonl'))
  }

  /** `helm install`, `upgrade`, `rollback` or `uninstall` of the release, without waiting for pods. */
  helm(verb: 'install' | 'upgrade' | 'rollback' | 'uninstall', ...more: readonly string[]): Promise<string> {
    const { plane, program, directory } = this.#parts
    const folders = ['cache', 'config', 'data'].map(each => [
      `HELM_${each.toUpperCase()}_HOME`,
      join(directory, `helm-${each}`),
    ])
    const env = { ...process.env, ...Object.fromEntries(folders), KUBECONFIG: plane.kubeconfig }
    const sets = ['settings.allowClouds={simulated}', 'settings.simulatedStartup=0ms']
    sets.push(`settings.simulatedState=${join(directory, 'simulated.jsonl')}`)
    const hasValues = verb === 'install' || verb === 'upgrade'
    const values = hasValues ? sets.flatMap(each => ['--set', each]) : []
    return runTool(program, [verb, this.#name, ...more, ...values, '--namespace', this.#home], { env })
  }

  /** What the Deployment's controller does: the new operator comes, the old one goes. Returns the arguments of the new one. */
  async roll(): Promise<readonly string[]> {
    const { plane, directory } = this.#parts
    const home = this.#home
    const path = ['get', `deployment/${this.#name}-dask-cloud-operator`, '--namespace', home, '-o', 'json']
    const deployment: RenderedDeployment = JSON.parse(await plane.kubectl(path))
    const { serviceAccountName: account, containers } = deployment.spec.template.spec
    const [{ args, env = [] }] = containers
    const kubeconfig = await kubeconfigOf(plane, { namespace: home, account }, directory)
    // The token, the namespace beside it, and an address of this machine alone are what a pod would bring.
    const served = args.map(each => each.replace('=0.0.0.0:8080', '=127.0.0.1:0'))
    this.#count += 1
    const next = new OperatorProcess({
      argv: [...served, `--kubeconfig=${kubeconfig}`, `--namespace=${home}`],
      env: Object.fromEntries(env.map(each => [each.name, each.value ?? ''])),
      kubeconfig,
      namespace: home,
      directory,
      name: `operator-${this.#count}`,
    })
    const last = this.#operator
    this.#operator = next
    if (last !== undefined) await next.logged('waiting for the lease')
    await last?.[Symbol.asyncDispose]()
    await next.logged('this process leads')
    return args
  }

  /** Makes the cluster and waits until it serves. */
  async cluster(replicas: number): Promise<void> {
    const spec = { cloud: { simulated: {} }, workers: { replicas } }
    const metadata = { name: 'demo' }
    const object = { apiVersion: 'cloud.dask.org/v1alpha1', kind: 'DaskCloudCluster', metadata, spec }
    await this.#kubectl(['apply', '-f', '-'], JSON.stringify(object))
    await this.#kubectl(['wait', cluster, '--for=condition=Ready', '--timeout=60s'])
  }

  /** Shows that the operator works: it brings the cluster to so many workers. */
  async scaled(replicas: number): Promise<void> {
    await this.#kubectl(['scale', cluster, `--replicas=${replicas}`])
    const ready = `--for=jsonpath={.status.workers.ready}=${replicas}`
    await this.#kubectl(['wait', cluster, ready, '--timeout=60s'])
  }

  /** The ids of the cluster's machines that live. */
  async machines(): Promise<readonly string[]> {
    const uid = await this.#kubectl(['get', cluster, '-o', 'jsonpath={.metadata.uid}'])
    return this.#ledger.alive(uid).map(({ id }) => id)
  }

  /** The cluster is deleted, and nothing of it is left in the cloud. */
  async ended(): Promise<readonly string[]> {
    await this.#kubectl(['delete', cluster, '--timeout=60s'])
    return this.#ledger.left
  }

  /** The pods are gone. */
  async stop(): Promise<void> {
    const last = this.#operator
    this.#operator = undefined
    await last?.[Symbol.asyncDispose]()
  }

  /** The names of the release's objects that are still there, wherever they are. */
  objects(): Promise<string> {
    const kinds =
      'deployments,services,serviceaccounts,networkpolicies,poddisruptionbudgets,roles,rolebindings'
    const own = ['-A', '-l', `app.kubernetes.io/instance=${this.#name}`, '-o', 'name']
    return this.#kubectl(['get', `${kinds},clusterroles,clusterrolebindings`, ...own])
  }

  /** A word of the custom resource's definition that the older chart does not have. */
  async columns(): Promise<string> {
    const path = 'jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}'
    const said = await this.#kubectl(['get', 'crd/daskcloudclusters.cloud.dask.org', '-o', path])
    return said.trim()
  }

  /** The older definition is not there any more, or a newer one is: what an API server shows a moment later. */
  async definitionGone(): Promise<true> {
    const gone = (): Promise<true | undefined> =>
      this.columns().then(
        () => undefined,
        (error: unknown) => (String(error).includes('NotFound') ? true : undefined),
      )
    return poll(gone, 100, within(20_000))
  }

  #kubectl(args: readonly string[], input?: string): Promise<string> {
    return this.#parts.plane.kubectl(args, input)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** The chart as an earlier version might have been: its definition has a printer column less. */
export async function olderChart(directory: string): Promise<string> {
  const folder = join(directory, 'older')
  await cp(chart, folder, { recursive: true })
  const path = join(folder, 'files/crds/cloud.dask.org_daskcloudclusters.yaml')
  const text = await readFile(path, 'utf8')
  const column = /\n +- name: Cloud\n(?: {10}.*\n){2} {10}.*(?=\n)/
  if (!column.test(text)) throw new Error('the definition has no column Cloud')
  await writeFile(path, text.replace(column, ''))
  const about = join(folder, 'Chart.yaml')
  await writeFile(about, (await readFile(about, 'utf8')).replace(/^version: .*/m, 'version: 0.0.9'))
  return folder
}
