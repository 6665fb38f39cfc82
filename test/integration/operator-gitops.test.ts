import { afterAll, expect, test } from 'vitest'
import { purpose } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { isRecord, list, record } from '../../src/lib/parse.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { manifest } from '../support/crd-plane.ts'
import { judgements } from '../support/gitops-judge.ts'
import { type Kstatus, kstatus } from '../support/kstatus.ts'
import { OperatorRoom } from '../support/operator-room.ts'

const plane = controlPlane()
let room: OperatorRoom
let made: ClusterObject

plane.prepare(async () => {
  room = await OperatorRoom.openApart(plane)
  made = await room.clusters.create('judged', 1)
  room.operator()
})
afterAll(() => room?.[Symbol.asyncDispose]())

const call = () => ({ signal: AbortSignal.timeout(30_000) })
const simulated = { local: null, simulated: {} }

/** The cluster as soon as kstatus says so; the error shows what it was. */
const until = (name: string, wanted: Kstatus): Promise<ClusterObject> =>
  room.clusters.until(name, each => kstatus(each) === wanted, 30_000)

const isTrue = (cluster: ClusterObject, type: string): boolean => condition(cluster, type)?.status === 'True'

test.concurrent('from before an operator has looked to its end, a cluster is what kstatus, Flux and Argo CD would say of it', async ({
  skip,
}) => {
  const { uid } = made.metadata
  expect([kstatus(made), condition(made, 'Ready')?.status]).toEqual(['InProgress', 'Unknown'])
  await using history = await room.clusters.history()
  await until('judged', 'Current')
  const asked = await room.clusters.scale('judged', 2)
  expect([kstatus(asked), isTrue(asked, 'Ready')]).toEqual(['InProgress', true])
  const grown = await until('judged', 'Current')
  expect(grown.status?.observedGeneration).toBe(grown.metadata.generation)
  await room.clusters.patch('judged', { spec: { workers: { threads: 2 } } })
  const rolling = await room.clusters.until('judged', each => isTrue(each, 'Reconciling'), 30_000)
  expect([kstatus(rolling), isTrue(rolling, 'Ready')]).toEqual(['InProgress', true])
  await until('judged', 'Current')
  await room.clusters.patch('judged', { spec: { credentialsSecretRef: { name: 'gone' } } })
  const stalled = await until('judged', 'Failed')
  expect(condition(stalled, 'Stalled')?.reason).toBe('SecretNotFound')
  await keepSecret('gone')
  await until('judged', 'Current')
  await room.clusters.patch('judged', { spec: { suspend: true } })
  const asleep = await room.clusters.until('judged', each => isTrue(each, 'Suspended'), 30_000)
  expect([kstatus(asleep), isTrue(asleep, 'Stalled')]).toEqual(['InProgress', false])
  await room.clusters.remove('judged')
  await room.clusters.gone('judged', uid)
  const seen = history.of(uid).map(({ object }) => object)
  expect(seen.filter(each => each.metadata.deletionTimestamp).map(kstatus)).toContain('Terminating')
  // Nobody who waits is told of an end that is none.
  const current = seen.filter(each => kstatus(each) === 'Current')
  expect(current.length).toBeGreaterThan(3)
  expect(current.filter(each => !isTrue(each, 'Ready') || !isTrue(each, 'WorkersReady'))).toEqual([])
  const judged = await judgements(seen)
  skip(judged === undefined, 'there is no Go here to build what Argo CD and Flux judge with')
  expect(judged?.map(each => each.kstatus)).toEqual(seen.map(kstatus))
  const told = new Set(judged?.map(({ argo }) => argo))
  expect(told).toEqual(new Set(['Progressing', 'Healthy', 'Degraded', 'Suspended']))
  const living = seen.flatMap((each, at) => (each.metadata.deletionTimestamp ? [] : [{ each, at }]))
  expect(living.map(({ at }) => [judged?.[at]?.argo, judged?.[at]?.flux])).toEqual(
    living.map(({ each }) => wordsFor(each)),
  )
})

const words = {
  InProgress: ['Progressing', 'InProgress'],
  Current: ['Healthy', 'Current'],
  Failed: ['Degraded', 'Failed'],
  Terminating: ['Progressing', 'Terminating'],
} as const satisfies Record<Kstatus, readonly string[]>

