import { CreateSecurityGroupCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import { type AwsGround, aGroup, anAwsGround, offeringIn, printedPolicy } from '../support/aws/aws-ground.ts'
import { homeAccount, homeKey } from '../support/aws/ec2.ts'
import { allowedBy } from '../support/aws/rights.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const call = { signal: AbortSignal.timeout(60_000) }
const group = 'sg-0000000000000000a'
let ground: AwsGround
let cloud: AwsCloud
let ec2: EC2Client

beforeEach(async () => {
  ground = await anAwsGround({ tempo: { startMs: 0, endMs: 0 } })
  aGroup(ground.home, group)
  cloud = await ground.open('ours', { securityGroups: { scheduler: [group], workers: [group] } })
  ec2 = new EC2Client({
    region: 'us-east-1',
    endpoint: ground.ec2.endpoint,
    credentials: { accessKeyId: homeKey, secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
})
afterEach(async () => {
  ec2.destroy()
  await cloud.close()
  await ground[Symbol.asyncDispose]()
})

const errorOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.name : ''),
  )

const end = (id: string): Promise<string> =>
  errorOf(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })))

const aRequest = () =>
  aLaunchRequest({ offering: offeringIn(ground.home), count: 2, userData: '#cloud-config\n{}\n' })

test('a machine without our tag cannot be ended, and one with it can', async () => {
  const [theirs = '', ours = ''] = (await cloud.launch(aRequest(), call)).machines
  const instance = ground.home.instances.get(theirs)
  if (instance !== undefined) instance.tags = new Map([['cloud.dask.org/cluster', 'team-a/demo']])
  expect(await end(theirs)).toBe('UnauthorizedOperation')
  expect(instance?.end).toBeUndefined()
  expect(await end(ours)).toBe('none')
})

test('nothing can be made without our tag', async () => {
  const asked = { GroupName: 'bare', Description: 'bare', VpcId: ground.home.vpc }
  expect(await errorOf(ec2.send(new CreateSecurityGroupCommand(asked)))).toBe('UnauthorizedOperation')
  const Tags = [{ Key: 'cloud.dask.org/installation', Value: 'ours' }]
  const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags }]
  expect(await errorOf(ec2.send(new CreateSecurityGroupCommand({ ...asked, TagSpecifications })))).toBe(
    'none',
  )
})

test('all that a public cluster needs is allowed, from its address to its end', async () => {
  const own = await ground.open('ours')
  const owner = anOwner()
  const wish = { owner, exposure: 'Public', admitted: ['203.0.113.0/24'] } as const
  const address = await own.reserveAddress(wish, call)
  await own.reserveAddress({ ...wish, admitted: [] }, call)
  const { machines } = await own.launch({ ...aRequest(), owner, role: 'scheduler', count: 1, address }, call)
  for (const id of machines) expect(await own.console(id, call)).toBe('')
  await own.terminate(machines, call)
  await own.releaseAddress(owner.uid, call)
  expect(ground.left()).toEqual([group])
  expect(ground.ec2.ledger.filter(({ code }) => code === 'UnauthorizedOperation')).toEqual([])
  await own.close()
})

test('where no statement allows a request, it is refused', () => {
  const region = ground.ec2.world.region(homeAccount, 'us-east-1')
  const nothing = { ...printedPolicy, Statement: [] }
  expect(() => allowedBy(printedPolicy, 'DescribeInstances', new Map(), region)).not.toThrow()
  expect(() => allowedBy(nothing, 'DescribeInstances', new Map(), region)).toThrow('not authorized')
})
