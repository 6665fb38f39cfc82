import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { finalizer, group, plural } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { isKubeError } from '../../src/kube/fault.ts'
import { listAll } from '../../src/kube/pages.ts'
import type { KubeRequests } from '../../src/kube/transport.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { isRecord } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'

/** Something that the demo has made, by the UID that tells it from another of its name. */
export interface Made {
  readonly path: string
  readonly uid: string
}

export type Members = Readonly<Record<string, unknown>>

export const members = (raw: unknown): Members => (isRecord(raw) ? raw : {})
export const items = (raw: unknown): readonly Members[] => (Array.isArray(raw) ? raw.filter(isRecord) : [])
export const word = (raw: unknown): string | undefined => (typeof raw === 'string' ? raw : undefined)
export const metadataOf = (raw: unknown): Members => members(members(raw)['metadata'])

/** On every namespace that a demo makes. */
export const demoLabel = `${group}/demo`

const lookMs = 100
const makeMs = 15_000
const goneMs = 90_000
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const namespaces = '/api/v1/namespaces'
export const crdPath = `${crds}/${plural}.${group}`

/** The CRD of this checkout, as `kubectl apply -f crds/` sends it. */
export const ownCrd = (): unknown =>
  parse(readFileSync(join(import.meta.dirname, '..', '..', 'crds', `${group}_${plural}.yaml`), 'utf8'))

/** Undefined where there is no such object. */
export async function read(kube: KubeRequests, path: string, call: Call): Promise<unknown> {
  try {
    return await kube.request({ method: 'GET', path }, call)
  } catch (error) {
    if (isKubeError(error, 404)) return undefined
    throw error
  }
}

export const makeCrd = (kube: KubeRequests): Promise<Made> => make(kube, crds, ownCrd())

export const makeNamespace = (kube: KubeRequests, name: string): Promise<Made> =>
  make(kube, namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { [demoLabel]: 'true' } },
  })

/** Not to be stopped: what is there and was not heard of could not be removed. */
async function make(kube: KubeRequests, path: string, body: unknown): Promise<Made> {
  const call = { signal: AbortSignal.timeout(makeMs) }
  const { name, uid } = metadataOf(await kube.request({ method: 'POST', path, body }, call))
  return { path: `${path}/${word(name)}`, uid: word(uid) ?? '' }
}

/** Resolves once the API server serves the resource. */
export async function served(kube: KubeRequests, call: Call): Promise<void> {
  const isServed = async (): Promise<true | undefined> => {
    const conditions = items(members(members(await read(kube, crdPath, call))['status'])['conditions'])
    const isEstablished = conditions.some(({ type, status }) => type === 'Established' && status === 'True')
    // Established means soon: the API server answers for it a moment later.
    return isEstablished && (await read(kube, clustersIn().path, call)) !== undefined ? true : undefined
  }
  await poll(isServed, lookMs, within(call, goneMs))
}

/** Deletes what the demo has made, never another of the same name, and resolves when all of it is gone. */
export async function remove(
  kube: KubeRequests,
  all: readonly Made[],
  call: Call,
  meanwhile = async (): Promise<void> => undefined,
): Promise<void> {
  const limited = within(call, goneMs)
  for (const { path, uid } of all)
    await kube
      .request({ method: 'DELETE', path, body: { preconditions: { uid } } }, limited)
      .catch(unless(404, 409))
  let left = all
  const gone = async (): Promise<true | undefined> => {
    await meanwhile()
    const uids = await Promise.all(
      left.map(async ({ path }) => metadataOf(await read(kube, path, limited))['uid']),
    )
    left = left.filter(({ uid }, at) => uids[at] === uid)
    return left.length === 0 ? true : undefined
  }
  await poll(gone, lookMs, limited).catch(cause => {
    throw new Error(`still there: ${left.map(({ path }) => path).join(', ')} (kubectl get --raw PATH)`, {
      cause,
    })
  })
}

const unless =
  (...statuses: readonly number[]) =>
  (error: unknown): void => {
    if (!isKubeError(error, ...statuses)) throw error
  }

/** Asks for the end of all clusters of a namespace; their finalizers keep them until their machines are gone. */
export async function deleteClusters(kube: KubeRequests, namespace: string, call: Call): Promise<void> {
  await kube.request({ method: 'DELETE', path: clustersIn(namespace).path, deadlineMs: goneMs }, call)
}

export async function clusterCount(
  kube: KubeRequests,
  namespace: string | undefined,
  call: Call,
): Promise<number> {
  return (await listAll(kube, clustersIn(namespace), call)).items.length
}

/** For a namespace of the demo's own whose machines are known to be gone, and its operator too. */
export async function freeClusters(kube: KubeRequests, namespace: string, call: Call): Promise<void> {
  const { path } = clustersIn(namespace)
  const contentType = 'application/merge-patch+json'
  for (const raw of (await listAll(kube, { path }, call)).items) {
    const { name, finalizers } = metadataOf(raw)
    const left = Array.isArray(finalizers) ? finalizers.filter(each => each !== finalizer) : []
    const body = { metadata: { finalizers: left } }
    await kube
      .request({ method: 'PATCH', path: `${path}/${word(name)}`, contentType, body }, call)
      .catch(unless(404))
  }
}
