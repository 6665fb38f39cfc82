import { randomBytes } from 'node:crypto'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { startControlPlane } from '../controlplane/index.ts'
import { runKubectl } from '../controlplane/kubectl.ts'
import { makeCrd, makeNamespace, members, read, served, word } from './kubernetes.ts'
import type { Timeline } from './timeline.ts'

/** Where the demo plays: an API server that has the custom resource, and the namespaces it uses there. */
export interface Ground {
  readonly kubeconfig: string
  /** Said to everybody who connects: the current context may be changed while the demo runs. */
  readonly context: string | undefined
  readonly kube: KubeTransport
  readonly operatorNamespace: string
  /** Where clusters are. */
  readonly tenants: readonly string[]
  /** Namespaces that the operator serves; none stands for all. */
  readonly watched: readonly string[]
  /** What a person types for kubectl here. */
  readonly kubectlWords: readonly string[]
  /** Runs kubectl in the first tenant's namespace; throws an Error with its complaint. */
  readonly kubectl: (args: readonly string[]) => Promise<string>
  /** What is said to be removed at the end. */
  readonly things: string
}

export interface Building {
  readonly timeline: Timeline
  /** What is made is removed with it, in the reverse order. */
  readonly open: AsyncDisposableStack
  /** How many namespaces for clusters. */
  readonly tenants: number
}

/** An API server of the demo's own, which ends with it. */
export async function ownGround(building: Building, { signal }: Call): Promise<Ground> {
  const { timeline, open, tenants: count } = building
  const plane = open.use(await startControlPlane({ signal, progress: line => timeline.note(line) }))
  signal.throwIfAborted()
  const kube = open.use(await connectKube({ kubeconfig: plane.kubeconfig, connections: 64 }))
  timeline.step('API server', `Kubernetes ${await versionOf(kube, { signal })} answers`)
  await makeCrd(kube)
  await served(kube, { signal })
  const operatorNamespace = 'dask-cloud-operator'
  const tenants = count === 1 ? ['default'] : numbered('team', count)
  for (const name of [operatorNamespace, ...tenants.filter(each => each !== 'default')])
    await makeNamespace(kube, name)
  timeline.step('CRD', 'DaskCloudCluster is established')
  return {
    kubeconfig: plane.kubeconfig,
    context: undefined,
    kube,
    operatorNamespace,
    tenants,
    watched: [],
    kubectlWords: plane.kubectlCommand,
    kubectl: args => stoppable(plane.kubectl(args), { signal }),
    things: 'the operator and the API server; their files are removed',
  }
}

export async function versionOf(kube: KubeTransport, call: Call): Promise<string> {
  return word(members(await read(kube, '/version', call))['gitVersion']) ?? 'of an unknown version'
}

/** `dask-demo-1a2b-operator`, and a namespace for each tenant: names that nobody else has. */
export function ownNames(count: number): { readonly operator: string; readonly tenants: readonly string[] } {
  const base = `dask-demo-${randomBytes(3).toString('hex')}`
  return { operator: `${base}-operator`, tenants: count === 1 ? [base] : numbered(base, count) }
}

const numbered = (name: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${name}-${at + 1}`)

/** kubectl in one namespace of a cluster of the user's. */
export const kubectlIn =
  (
    command: readonly string[],
    { kubeconfig, flags }: { readonly kubeconfig: string; readonly flags: readonly string[] },
    call: Call,
  ) =>
  (args: readonly string[]): Promise<string> =>
    stoppable(runKubectl(command, { kubeconfig, args: [...flags, ...args] }), call)

/** The work is not ended by the signal, but nobody waits for it any more. */
export function stoppable<T>(work: PromiseLike<T>, { signal }: Call): Promise<T> {
  const stopped = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, stopped])
}
