import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { requireLikeness } from '../support/aws/aws-ground.ts'
import { type Ec2Room, ec2Room, type Tenant } from '../support/aws/ec2-room.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()
let ground: Ec2Room

plane.prepare(async () => {
  ground = await ec2Room(plane)
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  if (ground !== undefined) requireLikeness(ground.ec2)
})

const reason = (cluster: ClusterObject, type: string) => condition(cluster, type)?.reason

/** Waits for so many lists more of an account. */
async function listed(account: Tenant, more: number): Promise<void> {
  const before = account.asked('DescribeInstances').length
  await ground.room.until(
    `${more} more lists`,
    () => account.asked('DescribeInstances').length >= before + more,
    60_000,
  )
}

const withLag = (account: Tenant, lagMs: number): void => {
  account.region.tempo = { ...account.region.tempo, lagMs }
}

test.concurrent('row 3: creates time out and are carried out a minute later: asked for again, they add nothing; of a deleted cluster, they end', async () => {
  const { room, ec2, tenant } = ground
  const account = await tenant('late')
  ec2.script.add(account.whenWorkers, { kind: 'late' })
  await account.create('late', { replicas: 2 })
  await room.until('workers are made', () => account.workers.length === 2)
  const other = await tenant('too-late')
  ec2.script.add(other.whenWorkers, { kind: 'late' }, 1_000)
  const { uid } = (await other.create('too-late', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => other.workerLaunches.length > 0)
  await room.clusters.remove('too-late')
  const since = Date.now()
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect(other.alive).toEqual([])
  for (const each of [account, other]) ec2.script.commit(each.account)
  expect(account.workers).toHaveLength(2)
  expect(other.workers).toHaveLength(2)
  expect((await room.clusters.get('too-late'))?.metadata.finalizers).toContain(finalizer)
  await room.until('those of the deleted cluster end', () => other.alive.length === 0, 120_000)
  await room.clusters.gone('too-late', uid)
  expect(account.instances).toHaveLength(3)
  await room.removed('late')
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 4: machines that lists do not show for 30 s are not made twice, and are not taken for gone', async () => {
  const { room, tenant } = ground
  const account = await tenant('unseen')
  withLag(account, 30_000)
  const { uid } = (await account.create('deleted-unseen', { replicas: 2 })).metadata
  await room.until('machines are made', () => account.alive.length === 3)
  await room.clusters.remove('deleted-unseen')
  await account.create('unseen', { replicas: 2 })
  await room.until('the other cluster has its own', () => account.instances.length === 6)
  await room.until('the first are ended', () => account.alive.length === 3, 60_000)
  expect((await room.clusters.get('deleted-unseen'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('deleted-unseen', uid)
  await listed(account, 2)
  expect(account.instances).toHaveLength(6)
  await room.removed('unseen')
  expect(account.left).toEqual([])
})

test.concurrent('row 6: status is stripped and the cluster deleted: its machines are found by tag, two lists without them before the finalizer leaves', async () => {
  const { room, tenant } = ground
  const account = await tenant('stripped')
  const { uid } = (await account.create('stripped', { replicas: 2 })).metadata
  await room.until('machines are made', () => account.alive.length === 3)
  await room.clusters.stripStatus('stripped')
  await room.clusters.remove('stripped')
  await room.until('they end', () => account.alive.length === 0, 60_000)
  const ends = account.instances.map(({ end }) => end?.at ?? Infinity)
  await room.clusters.gone('stripped', uid, 300_000)
  const after = Math.max(...ends) + account.region.tempo.endMs
  const lists = account.asked('DescribeInstances').filter(({ at, code }) => at > after && code === undefined)
  expect(lists.length).toBeGreaterThanOrEqual(2)
  expect(account.left).toEqual([])
})

test.concurrent('row 18: throttled for 20 s: few requests, ends before beginnings, other accounts unaffected, no flapping', async () => {
  const { room, ec2, tenant } = ground
  const account = await tenant('throttled')
  const group = { name: 'other', replicas: 0, sizes: ['m7i.large'] }
  const workerGroups = [group]
  const { uid } = (await account.create('throttled', { replicas: 3 }, { workerGroups })).metadata
  await room.until('machines run', () => account.alive.length === 4 && account.isAtRest)
  await listed(account, 2)
  await using history = await room.clusters.history()
  const refuse = { kind: 'refuse', code: 'RequestLimitExceeded', status: 503 } as const
  const end = ec2.script.add(asked => asked.account === account.account, refuse, 10_000)
  const from = Date.now()
  const spec = { workers: { replicas: 1 }, workerGroups: [{ ...group, replicas: 2 }] }
  await room.clusters.patch('throttled', { spec })
  const other = await tenant('unthrottled')
  await other.create('unthrottled', { replicas: 1 })
  await room.until('another account has its machines', () => other.alive.length === 2, 10_000)
  await room.until('20 s to pass', () => Date.now() - from > 20_000)
  end()
  const refused = account.asked().filter(({ at }) => at >= from)
  expect(refused.length).toBeGreaterThan(0)
  // What a bucket held at first, and what it gains in 20 s.
  const reads = refused.filter(({ action }) => action.startsWith('Describe')).length
  expect(reads).toBeLessThan(50 + 20 * 10)
  expect(refused.length - reads).toBeLessThan(5 + 20 * 2)
  await room.until('it is as wanted', () => account.workers.length === 3 && account.instances.length === 6)
  const done = account.asked().filter(({ at, code }) => at >= from && code === undefined)
  const first = (action: string): number => done.findIndex(each => each.action === action)
  expect(first('TerminateInstances')).toBeGreaterThanOrEqual(0)
  expect(first('TerminateInstances')).toBeLessThan(first('RunInstances'))
  const told = history.of(uid).map(({ object }) => reason(object, 'WorkersReady'))
  expect(told.filter((each, at) => each !== told[at - 1]).length).toBeLessThanOrEqual(3)
  for (const name of ['throttled', 'unthrottled']) await room.removed(name)
  expect([...account.left, ...other.left]).toEqual([])
})

test.concurrent('row 27: AWS says that machines were made and there are none: creation stops at a cap, with a condition and a warning', async () => {
  const { room, tenant } = ground
  const account = await tenant('forgetful')
  account.region.forgets = true
  const workerGroups = Array.from({ length: 15 }, (_, at) => ({
    name: `g${at}`,
    replicas: 1,
    sizes: ['m7i.large'],
  }))
  await account.create('forgetful', { replicas: 1 }, { workerGroups })
  await room.clusters.until('forgetful', each => reason(each, 'WorkersReady') === 'TooManyLaunches')
  const tokens = () => new Set(account.asked('RunInstances').map(({ params }) => params['ClientToken']))
  await room.until(
    'a warning',
    async () => {
      const { tenant: namespace } = room.namespaces
      const events = await plane.kubectl(['-n', namespace, 'get', 'events.events.k8s.io', '-o', 'json'])
      return events.includes('MachinesForgotten')
    },
    300_000,
  )
  expect(tokens().size).toBe(16)
  await room.removed('forgetful')
  expect(account.left).toEqual([])
})

test.concurrent('row 29: keys revoked in the middle: a condition, one call a minute, the finalizer stays, on within 5 s of the new Secret', async () => {
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
  expect(account.instances).toHaveLength(3)
  expect(account.left).toEqual([])
})
