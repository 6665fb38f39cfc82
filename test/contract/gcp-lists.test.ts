import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import type { GcpCloud } from '../../src/clouds/gcp/provider.ts'
import { CloudError } from '../../src/model/faults.ts'
import { machineId } from '../../src/model/names.ts'
import type { Asked } from '../support/clouds/script.ts'
import { faultOf } from '../support/fault-of.ts'
import { type GcpClouds, offeringIn, requireLikeness, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { endInstance } from '../support/gcp/lives.ts'
import { computeModel } from '../support/gcp/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(120_000) }
const zone = `${homeRegion}-a`
const kind = `e2-standard-4 ${zone} STANDARD`
const soldOut = 'ZONE_RESOURCE_POOL_EXHAUSTED'
let ground: GcpClouds
let cloud: GcpCloud

beforeEach(async () => {
  ground = await someGcpClouds({
    tempo: { operationMs: 0, startMs: 0, endMs: 0 },
    model: await computeModel(),
  })
  cloud = await ground.open('ours', { zones: [zone, `${homeRegion}-b`] })
})
afterEach(async () => {
  await cloud.close()
  await ground[Symbol.asyncDispose]()
  requireLikeness(ground)
})

const aRequest = (changes: Partial<LaunchRequest> = {}): LaunchRequest =>
  aLaunchRequest({ offering: offeringIn(zone), userData: '#cloud-config\n{}\n', ...changes })

const refused = (): Promise<unknown> => cloud.launch(aRequest(), call).catch((error: unknown) => error)

const isSecondPage = ({ method, page }: Asked): boolean => method === 'instances.aggregatedList' && page === 2

test('more machines than a page holds are listed whole, and a page that fails is no shorter list', async () => {
  const { machines } = await cloud.launch(aRequest({ count: 504 }), call)
  const listed = (await cloud.list(call)).machines.map(({ id }) => id)
  expect(listed.toSorted()).toEqual([...machines].toSorted())
  expect(ground.asked('instances.aggregatedList')).toHaveLength(2)
  ground.gce.script.add(isSecondPage, { kind: 'refuse', reason: 'backendError', status: 500 })
  await expect(cloud.list(call)).rejects.toBeInstanceOf(CloudError)
  await cloud.terminate(machines, call)
  expect(ground.left()).toEqual([])
})

test('a list that cannot see one of its zones is a failed look', async () => {
  await cloud.launch(aRequest(), call)
  ground.home.unreachable.add(`zones/${zone}`)
  expect(await faultOf(cloud.list(call))).toBe('unavailable')
  ground.home.unreachable.clear()
  expect((await cloud.list(call)).machines).toHaveLength(1)
})

test.each([false, true])(
  '60 of 100 are kept, an error inside the operation or not (%s), and the next cluster begins elsewhere',
  async tells => {
    ground.home.tellsPartial = tells
    ground.home.stock.set(kind, { left: 60, code: soldOut })
    const { machines } = await cloud.launch(aRequest({ count: 100 }), call)
    expect(machines).toHaveLength(60)
    const wish = {
      owner: anOwner(),
      role: 'worker',
      sizes: [],
      purchasing: 'OnDemand',
      address: undefined,
    } as const
    const zones = (await cloud.offerings(wish, call)).map(each => each.split(' ')[1])
    expect(zones).toEqual([`${homeRegion}-b`, zone])
  },
)

test.each([soldOut, `${soldOut}_WITH_DETAILS`])(
  '%s inside an operation is no capacity, in the same words',
  async code => {
    ground.home.stock.set(kind, { left: 0, code })
    const first = await refused()
    expect(first).toMatchObject({ fault: 'no-capacity' })
    expect(String(await refused())).toBe(String(first))
    expect(ground.left()).toEqual([])
  },
)

test('a quota that is used up is one, whether it is refused at once or inside an operation', async () => {
  ground.home.limits.set(`CPUS ${homeRegion}`, 2)
  const owner = anOwner()
  const address = await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
  expect(await faultOf(cloud.launch(aRequest(), call))).toBe('quota')
  expect(
    await faultOf(cloud.launch(aRequest({ owner, role: 'scheduler', address, exposure: 'Private' }), call)),
  ).toBe('quota')
  await cloud.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([])
})

test('a stranger’s copies of labels and descriptions are counted and never ended', async () => {
  const { machines } = await cloud.launch(aRequest(), call)
  const [first] = ground.home.instances.values()
  if (first === undefined) throw new Error('one was launched')
  for (const name of ['web-1', 'dask-0123456789abcdef-0-0001'])
    ground.home.instances.set(`${first.scope}/${name}`, { ...first, name })
  const listing = await cloud.list(call)
  expect(listing).toMatchObject({ machines: [{ id: machines[0] }], strangers: 2 })
  const all = [...ground.home.instances.values()].map(({ name }) => machineId(name))
  await cloud.terminate(all, call)
  expect(
    ground
      .left()
      .filter(each => each.startsWith('instances/'))
      .toSorted(),
  ).toEqual(['instances/dask-0123456789abcdef-0-0001', 'instances/web-1'])
})

test('a machine that was stopped from outside says so, and is ended with its disk', async () => {
  const { machines } = await cloud.launch(aRequest(), call)
  for (const id of machines) endInstance(ground.home, id, 'STOP')
  expect((await cloud.list(call)).machines.map(({ state }) => state.kind)).toEqual(['stopped'])
  await cloud.terminate(machines, call)
  expect(ground.left()).toEqual([])
})

test('rules let in what they must and nothing else, follow who is admitted, and are gone in the end', async () => {
  const owner = anOwner()
  const reserve = (admitted: readonly string[]) =>
    cloud.reserveAddress({ owner, exposure: 'Private', admitted }, call)
  const rules = () =>
    [...ground.home.firewalls.values()].map(({ rule }) => ({
      ranges: rule['sourceRanges'],
      tags: rule['sourceTags'],
    }))
  for (const admitted of [['203.0.113.0/24'], [], ['198.51.100.0/24', '2001:db8::/32']]) {
    expect((await reserve(admitted)).admitted).toEqual(admitted)
    const letIn = [...ground.home.firewalls.values()].map(({ rule }) => rule['sourceRanges'])
    expect(letIn.filter(each => each !== undefined).flat()).toEqual(admitted)
    expect(rules().filter(({ ranges, tags }) => ranges === undefined && tags === undefined)).toEqual([])
  }
  await cloud.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([])
})

test('the dashboard is opened by rules of its own, narrowed where somebody has widened them, and closed', async () => {
  const owner = anOwner()
  const reserve = (viewers: readonly string[]) =>
    cloud.reserveAddress({ owner, exposure: 'Private', admitted: [], viewers }, call)
  const rules = () =>
    [...ground.home.firewalls.values()].filter(({ rule }) => JSON.stringify(rule).includes('8787'))
  const both = ['198.51.100.0/24', '2001:db8::/32']
  const made = await reserve(both)
  expect(made.viewers).toEqual(both)
  expect(rules().map(({ name, rule }) => [name, rule['sourceRanges'], rule['targetTags']])).toEqual([
    [`dask-${owner.uid}-dashboard`, ['198.51.100.0/24'], [`dask-${owner.uid}-scheduler`]],
    [`dask-${owner.uid}-dashboard-v6`, ['2001:db8::/32'], [`dask-${owner.uid}-scheduler`]],
  ])
  Object.assign(rules()[0]?.rule ?? {}, { sourceRanges: ['0.0.0.0/0'] })
  expect((await cloud.list(call)).addresses).toMatchObject([{ viewers: ['0.0.0.0/0', '2001:db8::/32'] }])
  expect(await reserve(both)).toEqual(made)
  expect((await reserve([])).viewers).toBeUndefined()
  expect(rules()).toEqual([])
  await cloud.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([])
})

test('user data of the most that Google takes starts a machine, and one byte more is refused for good', async () => {
  const most = cloud.promises.maxUserDataBytes
  expect((await cloud.launch(aRequest({ userData: 'x'.repeat(most) }), call)).machines).toHaveLength(1)
  expect(await faultOf(cloud.launch(aRequest({ userData: 'x'.repeat(most + 1) }), call))).toBe('invalid')
})
