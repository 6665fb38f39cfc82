import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type GceRoom, gceRoom } from '../support/gcp/gce-room.ts'

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

const reason = (cluster: ClusterObject, type: string) => condition(cluster, type)?.reason

test.concurrent('row 18: throttled for 20 s: few requests, other projects unaffected, no flapping, then as wanted', async () => {
  const { room, gce, tenant } = ground
  const account = await tenant('throttled')
  const { uid } = (await account.create('throttled', { replicas: 3 })).metadata
  await room.until('machines run', () => account.alive.length === 4 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 2)
  await using history = await room.clusters.history()
  const refuse = { kind: 'refuse', reason: 'rateLimitExceeded', status: 403 } as const
  const end = gce.script.add(account.whenAny, refuse, 10_000)
  const from = Date.now()
  await room.clusters.patch('throttled', { spec: { workers: { replicas: 5 } } })
  const other = await tenant('unthrottled')
  await other.create('unthrottled', { replicas: 1 })
  await room.until('another project has its machines', () => other.alive.length === 2, 10_000)
  await room.until('20 s to pass', () => Date.now() - from > 20_000)
  end()
  const refused = account.asked().filter(({ at }) => at >= from)
  expect(refused.length).toBeGreaterThan(0)
  // A bucket is empty once Google has said so, and gains 20 a second: each kind of request has its own.
  expect(refused.length).toBeLessThan(100)
  await room.until('it is as wanted', () => account.workers.length === 5)
  const told = history.of(uid).map(({ object }) => reason(object, 'WorkersReady'))
  expect(told.filter((each, at) => each !== told[at - 1]).length).toBeLessThanOrEqual(3)
  for (const name of ['throttled', 'unthrottled']) await room.removed(name)
  expect([account.made, other.made]).toEqual([5, 1])
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 29: a key revoked in the middle: a condition, one call a minute, the finalizer stays, on within 5 s of the new Secret', async () => {
  const { room, tenant } = ground
  const account = await tenant('revoked')
  const { uid } = (await account.create('revoked', { replicas: 2 })).metadata
  await room.until('machines are made', () => account.alive.length === 3)
  account.revoke()
  await room.clusters.until('revoked', each => reason(each, 'CredentialsReady') === 'Unauthorized')
  await room.clusters.remove('revoked')
  const [before, since] = [account.asked().length, Date.now()]
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect(account.asked().length - before).toBeLessThanOrEqual(1)
  expect((await room.clusters.get('revoked'))?.metadata.finalizers).toContain(finalizer)
  expect(account.alive).toHaveLength(3)
  await account.rotate()
  await room.until('its machines end', () => account.alive.length === 0, 5_000)
  await room.clusters.gone('revoked', uid)
  expect(account.made).toBe(2)
  expect(account.left).toEqual([])
})