/** By the table of docs/gitops.md: Argo CD's word, and Flux's once it is told of sleep. */
function wordsFor(cluster: ClusterObject): readonly string[] {
  const isSeen = cluster.status?.observedGeneration === cluster.metadata.generation
  const sleeps = isSeen && isTrue(cluster, 'Suspended') && !isTrue(cluster, 'Stalled')
  return sleeps ? ['Suspended', 'Current'] : words[kstatus(cluster)]
}

async function keepSecret(name: string): Promise<void> {
  const metadata = { name, labels: { [purpose.label]: purpose.credentials } }
  const path = `/api/v1/namespaces/${room.namespaces.tenant}/secrets`
  await room.kube.request({ method: 'POST', path, body: { metadata, stringData: { token: 'good' } } }, call())
}

test.concurrent('a cluster that cannot start for want of a Secret has failed, and is not on its way', async () => {
  await room.clusters.create('wanting', 1, { credentialsSecretRef: { name: 'missing' } })
  const stalled = await until('wanting', 'Failed')
  const types = stalled.status?.conditions?.map(({ type }) => type) ?? []
  expect(types.slice(0, 2)).toEqual(['Ready', 'Stalled'])
  expect(types).not.toContain('Reconciling')
  await room.removed('wanting')
})

/** As Flux does, and Argo CD with ServerSideApply: whatever it names is its own, whoever had it. */
async function applied(name: string, patch: object): Promise<ClusterObject> {
  const body = manifest(name, { cloud: simulated, ...patch })
  const path = `${clustersIn(room.namespaces.tenant).path}/${name}`
  const query = { fieldManager: 'gitops', force: true, fieldValidation: 'Strict' }
  const contentType = 'application/apply-patch+yaml'
  await room.kube.request({ method: 'PATCH', path, query, contentType, body: withoutNull(body) }, call())
  return room.clusters.until(name, () => true)
}

/** Server-side apply has no way to take a member away by null. */
const withoutNull = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, each) => each ?? undefined))

const numbersOf = async (name: string): Promise<unknown> => {
  const path = `${clustersIn(room.namespaces.tenant).path}/${name}`
  const { spec } = record(await room.kube.request({ method: 'GET', path }, call()), 'cluster')
  const { workers, workerGroups } = record(spec, 'spec')
  const groups = list(workerGroups ?? [], 'workerGroups').map(each => record(each, 'group')['replicas'])
  return [record(workers, 'workers')['replicas'], ...groups]
}

test.concurrent('what Git does not say stays whose it is: numbers of workers, sleep, and what the operator adds', async () => {
  const open = { workers: { threads: 1 }, workerGroups: [{ name: 'big', threads: 2 }] }
  await applied('git', open)
  expect(await numbersOf('git')).toEqual([1, 1])
  const kubectl = (...args: readonly string[]): Promise<string> =>
    plane.kubectl(['-n', room.namespaces.tenant, ...args])
  await kubectl('scale', 'dcc/git', '--replicas=2')
  const three = [{ op: 'replace', path: '/spec/workerGroups/0/replicas', value: 3 }]
  await kubectl('patch', 'dcc/git', '--type=json', '-p', JSON.stringify(three))
  await until('git', 'Current')
  const before = await room.clusters.until('git', () => true)
  const after = await applied('git', open)
  expect(await numbersOf('git')).toEqual([2, 3])
  expect(after.metadata.generation).toBe(before.metadata.generation)
  expect(after.metadata.finalizers).toEqual(before.metadata.finalizers)
  await applied('git', { ...open, workers: { threads: 1, replicas: 1 } })
  expect(await numbersOf('git')).toEqual([1, 3])
  expect(await ownersOfSpec('git')).not.toContain('dask-cloud-operator')
  await room.removed('git')
})

/** Who has written any part of spec, by the API server's own record. */
async function ownersOfSpec(name: string): Promise<readonly string[]> {
  const path = `${clustersIn(room.namespaces.tenant).path}/${name}`
  const { metadata } = record(await room.kube.request({ method: 'GET', path }, call()), 'cluster')
  const managed = list(record(metadata, 'metadata')['managedFields'], 'managedFields').map(each =>
    record(each, 'manager'),
  )
  expect(managed.map(each => String(each['manager']))).toContain('dask-cloud-operator')
  return managed
    .filter(each => isRecord(each['fieldsV1']) && each['fieldsV1']['f:spec'] !== undefined)
    .map(each => String(each['manager']))
}
