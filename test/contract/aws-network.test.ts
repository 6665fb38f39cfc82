import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import {
  type AwsGround,
  aGroup,
  anAwsGround,
  offeringIn,
  requireLikeness,
} from '../support/aws/aws-ground.ts'
import { ec2Model } from '../support/aws/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(60_000) }
const owner = anOwner()
const mine = 'sg-0000000000000000a'
let ground: AwsGround

beforeEach(async () => {
  ground = await anAwsGround({ model: await ec2Model() })
  aGroup(ground.home, mine)
})
afterEach(async () => {
  await ground[Symbol.asyncDispose]()
  requireLikeness(ground.ec2)
})

/** Reserves as these settings have it, and returns what lists say of it then; an operator for each. */
async function reserved(
  exposure: 'Public' | 'Private',
  settings: object = {},
  viewers: readonly string[] = [],
) {
  const cloud = await ground.open('ours', settings)
  try {
    const before = await shown(cloud)
    await cloud.reserveAddress({ owner, exposure, admitted: ['203.0.113.0/24'], viewers }, call)
    const after = await shown(cloud)
    return { before, after, wanted: cloud.networkFor({ exposure }) }
  } finally {
    await cloud.close()
  }
}

const shown = async (cloud: AwsCloud) => (await cloud.list(call)).addresses[0]
const sshRules = (): readonly string[] =>
  [...ground.home.groups.values()].flatMap(({ ingress }) =>
    ingress.filter(({ from }) => from === 22).map(({ source }) => source),
  )
const dashboardRules = () =>
  [...ground.home.groups.values()].flatMap(({ name, ingress }) =>
    ingress.filter(({ from }) => from === 8787).map(({ to, source }) => [name, to, source]),
  )
const groupsOfInterface = (): readonly string[] =>
  [...ground.home.interfaces.values()].flatMap(({ groups }) => groups)

test('a public address is taken away from a cluster that becomes private, and given to one that becomes public', async () => {
  const first = await reserved('Public')
  expect(ground.home.addresses.size).toBe(1)
  const second = await reserved('Private')
  expect(second.before?.network).toBe(first.wanted)
  expect(second.before?.network).not.toBe(second.wanted)
  expect(second.after?.network).toBe(second.wanted)
  expect(second.after?.external).toEqual(second.after?.internal)
  expect(ground.home.addresses.size).toBe(0)
  const third = await reserved('Public')
  expect(third.after?.network).toBe(first.wanted)
  expect(third.after?.internal).toEqual(first.after?.internal)
  expect(third.after?.external).not.toEqual(third.after?.internal)
})

test.each([
  { exposure: 'Public', workerAddresses: 'Public', has: 'true' },
  { exposure: 'Public', workerAddresses: 'Private', has: 'false' },
  { exposure: 'Private', workerAddresses: 'Public', has: 'false' },
] as const)(
  'a worker of a $exposure cluster whose addresses are $workerAddresses gets a public one: $has',
  async ({ exposure, workerAddresses, has }) => {
    const own = { scheduler: [mine], workers: [mine] }
    const cloud = await ground.open('ours', { securityGroups: own, workerAddresses })
    const worker = { offering: offeringIn(ground.home), userData: '#cloud-config\n{}\n', exposure }
    await cloud.launch(aLaunchRequest(worker), call)
    await cloud.close()
    const launch = ground.ec2.ledger.find(({ action }) => action === 'RunInstances')
    expect(launch?.params['NetworkInterface.1.AssociatePublicIpAddress']).toBe(has)
  },
)

test('who may use SSH is changed on both groups', async () => {
  await reserved('Private', { sshCIDRs: ['198.51.100.0/24'] })
  expect(sshRules()).toEqual(['198.51.100.0/24', '198.51.100.0/24'])
  const { before, after, wanted } = await reserved('Private')
  expect(before?.network).not.toBe(wanted)
  expect(after?.network).toBe(wanted)
  expect(sshRules()).toEqual([])
})

