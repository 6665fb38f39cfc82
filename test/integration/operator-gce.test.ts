import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type GceRoom, gceRoom, type Tenant } from '../support/gcp/gce-room.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { preempt } from '../support/gcp/lives.ts'

const plane = controlPlane()
let ground: GceRoom

plane.prepare(async () => {
  ground = await gceRoom(plane)
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = ground?.gce.ledger.flatMap(each => each.differs ?? []) ?? []
  if (differs.length > 0) throw new Error(`unlike Compute Engine: ${[...new Set(differs)].join(', ')}`)
})

const zones = ['a', 'b', 'c'].map(each => `${homeRegion}-${each}`)
const requestIds = (launches: Tenant['launches']) => new Set(launches.map(({ query }) => query['requestId']))

test.concurrent('a cluster is made, grown, shrunk and deleted, and nothing of it is left in the project', async () => {
  const { room, tenant } = ground
  const account = await tenant('life')
  await account.create(
    'life',
    { replicas: 2 },
    { network: { exposure: 'Public', allowedCIDRs: ['127.0.0.0/8'] } },
  )
  await room.until('its machines run', () => account.alive.length === 3 && account.isAtRest)
  const made = account.left.map(each => each.split('/')[0])
  expect(Map.groupBy(made, each => each ?? '').get('addresses')).toHaveLength(2)
  expect(made.filter(each => each === 'disks')).toHaveLength(3)
  expect(account.project.firewalls.size).toBe(2)
  await room.clusters.patch('life', { spec: { workers: { replicas: 4 } } })
  await room.until('two more run', () => account.workers.length === 4)
  await room.clusters.patch('life', { spec: { workers: { replicas: 1 } } })
  await room.until('one is left', () => account.workers.length === 1)
  expect(account.made).toBe(4)
  await room.removed('life')
  expect(account.left).toEqual([])
})

