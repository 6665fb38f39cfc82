import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type DigitalOceanRoom, digitalOceanRoom } from '../support/digitalocean/room.ts'
import { mayReach } from '../support/digitalocean/team.ts'

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

test.concurrent('a cluster is made, grown, shrunk and deleted, behind a firewall of its own, and nothing of it is left', async () => {
  const { room, tenant } = ground
  const account = await tenant('life')
  const { team } = account
  const network = { exposure: 'Public', allowedCIDRs: ['198.51.100.0/24'] }
  await account.create('life', { replicas: 2 }, { network })
  await room.until('its machines run', () => account.alive.length === 3 && account.isAtRest)
  const [scheduler, worker, other] = [account.scheduler, ...account.workers]
  if (scheduler === undefined || worker === undefined || other === undefined)
    throw new Error('too few machines')
  expect([
    mayReach(team, '198.51.100.7', scheduler, 8786),
    mayReach(team, worker, scheduler, 8786),
    mayReach(team, scheduler, worker, 9000),
    mayReach(team, other, worker, 9001),
  ]).toEqual([true, true, true, true])
  expect([
    mayReach(team, '203.0.113.200', scheduler, 8786),
    mayReach(team, '198.51.100.7', worker, 9000),
    mayReach(team, '198.51.100.7', scheduler, 22),
    mayReach(team, worker, other, 8787),
  ]).toEqual([false, false, false, false])
  await room.clusters.patch('life', { spec: { workers: { replicas: 14 } } })
  await room.until('twelve more run', () => account.workers.length === 14)
  // Ten of one request, and what is left.
  expect(account.launches.map(({ body }) => [body['names']].flat().length)).toEqual([1, 2, 10, 2])
  await room.clusters.patch('life', { spec: { workers: { replicas: 1 } } })
  await room.until('one is left', () => account.workers.length === 1)
  expect(account.made).toBe(15)
  await room.removed('life')
  expect(account.left).toEqual([])
})

test.concurrent('row 2: the answer of a launch is lost: its tag tells what was made, and nothing is asked for again', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('lost')
  cloud.script.add(account.whenLaunch, { kind: 'drop' }, 2)
  await account.create('lost', { replicas: 2 })
  await room.until('all are made', () => account.alive.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  expect([account.alive.length, account.made]).toEqual([3, 3])
  await room.removed('lost')
  expect(account.left).toEqual([])
})

