import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import { poll } from '../../src/lib/wait.ts'
import type { KeptAddress } from '../../src/model/machine.ts'
import { type AwsGround, anAwsGround } from '../support/aws/aws-ground.ts'
import { anOwner } from '../support/launch-request.ts'

let ground: AwsGround
let cloud: AwsCloud
const call = { signal: AbortSignal.timeout(240_000) }

beforeEach(async () => {
  ground = await anAwsGround({ tempo: { networkLagMs: 0 } })
  cloud = await ground.open('ours')
})
afterEach(async () => {
  await cloud.close()
  await ground[Symbol.asyncDispose]()
})

const owner = anOwner()
const reserve = (insteadOf?: KeptAddress, exposure: 'Public' | 'Private' = 'Public', from = cloud) =>
  from.reserveAddress({ owner, exposure, admitted: [], insteadOf }, call)
const interfaces = () => [...ground.home.interfaces.values()].map(({ id, subnet }) => `${id} ${subnet.zone}`)
const zones = () => [...ground.home.interfaces.values()].map(({ subnet }) => subnet.zone)
const allZones = () => [...new Set(ground.home.subnets.map(({ zone }) => zone))].toSorted()

test('an address is made in the next zone, keeps its Elastic IP, and leaves nothing where it was', async () => {
  const first = await reserve()
  const next = await reserve(first)
  expect(zones()).toEqual([allZones()[1]])
  expect(ground.home.addresses.size).toBe(1)
  expect(next.external).toEqual(first.external)
  expect(next.internal).not.toEqual(first.internal)
  expect((await cloud.list(call)).addresses).toMatchObject([{ internal: next.internal }])
  const offered = await cloud.offerings(
    { owner, role: 'scheduler', sizes: [], purchasing: 'OnDemand', address: next },
    call,
  )
  expect(offered.map(each => each.split(' ')[1])).toEqual([allZones()[1]])
  await cloud.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([])
})

test('after the last zone comes the first, with an interface of its own', async () => {
  const first = await reserve(undefined, 'Private')
  let address = first
  for (const _ of allZones()) address = await reserve(address, 'Private')
  expect(zones()).toEqual([allZones()[0]])
  expect(address.internal).not.toEqual(first.internal)
})

test('a move whose answer is lost is the same move when it is asked for again, by another process too', async () => {
  const first = await reserve()
  ground.ec2.script.add('CreateNetworkInterface', { kind: 'drop' })
  await reserve(first).catch(() => undefined)
  const other = await ground.open('ours')
  const next = await reserve(first, 'Public', other)
  expect(interfaces()).toHaveLength(1)
  expect(next.external).toEqual(first.external)
  await other.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([])
  await other.close()
})

test('a move that ends half way leaves one address, whoever mends it', async () => {
  const first = await reserve()
  ground.ec2.script.add('DeleteNetworkInterface', { kind: 'refuse', code: 'InternalError', status: 500 })
  await reserve(first).catch(() => undefined)
  const other = await ground.open('ours')
  const mended = await reserve(undefined, 'Public', other)
  expect(mended.external).toEqual(first.external)
  await reserve(undefined, 'Public', other)
  expect(interfaces()).toHaveLength(1)
  expect(ground.home.addresses.size).toBe(1)
  await other.close()
})

test('where there is no other zone, the address stays', async () => {
  const alone = await ground.open('ours', { zones: allZones().slice(0, 1) })
  const first = await reserve(undefined, 'Public', alone)
  expect(await reserve(first, 'Public', alone)).toEqual(first)
  expect(interfaces()).toHaveLength(1)
  await alone.close()
})

test('lists that lag do not take a move back', async () => {
  await using late = await anAwsGround({ tempo: { networkLagMs: 400 } })
  const own = await late.open('ours')
  const made = (insteadOf?: KeptAddress) =>
    poll(() => reserve(insteadOf, 'Private', own).catch(() => undefined), 100, call)
  const first = await made()
  const next = await made(first)
  const [kept] = late.home.interfaces.values()
  expect(late.home.interfaces.size).toBe(1)
  expect(next.handle).toContain(kept?.id)
  expect(next.handle).not.toEqual(first.handle)
  await own.close()
})
