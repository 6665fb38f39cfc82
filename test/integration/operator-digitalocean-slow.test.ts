import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type DigitalOceanRoom, digitalOceanRoom } from '../support/digitalocean/room.ts'

const plane = controlPlane()
let ground: DigitalOceanRoom

plane.prepare(async () => {
  ground = await digitalOceanRoom(plane)
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = new Set(ground?.cloud.ledger.flatMap(each => each.differs) ?? [])
  if (differs.size > 0) throw new Error(`unlike DigitalOcean: ${[...differs].join(', ')}`)
})

const reason = (cluster: ClusterObject, type: string) => condition(cluster, type)?.reason

test.concurrent('row 3: a create times out and is carried out a minute later: of a deleted cluster, its machines end', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('too-late')
  cloud.script.add(account.whenWorkers, { kind: 'late' }, 1_000)
  const { uid } = (await account.create('too-late', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.launches.length > 1)
  await room.clusters.remove('too-late')
  const since = Date.now()
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect(account.workers).toEqual([])
  cloud.script.commit(account.team.uuid)
  expect(account.workers.length).toBeGreaterThan(0)
  expect((await room.clusters.get('too-late'))?.metadata.finalizers).toContain(finalizer)
  await room.until('they end', () => account.alive.length === 0, 120_000)
  await room.clusters.gone('too-late', uid, 400_000)
  expect(account.left).toEqual([])
})

test.concurrent('row 3: of a living cluster, what comes late and what was asked for since are as many as wanted in the end', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('twice')
  cloud.script.add(account.whenWorkers, { kind: 'late' })
  await account.create('twice', { replicas: 2 })
  await room.until('workers are asked for again', () => account.workers.length === 2, 120_000)
  cloud.script.commit(account.team.uuid)
  expect(account.workers).toHaveLength(4)
  await room.until('there are as many as wanted', () => account.workers.length === 2, 120_000)
  expect(account.made).toBe(5)
  await room.removed('twice')
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

test.concurrent('row 18: throttled for 20 s: few requests, other tokens unaffected, no flapping, then as wanted', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('throttled')
  const { uid } = (await account.create('throttled', { replicas: 3 })).metadata
  await room.until('machines run', () => account.alive.length === 4 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 2)
  await using history = await room.clusters.history()
  cloud.rates.shut.add(account.token)
  const from = Date.now()
  await room.clusters.patch('throttled', { spec: { workers: { replicas: 5 } } })
  const other = await tenant('unthrottled')
  await other.create('unthrottled', { replicas: 1 })
  await room.until('another token has its machines', () => other.alive.length === 2, 30_000)
  await room.until('20 s to pass', () => Date.now() - from > 20_000, 60_000)
  cloud.rates.shut.delete(account.token)
  const refused = account.asked().filter(({ at, status }) => at >= from && status === 429)
  expect(refused.length).toBeGreaterThan(0)
  // It says each time to come again after two seconds.
  expect(refused.length).toBeLessThan(40)
  await room.until('it is as wanted', () => account.workers.length === 5, 60_000)
  const told = history.of(uid).map(({ object }) => reason(object, 'WorkersReady'))
  expect(told.filter((each, at) => each !== told[at - 1]).length).toBeLessThanOrEqual(3)
  for (const name of ['throttled', 'unthrottled']) await room.removed(name)
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 26: lists fail, then are empty: nothing is ended and nothing made', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('pages')
  await account.create('pages', { replicas: 6 })
  await room.until('machines run', () => account.alive.length === 7 && account.isAtRest)
  const from = account.lists.length
  await room.until('lists show them', () => account.lists.length >= from + 2)
  const [launches, ends] = [account.launches.length, account.asked('droplets.delete').length]
  cloud.script.add(account.whenList, { kind: 'refuse', reason: 'server_error', status: 503 }, 3)
  const nothing = {
    kind: 'answer',
    status: 200,
    body: '{"droplets":[],"links":{},"meta":{"total":0}}',
  } as const
  cloud.script.add(account.whenList, nothing, 2)
  // A page that says that there is more, and does not give it.
  const half = { ...nothing, body: '{"droplets":[],"links":{},"meta":{"total":7}}' }
  cloud.script.add(account.whenList, half, 3)
  const then = account.lists.length
  await room.until('lists agree again', () => account.lists.length >= then + 12, 120_000)
  expect([account.launches.length, account.asked('droplets.delete').length]).toEqual([launches, ends])
  await room.removed('pages')
  expect(account.left).toEqual([])
})

test.concurrent('row 27: DigitalOcean says that droplets were made and there are none: creation stops at a cap, with a condition', async () => {
  const { room, tenant } = ground
  const account = await tenant('forgetful')
  await account.create('forgetful', { replicas: 0 })
  await room.until('its scheduler runs', () => account.alive.length === 1 && account.isAtRest)
  account.team.isForgetful = true
  const { uid } = (await room.clusters.get('forgetful'))?.metadata ?? { uid: '' }
  await room.clusters.patch('forgetful', { spec: { workers: { replicas: 170 } } })
  await room.clusters.until('forgetful', each => reason(each, 'WorkersReady') === 'TooManyLaunches')
  const lists = account.lists.length
  await room.until('four lists more', () => account.lists.length >= lists + 4)
  // The scheduler's, and sixteen of ten.
  expect(account.launches.length).toBe(17)
  // Nobody has seen them: they are waited for until nothing can come of them any more.
  await room.clusters.remove('forgetful')
  await room.clusters.gone('forgetful', uid, 500_000)
  expect(account.left).toEqual([])
})
