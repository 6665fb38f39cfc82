import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { requireLikeness } from '../support/aws/aws-ground.ts'
import { type Ec2Room, ec2Room, ownGroups, type Tenant } from '../support/aws/ec2-room.ts'
import { endInstance } from '../support/aws/world.ts'
import { condition } from '../support/cluster-desk.ts'
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

const tokens = (launches: readonly { readonly params: Readonly<Record<string, string>> }[]) =>
  new Set(launches.map(({ params }) => params['ClientToken']))

test.concurrent('row 2: the answers of both launches are lost, and lists lag: asked for again with the same tokens, the same machines', async () => {
  const { room, ec2, tenant } = ground
  const account = await tenant('lost')
  account.region.tempo = { ...account.region.tempo, lagMs: 15_000 }
  ec2.script.add(account.when('RunInstances'), { kind: 'drop' }, 2)
  await account.create('lost', { replicas: 2 })
  await room.until('both are asked for again', () => account.asked('RunInstances').length >= 4)
  expect(tokens(account.asked('RunInstances')).size).toBe(2)
  expect(account.instances).toHaveLength(3)
  await room.removed('lost')
  expect(account.instances).toHaveLength(3)
  expect(account.left).toEqual([])
})

test.concurrent('row 5: deleted while a create is in flight: its machines end, and the finalizer leaves last', async () => {
  const { room, ec2, tenant } = ground
  const account = await tenant('in-flight')
  const held = Promise.withResolvers<void>()
  ec2.script.add(account.whenWorkers, { kind: 'hold', until: () => held.promise })
  const { uid } = (await account.create('in-flight', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.workerLaunches.length > 0)
  await room.clusters.remove('in-flight')
  held.resolve()
  await room.until('they are made', () => account.instances.length > 1)
  await room.until('all machines end', () => account.alive.length === 0)
  expect((await room.clusters.get('in-flight'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('in-flight', uid)
  expect(account.left).toEqual([])
})

test.concurrent('row 22: AWS takes a spot machine back: another is asked for within 2 s of the list that shows it', async () => {
  const { room, tenant } = ground
  const account = await tenant('spot')
  await account.create('spot', { replicas: 3, purchasing: 'Spot' })
  await room.until('all are listed as running', () => account.workers.length === 3 && account.isAtRest)
  const lists = account.asked('DescribeInstances').length
  await room.until('two lists more', () => account.asked('DescribeInstances').length >= lists + 2)
  const [taken] = account.workers
  expect(taken?.isSpot).toBe(true)
  endInstance(account.region, taken?.id ?? '', 'spot')
  const at = Date.now()
  expect(taken?.end?.code).toBe('Server.SpotInstanceTermination')
  await room.until('another is made', () => account.workers.length === 3)
  const seen = account.asked('DescribeInstances').find(each => each.at >= at)?.at ?? Infinity
  expect((account.workerLaunches.at(-1)?.at ?? Infinity) - seen).toBeLessThan(2_000)
  expect(account.instances).toHaveLength(5)
  await room.removed('spot')
  expect(account.left).toEqual([])
})

test.concurrent('row 25: two fifths of the machines are missing from lists at once: none is replaced, Degraded says so, and it passes', async () => {
  const { room, tenant } = ground
  const account = await tenant('hidden')
  await account.create('hidden', { replicas: 14 })
  await room.until('all run', () => account.alive.length === 15 && account.isAtRest)
  const lists = account.asked('DescribeInstances').length
  await room.until('lists show them', () => account.asked('DescribeInstances').length >= lists + 3)
  for (const { id } of account.workers.slice(0, 6)) account.region.hidden.add(id)
  const degraded = await room.clusters.until('hidden', each => condition(each, 'Degraded') !== undefined)
  expect(condition(degraded, 'Degraded')?.reason).toBe('MachinesMissing')
  const then = account.asked('DescribeInstances').length
  await room.until('lists agree', () => account.asked('DescribeInstances').length >= then + 4)
  expect(account.instances).toHaveLength(15)
  account.region.hidden.clear()
  await room.clusters.until('hidden', each => condition(each, 'Degraded') === undefined)
  expect(account.instances).toHaveLength(15)
  await room.removed('hidden')
  expect(account.left).toEqual([])
})

const outOfStock = { left: 0, code: 'InsufficientInstanceCapacity', status: 500 }
const kinds = (launches: ReturnType<Tenant['asked']>, { subnets }: Tenant['region']) =>
  launches.map(({ params }) => {
    const subnet = params['NetworkInterface.1.SubnetId']
    return `${params['InstanceType']} ${subnets.find(({ id }) => id === subnet)?.zone}`
  })

test.concurrent('row 19: no capacity in the first zone: the next within a second, remembered for all clusters of the account', async () => {
  const { room, tenant } = ground
  const account = await tenant('scarce')
  const zone = 'us-east-1a'
  account.region.stock.set(`m7i.large ${zone} OnDemand`, outOfStock)
  await account.create('scarce', { replicas: 2 })
  await room.until('workers are made', () => account.workers.length === 2)
  const [first, second, ...others] = account.workerLaunches
  expect(first?.code).toBe('InsufficientInstanceCapacity')
  expect((second?.at ?? Infinity) - (first?.at ?? 0)).toBeLessThan(1_000)
  expect(others).toEqual([])
  await account.create('warned', { replicas: 1 })
  await room.until('another cluster has its worker', () => account.workers.length === 3)
  expect(kinds(account.workerLaunches, account.region)).toEqual([
    `m7i.large ${zone}`,
    'm7i.large us-east-1b',
    'm7i.large us-east-1b',
  ])
  for (const name of ['scarce', 'warned']) await room.removed(name)
  expect(account.left).toEqual([])
})

test.concurrent('row 19: 60 of 100 are given: they are kept, and 40 more are made elsewhere', async () => {
  const { room, tenant } = ground
  const account = await tenant('partial')
  account.region.stock.set('m7i.large us-east-1a OnDemand', { ...outOfStock, left: 60 })
  await account.create('partial', { replicas: 100 })
  await room.until('all are made', () => account.workers.length >= 100, 60_000)
  const zones = Map.groupBy(account.workers, ({ zone }) => zone)
  expect([...zones].map(([zone, { length }]) => [zone, length])).toEqual([
    ['us-east-1a', 60],
    ['us-east-1b', 40],
  ])
  const launches = account.workerLaunches
  expect(launches.map(({ params }) => params['MaxCount'])).toEqual(['100', '40'])
  await room.removed('partial')
  expect(account.instances).toHaveLength(101)
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a quota: a condition in the same words, one record a round, rounds that back off, on when the spec changes', async () => {
  const { room, ec2, tenant } = ground
  const account = await tenant('quota')
  const refuse = { kind: 'refuse', code: 'VcpuLimitExceeded', status: 400, message: inNewWords } as const
  const end = ec2.script.add(account.whenWorkers, refuse, 1_000)
  await using history = await room.clusters.history()
  const { uid } = (await account.create('quota', { replicas: 1 })).metadata
  const rounds = () => {
    const sent = account.workerLaunches.map(({ at, params }) => ({ at, launch: launchOf(params) }))
    return [...Map.groupBy(sent, ({ launch }) => launch).values()].map(each => each.map(({ at }) => at))
  }
  await room.until('a third round', () => rounds().length >= 3, 60_000)
  const [first = [], second = [], third = []] = rounds()
  expect([first.length, second.length]).toEqual([3, 3])
  expect((second[0] ?? 0) - (first.at(-1) ?? 0)).toBeGreaterThan(3_000)
  expect((third[0] ?? 0) - (second.at(-1) ?? 0)).toBeGreaterThan((second[0] ?? 0) - (first.at(-1) ?? 0))
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
  const image = { id: 'ami-0000000000000dead' }
  await account.create('image', { replicas: 1 }, {}, { ...ownGroups, image })
  const stalled = await room.clusters.until('image', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')).toMatchObject({ reason: 'InvalidRequest' })
  expect(condition(stalled, 'Stalled')?.message).toContain('spec.cloud.aws.image')
  expect(account.asked('RunInstances')).toEqual([])
  await room.clusters.patch('image', { spec: { cloud: { aws: { image: null } } } })
  await room.until('its machines are made', () => account.alive.length === 2, 10_000)
  await room.removed('image')
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a right that is missing: Stalled, on within 5 s of another key in the Secret', async () => {
  const { room, tenant } = ground
  const account = await tenant('unable')
  account.withhold('RunInstances')
  await account.create('unable', { replicas: 1 })
  const stalled = await room.clusters.until('unable', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')?.reason).toBe('Unauthorized')
  expect(condition(stalled, 'Stalled')?.message).toContain('iam-policy')
  expect(account.instances).toEqual([])
  await account.rotate()
  await room.until('its machines are made', () => account.alive.length === 2, 5_000)
  await room.removed('unable')
  expect(account.left).toEqual([])
})

const inNewWords = (): string => `You have requested more vCPU capacity. Request id ${randomUUID()}`

const launchOf = ({ ClientToken = '' }: Readonly<Record<string, string>>): string =>
  ClientToken.split('-')[0] ?? ''
