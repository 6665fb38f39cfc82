import type { KubeRequests } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import { findKubectl } from '../controlplane/source.ts'
import type { Asked } from './command.ts'
import { type Fit, Unfit, whatFits } from './fitness.ts'
import { type Building, type Ground, kubectlIn, ownNames } from './ground.ts'
import {
  clusterCount,
  deleteClusters,
  freeClusters,
  type Made,
  makeCrd,
  makeNamespace,
  remove,
  served,
} from './kubernetes.ts'
import { leftNamespaces } from './tenancy.ts'
import type { Timeline } from './timeline.ts'

const deleteMs = 120_000
const removeMs = 120_000

/** The user's cluster, where nothing is touched that the demo has not made. Throws an Unfit before anything is made. */
export async function usersGround(
  asked: Asked & { readonly cluster: NonNullable<Asked['cluster']> },
  building: Building,
  call: Call,
): Promise<Ground> {
  const { timeline, open } = building
  const kubectl = asked.simulated === undefined ? await neededKubectl() : await findKubectl()
  const fit = open.use(await whatFits(asked.cluster, call))
  timeline.step('API server', `Kubernetes ${fit.version} answers at ${fit.server}, context ${fit.context}`)
  const left = await leftNamespaces(fit.kube, call)
  if (left.length > 0)
    timeline.note(`an earlier demo has left ${left.join(', ')}: docs/demo.md says how to remove them`)
  const names = ownNames(building.tenants)
  await makeThere(fit, [names.operator, ...names.tenants], building, call)
  const { kube, context } = fit
  const flags = [`--context=${context}`, `--namespace=${names.tenants[0]}`]
  const kubeconfig = asked.cluster.file
  return {
    kubeconfig,
    context,
    kube,
    operatorNamespace: names.operator,
    tenants: names.tenants,
    watched: names.tenants,
    kubectlWords: [...(kubectl ?? ['kubectl']), `--context=${context}`],
    kubectl: kubectlIn(kubectl ?? [], { kubeconfig, flags }, call),
    things: `the operator; its files${fit.hasCrd ? ' and' : ','} ${1 + names.tenants.length} namespaces${fit.hasCrd ? '' : ' and the CRD'} are removed`,
  }
}

async function neededKubectl(): Promise<readonly string[]> {
  const found = await findKubectl()
  if (found !== undefined) return found
  throw new Unfit(
    'there is no kubectl 1.28 or newer on the PATH: install it (https://kubernetes.io/docs/tasks/tools/). ' +
      'With --simulated N the demo needs none',
  )
}

/** Each thing is on the list of what is to be removed as soon as it is there. */
async function makeThere(
  { kube, hasCrd }: Fit,
  names: readonly string[],
  { timeline, open }: Building,
  call: Call,
): Promise<void> {
  if (!hasCrd) {
    const crd = await makeCrd(kube)
    open.defer(() => removeCrd(kube, crd, timeline))
  }
  await served(kube, call)
  timeline.step('CRD', hasCrd ? 'DaskCloudCluster was there, and stays' : 'DaskCloudCluster is established')
  const made: Made[] = []
  open.defer(() => removeNamespaces(kube, made, timeline))
  for (const name of names) {
    call.signal.throwIfAborted()
    made.push(await makeNamespace(kube, name))
  }
  timeline.step('namespaces', names.join(', '))
}

/** The operator and its machines are gone: what it has not let go, nobody else would. */
async function removeNamespaces(
  kube: KubeRequests,
  made: readonly Made[],
  timeline: Timeline,
): Promise<void> {
  const call = { signal: AbortSignal.timeout(removeMs) }
  const names = made.map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
  timeline.note(`removing ${names.join(', ')}`)
  const free = async (): Promise<void> => {
    for (const name of names) await freeClusters(kube, name, call)
  }
  await remove(kube, made, call, free)
}

/** Somebody may have begun to use it meanwhile: with it all their clusters would go. */
async function removeCrd(kube: KubeRequests, crd: Made, timeline: Timeline): Promise<void> {
  const call = { signal: AbortSignal.timeout(removeMs) }
  const others = await clusterCount(kube, undefined, call)
  if (others === 0) return remove(kube, [crd], call)
  timeline.note(`the CRD stays: clusters that are not the demo’s use it (${others})`)
}

/** While the operator still runs: it takes its finalizers away when the machines are gone. */
export async function endClusters(
  { kube, tenants, watched }: Ground,
  isOperating: () => boolean,
): Promise<void> {
  if (watched.length === 0) return
  const call = { signal: AbortSignal.timeout(deleteMs) }
  for (const name of tenants) await deleteClusters(kube, name, call)
  const ended = async (): Promise<true | undefined> => {
    if (!isOperating()) return true
    const counts = await Promise.all(tenants.map(name => clusterCount(kube, name, call)))
    return counts.every(count => count === 0) ? true : undefined
  }
  // What does not end in time is freed once the operator and the machines are gone.
  await poll(ended, 200, call).catch(() => undefined)
}