test.concurrent('row 5: deleted while a create is in flight: its machines end, and the finalizer leaves last', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('in-flight')
  const held = Promise.withResolvers<void>()
  cloud.script.add(account.whenWorkers, { kind: 'hold', until: () => held.promise })
  const { uid } = (await account.create('in-flight', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.launches.length === 2)
  await room.clusters.remove('in-flight')
  held.resolve()
  await room.until('all machines end', () => account.alive.length === 0)
  expect((await room.clusters.get('in-flight'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('in-flight', uid)
  expect(account.left).toEqual([])
})

test.concurrent('a droplet that is switched off costs what it did: it is ended, and another takes its place', async () => {
  const { room, tenant } = ground
  const account = await tenant('off')
  await account.create('off', { replicas: 3 })
  await room.until('all run', () => account.workers.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  const [taken] = account.workers
  if (taken === undefined) throw new Error('there is no worker')
  taken.isOff = true
  // A power cycle would be over by then.
  await room.until('it is ended', () => taken.deletedAt !== undefined, 120_000)
  await room.until('another is made', () => account.workers.length === 3)
  expect(account.made).toBe(5)
  await room.removed('off')
  expect(account.left).toEqual([])
})

test.concurrent('row 25: two fifths of the machines are missing from lists at once: none is replaced, Degraded says so, and it passes', async () => {
  const { room, tenant } = ground
  const account = await tenant('hidden')
  await account.create('hidden', { replicas: 14 })
  await room.until('all run', () => account.alive.length === 15 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  const names = account.workers.slice(0, 6).map(({ name }) => name)
  for (const name of names) account.team.hidden.add(name)
  const degraded = await room.clusters.until('hidden', each => condition(each, 'Degraded') !== undefined)
  expect(condition(degraded, 'Degraded')?.reason).toBe('MachinesMissing')
  const then = account.lists.length
  await room.until('lists agree', () => account.lists.length >= then + 4)
  for (const name of names) account.team.hidden.delete(name)
  await room.clusters.until('hidden', each => condition(each, 'Degraded') === undefined)
  expect([account.alive.length, account.made]).toEqual([15, 15])
  await room.removed('hidden')
  expect(account.left).toEqual([])
})

test.concurrent('row 19: no droplet of the first size: the next one, remembered for all clusters', async () => {
  const { room, tenant } = ground
  const account = await tenant('scarce')
  account.team.stock.set('s-4vcpu-8gb nyc3', 0)
  const sizes = ['s-4vcpu-8gb', 'c-4']
  await account.create('scarce', { replicas: 2, sizes })
  await room.until('workers are made', () => account.workers.length === 2)
  const before = account.launches.length
  await account.create('warned', { replicas: 1, sizes })
  await room.until('another cluster has its worker', () => account.workers.length === 3)
  expect(account.workers.map(({ size }) => size)).toEqual(['c-4', 'c-4', 'c-4'])
  expect(account.launches.length - before).toBe(2)
  for (const name of ['scarce', 'warned']) await room.removed(name)
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a quota: a condition in the same words, on when the spec changes', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('quota')
  const refuse = { kind: 'refuse', reason: 'unprocessable_entity', status: 422, message: inNewWords } as const
  const end = cloud.script.add(account.whenWorkers, refuse, 1_000)
  await using history = await room.clusters.history()
  const { uid } = (await account.create('quota', { replicas: 1 })).metadata
  await room.until('a third round', () => account.launches.length >= 4, 60_000)
  const told = history.of(uid).map(({ object }) => condition(object, 'WorkersReady'))
  const quota = told.filter(each => each?.reason === 'QuotaExceeded')
  expect(new Set(quota.map(each => each?.message)).size).toBe(1)
  end()
  await room.clusters.patch('quota', { spec: { workers: { env: { CHANGED: 'yes' } } } })
  await room.until('its worker is made', () => account.workers.length === 1, 5_000)
  await room.removed('quota')
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a scope that is missing: Stalled, on within 5 s of another token in the Secret', async () => {
  const { room, tenant } = ground
  const account = await tenant('unable')
  const give = account.withhold('droplet:create')
  await account.create('unable', { replicas: 1 })
  const stalled = await room.clusters.until('unable', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')).toMatchObject({
    reason: 'Unauthorized',
    message: expect.stringContaining('iam-policy -- digitalocean'),
  })
  expect(account.alive).toEqual([])
  give()
  await account.rotate()
  await room.until('its scheduler is made', () => account.alive.length >= 1, 5_000)
  await room.until('its worker is made', () => account.alive.length === 2)
  await room.removed('unable')
  expect(account.left).toEqual([])
})

test.concurrent('row 21: the tag of a cluster is made and its firewall is refused: tried again, and taken away together', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('half-made')
  const whenFirewall = ({ by, method }: { readonly by: string; readonly method: string }): boolean =>
    by === account.team.uuid && method === 'firewalls.create'
  const end = cloud.script.add(whenFirewall, { kind: 'refuse', reason: 'server_error', status: 500 }, 1_000)
  await account.create('half-made', { replicas: 1 })
  await room.until('it is tried again', () => account.asked('firewalls.create').length >= 2)
  expect([account.alive.length, account.left.length]).toEqual([0, 1])
  end()
  await room.until('its machines are made', () => account.alive.length === 2)
  await room.removed('half-made')
  expect(account.left).toEqual([])
})

test.concurrent('row 29: the token is revoked: a condition, the finalizer stays, on within 5 s of another one', async () => {
  const { room, tenant } = ground
  const account = await tenant('revoked')
  await account.create('revoked', { replicas: 1 })
  await room.until('its machines run', () => account.alive.length === 2 && account.isAtRest)
  account.revoke()
  const told = await room.clusters.until(
    'revoked',
    each => condition(each, 'CredentialsReady')?.status === 'False',
    90_000,
  )
  expect(condition(told, 'CredentialsReady')?.reason).toBe('Unauthorized')
  const { uid } = told.metadata
  await room.clusters.remove('revoked')
  expect((await room.clusters.get('revoked'))?.metadata.finalizers).toContain(finalizer)
  expect(account.alive).toHaveLength(2)
  await account.rotate()
  await room.until('its machines end', () => account.alive.length === 0, 5_000)
  await room.clusters.gone('revoked', uid)
  expect(account.left).toEqual([])
})

test.concurrent('DigitalOcean takes no more requests: ends go first, and a condition says when others are taken again', async () => {
  const { room, cloud, tenant } = ground
  const account = await tenant('limited')
  const { uid } = (await account.create('limited', { replicas: 2 })).metadata
  await room.until('its machines run', () => account.alive.length === 3 && account.isAtRest)
  // Others have made as many requests with the token: what is left is for ends.
  cloud.rates.others.set(account.token, 4_800)
  const lists = account.lists.length
  await room.until('an answer has told', () => account.lists.length > lists)
  await room.clusters.patch('limited', { spec: { workers: { replicas: 3 } } })
  const told = await room.clusters.until('limited', each =>
    /before \d\d:\d\d UTC/.test(condition(each, 'WorkersReady')?.message ?? ''),
  )
  expect(condition(told, 'WorkersReady')?.reason).toBe('Throttled')
  expect(account.made).toBe(3)
  await room.clusters.remove('limited')
  // A look each quarter of a minute tells what there is to end.
  await room.until('its machines end', () => account.alive.length === 0, 120_000)
  expect(account.launches).toHaveLength(2)
  cloud.rates.others.delete(account.token)
  await room.clusters.gone('limited', uid, 120_000)
  expect(account.left).toEqual([])
})

const inNewWords = (): string =>
  `creating this/these droplet(s) will exceed your droplet limit (${randomUUID()})`
