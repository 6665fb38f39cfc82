import { afterAll, expect, test } from 'vitest'
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
