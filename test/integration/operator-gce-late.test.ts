import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type GceRoom, gceRoom, type Tenant } from '../support/gcp/gce-room.ts'

const plane = controlPlane()
let ground: GceRoom

/** Here no list shows a machine before it is 30 s old. */
plane.prepare(async () => {
  ground = await gceRoom(plane, { lagMs: 30_000 })
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = ground?.gce.ledger.flatMap(each => each.differs ?? []) ?? []
  if (differs.length > 0) throw new Error(`unlike Compute Engine: ${[...new Set(differs)].join(', ')}`)
})

const isFull = (cluster: ClusterObject): boolean =>
  condition(cluster, 'WorkersReady')?.reason === 'TooManyLaunches'

const requestIds = (launches: Tenant['launches']) => new Set(launches.map(({ query }) => query['requestId']))

test.concurrent('row 3: creates time out and are carried out a minute later: asked for again, they add nothing; of a deleted cluster, they end', async () => {
  const { room, gce, tenant } = ground
  const account = await tenant('late')
  gce.script.add(account.whenWorkers, { kind: 'late' })
  await account.create('late', { replicas: 2 })
  await room.until('workers are made', () => account.workers.length === 2, 60_000)
  const other = await tenant('too-late')
  gce.script.add(other.whenWorkers, { kind: 'late' }, 1_000)
  const { uid } = (await other.create('too-late', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => other.workerLaunches.length > 0)
  await room.clusters.remove('too-late')
  const since = Date.now()
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect(other.workers).toEqual([])
  for (const each of [account, other]) gce.script.commit(each.project.name)
  expect([account.workers.length, other.workers.length]).toEqual([2, 2])
  expect((await room.clusters.get('too-late'))?.metadata.finalizers).toContain(finalizer)
  await room.until('those of the deleted cluster end', () => other.alive.length === 0, 120_000)
  await room.clusters.gone('too-late', uid, 400_000)
  expect([account.made, other.made]).toEqual([2, 2])
  await room.removed('late')
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 4: machines that lists do not show for 30 s are not made twice, and are not taken for gone', async () => {
  const { room, tenant } = ground
  const account = await tenant('unseen')
  const { uid } = (await account.create('deleted-unseen', { replicas: 2 })).metadata
  await room.until('machines are made', () => account.alive.length === 3)
  await room.clusters.remove('deleted-unseen')
  await account.create('unseen', { replicas: 2 })
  await room.until('the other cluster has its own', () => account.made === 4)
  await room.until('the first are ended', () => account.alive.length === 3, 60_000)
  expect((await room.clusters.get('deleted-unseen'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('deleted-unseen', uid, 400_000)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  expect([account.made, requestIds(account.launches).size]).toEqual([4, 4])
  await room.removed('unseen')
  expect(account.left).toEqual([])
})

test.concurrent('row 6: status is stripped and the cluster deleted: its machines are found by label, two lists without them before the finalizer leaves', async () => {
  const { room, tenant } = ground
  const account = await tenant('stripped')
  const { uid } = (await account.create('stripped', { replicas: 2 })).metadata
  await room.until('machines are made', () => account.alive.length === 3)
  await room.clusters.stripStatus('stripped')
  await room.clusters.remove('stripped')
  await room.until('they end', () => account.alive.length === 0, 120_000)
  const after = Date.now()
  await room.clusters.gone('stripped', uid, 500_000)
  const lists = account.lists.filter(({ at, status }) => at > after && status === 200)
  expect(lists.length).toBeGreaterThanOrEqual(2)
  expect(account.left).toEqual([])
})

test.concurrent('row 27: Google says that machines were made and there are none: creation stops at a cap, with a condition and a warning', async () => {
  const { room, tenant } = ground
  const account = await tenant('forgetful')
  account.project.forgets = true
  const sizes = ['e2-standard-4']
  const workerGroups = Array.from({ length: 15 }, (_, at) => ({ name: `g${at}`, replicas: 1, sizes }))
  await account.create('forgetful', { replicas: 1 }, { workerGroups })
  await room.clusters.until('forgetful', isFull)
  const { tenant: namespace } = room.namespaces
  const isWarned = async (): Promise<boolean> => {
    const events = await plane.kubectl(['-n', namespace, 'get', 'events.events.k8s.io', '-o', 'json'])
    return events.includes('MachinesForgotten')
  }
  await room.until('a warning', isWarned, 500_000)
  expect(requestIds(account.launches).size).toBe(16)
  await room.removed('forgetful')
  expect(account.left).toEqual([])
})