test.concurrent('row 2: the answers of both launches are lost: asked for again with the same request ids, the same machines', async () => {
  const { room, gce, tenant } = ground
  const account = await tenant('lost')
  gce.script.add(account.whenLaunch, { kind: 'drop' }, 2)
  await account.create('lost', { replicas: 2 })
  await room.until('all are made', () => account.alive.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  expect(requestIds(account.launches).size).toBe(2)
  expect([account.alive.length, account.made]).toEqual([3, 2])
  await room.removed('lost')
  expect(account.made).toBe(2)
  expect(account.left).toEqual([])
})

test.concurrent('row 5: deleted while a create is in flight: its machines end, and the finalizer leaves last', async () => {
  const { room, gce, tenant } = ground
  const account = await tenant('in-flight')
  const held = Promise.withResolvers<void>()
  gce.script.add(account.whenWorkers, { kind: 'hold', until: () => held.promise })
  const { uid } = (await account.create('in-flight', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.workerLaunches.length > 0)
  await room.clusters.remove('in-flight')
  held.resolve()
  await room.until('they are made', () => account.made === 2)
  await room.until('all machines end', () => account.alive.length === 0)
  expect((await room.clusters.get('in-flight'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('in-flight', uid)
  expect(account.left).toEqual([])
})

test.concurrent('row 22: Google takes a spot machine back: another is asked for within 2 s of the list that shows it', async () => {
  const { room, tenant } = ground
  const account = await tenant('spot')
  await account.create('spot', { replicas: 3, purchasing: 'Spot' })
  await room.until('all run', () => account.workers.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  const [taken] = account.workers
  expect(taken?.isSpot).toBe(true)
  preempt(account.project, taken?.name ?? '')
  const at = Date.now()
  await room.until('another is made', () => account.workers.length === 3)
  const seen = account.lists.find(each => each.at >= at)?.at ?? Infinity
  expect((account.workerLaunches.at(-1)?.at ?? Infinity) - seen).toBeLessThan(2_000)
  expect(account.made).toBe(4)
  await room.removed('spot')
  expect(account.left).toEqual([])
})

test.concurrent('row 25: two fifths of the machines are missing from lists at once: none is replaced, Degraded says so, and it passes', async () => {
  const { room, tenant } = ground
  const account = await tenant('hidden')
  await account.create('hidden', { replicas: 14 })
  await room.until('all run', () => account.alive.length === 15 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  for (const { name } of account.workers.slice(0, 6)) account.project.hidden.add(name)
  const degraded = await room.clusters.until('hidden', each => condition(each, 'Degraded') !== undefined)
  expect(condition(degraded, 'Degraded')?.reason).toBe('MachinesMissing')
  const then = account.lists.length
  await room.until('lists agree', () => account.lists.length >= then + 4)
  account.project.hidden.clear()
  await room.clusters.until('hidden', each => condition(each, 'Degraded') === undefined)
  expect([account.alive.length, account.made]).toEqual([15, 14])
  await room.removed('hidden')
  expect(account.left).toEqual([])
})

test.concurrent('row 19: no capacity in the first zone: the next within a second, remembered for all clusters of the project', async () => {
  const { room, tenant } = ground
  const account = await tenant('scarce')
  account.project.stock.set(`e2-standard-4 ${zones[0]} STANDARD`, { ...outOfStock, left: 0 })
  await account.create('scarce', { replicas: 2 }, {}, { zones })
  await room.until('workers are made', () => account.workers.length === 2)
  const [first, second, ...others] = account.workerLaunches
  expect((second?.at ?? Infinity) - (first?.at ?? 0)).toBeLessThan(1_000)
  expect(others).toEqual([])
  await account.create('warned', { replicas: 1 }, {}, { zones })
  await room.until('another cluster has its worker', () => account.workers.length === 3)
  const asked = account.workerLaunches.map(({ params }) => params['zone'])
  expect(asked).toEqual([zones[0], zones[1], zones[1]])
  for (const name of ['scarce', 'warned']) await room.removed(name)
  expect(account.left).toEqual([])
})

test.concurrent('row 19: 60 of 100 are given: they are kept, and 40 more are made elsewhere', async () => {
  const { room, tenant } = ground
  const account = await tenant('partial')
  account.project.stock.set(`e2-standard-4 ${zones[0]} STANDARD`, { ...outOfStock, left: 60 })
  await account.create('partial', { replicas: 100 }, {}, { zones })
  await room.until('all are made', () => account.workers.length >= 100, 60_000)
  const given = Map.groupBy(account.workers, ({ scope }) => scope)
  expect([...given].map(([scope, { length }]) => [scope, length])).toEqual([
    [`zones/${zones[0]}`, 60],
    [`zones/${zones[1]}`, 40],
  ])
  await room.removed('partial')
  expect(account.made).toBe(100)
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a quota: a condition in the same words, rounds that back off, on when the spec changes', async () => {
  const { room, gce, tenant } = ground
  const account = await tenant('quota')
  const refuse = { kind: 'refuse', reason: 'quotaExceeded', status: 403, message: inNewWords } as const
  const end = gce.script.add(account.whenWorkers, refuse, 1_000)
  await using history = await room.clusters.history()
  const { uid } = (await account.create('quota', { replicas: 1 })).metadata
  await room.until('a third round', () => account.workerLaunches.length >= 3, 60_000)
  const [first = 0, second = 0, third = 0] = account.workerLaunches.map(({ at }) => at)
  expect(second - first).toBeGreaterThan(3_000)
  expect(third - second).toBeGreaterThan(second - first)
  const told = history.of(uid).map(({ object }) => condition(object, 'WorkersReady'))
  const quota = told.filter(each => each?.reason === 'QuotaExceeded')
  expect(new Set(quota.map(each => each?.message)).size).toBe(1)
  const now = await room.clusters.get('quota')
  expect(now && condition(now, 'Stalled')).toBeUndefined()
  end()
  await room.clusters.patch('quota', { spec: { workers: { env: { CHANGED: 'yes' } } } })
  await room.until('its worker is made', () => account.workers.length === 1, 5_000)
  await room.removed('quota')
  expect(account.left).toEqual([])
})

test.concurrent('row 20: an image that is not there: Stalled in the same words, on when the spec names another', async () => {
  const { room, tenant } = ground
  const account = await tenant('image')
  await account.create('image', { replicas: 1 }, {}, { image: { name: 'nobodys' } })
  const stalled = await room.clusters.until('image', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')).toMatchObject({ reason: 'InvalidRequest' })
  expect(condition(stalled, 'Stalled')?.message).toContain('spec.cloud.gcp.image')
  expect(account.launches).toEqual([])
  await room.clusters.patch('image', { spec: { cloud: { gcp: { image: null } } } })
  await room.until('its machines are made', () => account.alive.length === 2, 10_000)
  await room.removed('image')
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a right that is missing: Stalled, on within 5 s of another key in the Secret', async () => {
  const { room, tenant } = ground
  const account = await tenant('unable')
  const give = account.withhold('compute.instances.create')
  await account.create('unable', { replicas: 1 })
  const stalled = await room.clusters.until('unable', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')?.reason).toBe('Unauthorized')
  expect(condition(stalled, 'Stalled')?.message).toContain('iam-policy')
  expect(account.alive).toEqual([])
  give()
  await account.rotate()
  await room.until('its machines are made', () => account.alive.length === 2, 5_000)
  await room.removed('unable')
  expect(account.left).toEqual([])
})

const outOfStock = { code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }
const inNewWords = (): string =>
  `Quota 'CPUS' exceeded.  Limit: 8.0 in region us-central1. operation-${Date.now()}-${randomUUID()}`