test('a public address that was let go by half is given back by the next try', async () => {
  await reserved('Public')
  const refusal = { kind: 'refuse', code: 'InternalError', status: 500 } as const
  ground.ec2.script.add('ReleaseAddress', refusal)
  await expect(reserved('Private')).rejects.toThrow('ReleaseAddress')
  expect(ground.home.addresses.size).toBe(1)
  const { before, after, wanted } = await reserved('Private')
  expect(before?.network).not.toBe(wanted)
  expect(after?.network).toBe(wanted)
  expect(ground.home.addresses.size).toBe(0)
})

test('groups and ranges that are named twice are as if they were named once', async () => {
  const range = '198.51.100.0/24'
  const twice = { securityGroups: { scheduler: [mine, mine], workers: [mine] } }
  for (const settings of [twice, { sshCIDRs: [range, range] }]) {
    const { after, wanted } = await reserved('Private', settings)
    expect(after?.network).toBe(wanted)
  }
  expect(sshRules()).toEqual([range, range])
})

test('a rule that somebody adds by hand is seen', async () => {
  const { wanted } = await reserved('Private')
  for (const group of ground.home.groups.values())
    if (group.id !== mine)
      group.ingress = [
        ...group.ingress,
        { protocol: 'tcp', from: 22, to: 22, kind: 'ipv4', source: '0.0.0.0/0' },
      ]
  const { before, after } = await reserved('Private')
  expect(before?.network).not.toBe(wanted)
  expect(after?.network).toBe(wanted)
  expect(sshRules()).toEqual([])
})

test('the dashboard is opened on the scheduler’s group alone, narrowed where somebody has widened it, and closed', async () => {
  const office = ['198.51.100.0/24']
  await reserved('Private', {}, office)
  const scheduler = `dask-${owner.uid}-scheduler`
  expect(dashboardRules()).toEqual([[scheduler, 8787, '198.51.100.0/24']])
  const group = [...ground.home.groups.values()].find(({ name }) => name === scheduler)
  const [rule] = (group?.ingress ?? []).filter(({ from }) => from === 8787)
  if (group === undefined || rule === undefined) throw new Error('there is no rule')
  Object.assign(group, { ingress: [...group.ingress, { ...rule, source: '0.0.0.0/0' }] })
  const { before, after } = await reserved('Private', {}, office)
  expect([before?.viewers, after?.viewers]).toEqual([['0.0.0.0/0', '198.51.100.0/24'], office])
  expect((await reserved('Private')).after?.viewers).toBeUndefined()
  expect(dashboardRules()).toEqual([])
})

test('groups that the user comes to name are the interface’s from then on, and the cluster’s own again afterwards', async () => {
  const settings = { securityGroups: { scheduler: [mine], workers: [mine] } }
  const own = await reserved('Private')
  const named = await reserved('Private', settings)
  expect(named.before?.network).not.toBe(named.wanted)
  expect(named.after).toMatchObject({ network: named.wanted, internal: own.after?.internal })
  expect(named.after?.admitted).toBeUndefined()
  expect(groupsOfInterface()).toEqual([mine])
  const again = await reserved('Private')
  expect(again.after?.network).toBe(own.wanted)
  expect(again.after?.admitted).toEqual(['203.0.113.0/24'])
  expect(groupsOfInterface()).not.toContain(mine)
})

test('nothing of it is left in the end', async () => {
  await reserved('Public')
  const cloud = await ground.open('ours')
  await cloud.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([mine])
  await cloud.close()
})

test('an account without a default VPC is told what is missing and how to get it', async () => {
  Object.assign(ground.home, { subnets: [] })
  await expect(reserved('Private')).rejects.toMatchObject({
    fault: 'invalid',
    message: expect.stringContaining('make a default VPC with aws ec2 create-default-vpc'),
  })
  expect(ground.left()).toEqual([mine])
})
