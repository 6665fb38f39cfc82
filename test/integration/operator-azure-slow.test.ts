import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type AzureRoom, azureRoom } from '../support/azure/azure-room.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()
let ground: AzureRoom

plane.prepare(async () => {
  ground = await azureRoom(plane)
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = new Set(ground?.azure.ledger.flatMap(each => each.differs) ?? [])
  if (differs.size > 0) throw new Error(`unlike Azure: ${[...differs].join(', ')}`)
})

const reason = (cluster: ClusterObject, type: string) => condition(cluster, type)?.reason

test.concurrent('row 3: a create times out and is carried out a minute later: of a deleted cluster, its machine ends', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('too-late')
  azure.script.add(account.whenWorker, { kind: 'late' }, 1_000)
  const { uid } = (await account.create('too-late', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.launches.length > 1)
  await room.clusters.remove('too-late')
  const since = Date.now()
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect(account.workers).toEqual([])
  azure.script.commit()
  expect(account.workers.length).toBeGreaterThan(0)
  expect((await room.clusters.get('too-late'))?.metadata.finalizers).toContain(finalizer)
  await room.until('they end', () => account.alive.length === 0, 120_000)
  await room.clusters.gone('too-late', uid, 400_000)
  expect(account.left).toEqual([])
})

test.concurrent('row 6: status is stripped and the cluster deleted: its machines are found by their tags', async () => {
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

test.concurrent('row 18: throttled for 20 s: few requests, other principals unaffected, no flapping, then as wanted', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('throttled')
  const { uid } = (await account.create('throttled', { replicas: 3 })).metadata
  await room.until('machines run', () => account.alive.length === 4 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 2)
  await using history = await room.clusters.history()
  const whenAny = ({ by }: { readonly by: string }): boolean => by === account.principal.objectId
  const end = azure.script.add(whenAny, { kind: 'refuse', reason: 'TooManyRequests', status: 429 }, 10_000)
  const from = Date.now()
  await room.clusters.patch('throttled', { spec: { workers: { replicas: 5 } } })
  const other = await tenant('unthrottled')
  await other.create('unthrottled', { replicas: 1 })
  await room.until('another principal has its machines', () => other.alive.length === 2, 20_000)
  await room.until('20 s to pass', () => Date.now() - from > 20_000, 60_000)
  end()
  const refused = account.asked().filter(({ at }) => at >= from)
  expect(refused.length).toBeGreaterThan(0)
  // Nine lists every 3 s at most; a bucket is empty once Azure has said so.
  expect(refused.length).toBeLessThan(150)
  await room.until('it is as wanted', () => account.workers.length === 5, 60_000)
  const told = history.of(uid).map(({ object }) => reason(object, 'WorkersReady'))
  expect(told.filter((each, at) => each !== told[at - 1]).length).toBeLessThanOrEqual(3)
  for (const name of ['throttled', 'unthrottled']) await room.removed(name)
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 21: a machine is refused after its interface and disk were made: another size is tried, and they are taken away', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('half-made')
  const sizes = ['Standard_D4s_v5', 'Standard_D4ds_v5']
  await account.create('half-made', { replicas: 0 })
  await room.until('its scheduler runs', () => account.alive.length === 1 && account.isAtRest)
  azure.world.halfMade.set(account.group, 1)
  await room.clusters.patch('half-made', { spec: { workers: { replicas: 1, sizes } } })
  await room.until('its worker is made', () => account.workers.length === 1)
  const [refused = '', made = ''] = [...account.made].slice(1)
  expect(account.workers[0]?.name).toBe(made)
  const parts = () => account.left.filter(each => each.includes(refused.slice('dask-'.length)))
  expect(parts()).toHaveLength(2)
  await room.until('they are taken away', () => parts().length === 0, 400_000)
  expect(account.workers.map(({ name }) => name)).toEqual([made])
  await room.removed('half-made')
  expect(account.left).toEqual([])
})

test.concurrent('row 26: a page of a list fails, then lists are empty: nothing is ended and nothing made', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('pages')
  await account.create('pages', { replicas: 6 })
  await room.until('machines run', () => account.alive.length === 7 && account.isAtRest)
  const from = account.lists.length
  await room.until('lists show them', () => account.lists.length >= from + 2)
  const [launches, ends] = [account.launches.length, account.asked('virtualMachines.delete').length]
  const ofMachines = ({ by, method }: { readonly by: string; readonly method: string }): boolean =>
    by === account.principal.objectId && method === 'virtualMachines.listAll'
  azure.script.add(ofMachines, { kind: 'refuse', reason: 'ServiceUnavailable', status: 503 }, 6)
  azure.script.add(ofMachines, { kind: 'answer', status: 200, body: '{"value":[]}' }, 2)
  const then = account.lists.length
  await room.until('lists agree again', () => account.lists.length >= then + 8, 120_000)
  expect([account.launches.length, account.asked('virtualMachines.delete').length]).toEqual([launches, ends])
  await room.removed('pages')
  expect(account.left).toEqual([])
})

test.concurrent('row 27: Azure says that machines were made and there are none: creation stops at a cap, with a condition', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('forgetful')
  azure.world.forgetful.add(account.group)
  const sizes = ['Standard_D4s_v5']
  const workerGroups = Array.from({ length: 15 }, (_, at) => ({ name: `g${at}`, replicas: 1, sizes }))
  const { uid } = (await account.create('forgetful', { replicas: 1 }, { workerGroups })).metadata
  await room.clusters.until('forgetful', each => reason(each, 'WorkersReady') === 'TooManyLaunches')
  const lists = account.lists.length
  await room.until('four lists more', () => account.lists.length >= lists + 4)
  expect(account.made.size).toBe(16)
  // Nobody has seen them: they are waited for until nothing can come of them any more.
  await room.clusters.remove('forgetful')
  await room.clusters.gone('forgetful', uid, 500_000)
  expect(account.left).toEqual([])
})
