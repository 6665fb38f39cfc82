import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import { poll } from '../../src/lib/wait.ts'
import { CloudError } from '../../src/model/faults.ts'
import { type AwsGround, aGroup, anAwsGround, offeringIn } from '../support/aws/aws-ground.ts'
import type { Asked } from '../support/aws/script.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(120_000) }
const group = 'sg-0000000000000000a'
const userData = '#cloud-config\n{}\n'
let ground: AwsGround
let cloud: AwsCloud

beforeEach(async () => {
  ground = await anAwsGround({ tempo: { startMs: 0, endMs: 0 } })
  aGroup(ground.home, group)
  cloud = await ground.open('ours', { securityGroups: { scheduler: [group], workers: [group] } })
})
afterEach(async () => {
  await cloud.close()
  await ground[Symbol.asyncDispose]()
})

const offering = (): string => offeringIn(ground.home)

test('more machines than a page holds are listed whole, and a page that fails is no shorter list', async () => {
  const request = aLaunchRequest({ offering: offering(), count: 999, userData })
  const { machines } = await cloud.launch(request, call)
  const { machines: more } = await cloud.launch(
    aLaunchRequest({ offering: offering(), count: 5, userData }),
    call,
  )
  const listing = await cloud.list(call)
  expect(listing.machines.map(({ id }) => id).toSorted()).toEqual([...machines, ...more].toSorted())
  const pages = ground.ec2.ledger.filter(({ action }) => action === 'DescribeInstances')
  expect(pages).toHaveLength(2)
  expect(pages.map(({ params }) => 'NextToken' in params)).toEqual([false, true])
  ground.ec2.script.add(isSecondPage, { kind: 'refuse', code: 'InternalError', status: 500 })
  await expect(cloud.list(call)).rejects.toBeInstanceOf(CloudError)
})

test('what there is of a size is taken and kept, and the next cluster begins elsewhere', async () => {
  const [size, zone, kind] = offering().split(' ')
  const stock = { left: 3, code: 'InsufficientInstanceCapacity', status: 500 }
  ground.home.stock.set(`${size} ${zone} ${kind}`, stock)
  const { machines } = await cloud.launch(aLaunchRequest({ offering: offering(), count: 5, userData }), call)
  expect(machines).toHaveLength(3)
  const owner = anOwner()
  const address = await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
  const wish = { owner, role: 'worker', sizes: ['m7i.large'], purchasing: 'OnDemand', address } as const
  const zones = (await cloud.offerings(wish, call)).map(each => each.split(' ')[1])
  expect(zones.at(-1)).toBe(zone)
  expect(new Set(zones).size).toBe(3)
})

test('a token that AWS has had with another request is a conflict, and makes nothing', async () => {
  const request = aLaunchRequest({ offering: offering(), userData })
  await cloud.launch(request, call)
  const other = cloud.launch({ ...request, userData: '#cloud-config\n{"a": 1}\n' }, call)
  await expect(other).rejects.toMatchObject({ fault: 'conflict' })
  expect(ground.home.instances.size).toBe(1)
})

test('a network that lists show late is made once', async () => {
  ground.home.tempo = { ...ground.home.tempo, networkLagMs: 700 }
  const own = await ground.open('ours')
  const owner = anOwner()
  const reserve = () => own.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
  const tried = async () => reserve().catch(isLate)
  const made = await poll(tried, 200, call)
  expect((await own.list(call)).addresses).toEqual([made])
  expect(ground.home.interfaces.size).toBe(1)
  expect(ground.home.groups.size).toBe(3)
  await own.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([group])
  await own.close()
})

/** It is asked for again; anything else is a failure. */
function isLate(error: unknown): undefined {
  if (!(error instanceof CloudError) || !/^(unavailable|not-yet)$/.test(error.fault)) throw error
}

const isSecondPage = ({ action, params }: Asked): boolean =>
  action === 'DescribeInstances' && params.has('NextToken')
