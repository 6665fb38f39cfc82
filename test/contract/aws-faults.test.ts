import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import { poll } from '../../src/lib/wait.ts'
import { CloudError } from '../../src/model/faults.ts'
import {
  type AwsGround,
  aGroup,
  anAwsGround,
  offeringIn,
  requireLikeness,
} from '../support/aws/aws-ground.ts'
import { homeKey } from '../support/aws/ec2.ts'
import { ec2Model } from '../support/aws/model.ts'
import { endInstance } from '../support/aws/world.ts'
import { faultOf } from '../support/fault-of.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

let ground: AwsGround
let cloud: AwsCloud
const call = { signal: AbortSignal.timeout(240_000) }
const group = 'sg-0000000000000000a'
const settings = { securityGroups: { scheduler: [group], workers: [group] } }
const tempo = { startMs: 0, endMs: 0 }

beforeEach(async () => {
  ground = await anAwsGround({ tempo, model: await ec2Model() })
  aGroup(ground.home, group)
  cloud = await ground.open('ours', settings)
})
afterEach(async () => {
  await cloud.close()
  await ground[Symbol.asyncDispose]()
  requireLikeness(ground.ec2)
})

const aRequest = (changes: Partial<LaunchRequest> = {}, { home } = ground): LaunchRequest =>
  aLaunchRequest({ offering: offeringIn(home), userData: '#cloud-config\n{}\n', ...changes })

/** The SDK tells a connection that broke by the word of a time that ran out. */
const unclear = /^(lost|timeout)$/

const refusal = (): Promise<string> => cloud.launch(aRequest(), call).then(() => 'none', String)

const ids = (): readonly string[] => [...ground.home.instances.keys()]

describe('faults of EC2, by the rows of the fault matrix', () => {
  test('row 2: an answer that is lost after the machines were made means the same machines with the same token', async () => {
    const request = aRequest({ count: 2 })
    ground.ec2.script.add('RunInstances', { kind: 'drop' })
    expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
    const { machines } = await cloud.launch(request, call)
    expect(machines).toEqual(ids())
    expect(machines).toHaveLength(2)
  })

  test('row 2: an Elastic IP whose answer is lost while lists lag is taken away once lists show it', async () => {
    await using late = await anAwsGround({ tempo: { ...tempo, networkLagMs: 500 } })
    aGroup(late.home, group)
    const own = await late.open('ours', settings)
    const owner = anOwner()
    const reserve = () => own.reserveAddress({ owner, exposure: 'Public', admitted: [] }, call)
    late.ec2.script.add('AllocateAddress', { kind: 'drop' })
    expect(await faultOf(reserve())).toMatch(unclear)
    expect(await faultOf(reserve())).toBe('unavailable')
    expect(late.home.addresses.size).toBe(2)
    const { addresses } = await poll(
      async () => {
        const listing = await own.list(call)
        return listing.addresses.some(({ hasSurplus }) => hasSurplus) ? listing : undefined
      },
      200,
      call,
    )
    await reserve()
    expect([...late.home.addresses.values()].map(({ publicIp }) => publicIp)).toEqual(
      addresses.map(({ external }) => external.host),
    )
    expect((await own.list(call)).addresses).toMatchObject([
      { owner: owner.uid, external: addresses[0]?.external },
    ])
    await own.releaseAddress(owner.uid, call)
    expect(late.left()).toEqual([group])
    await own.close()
  })

  test('row 3: a launch that is carried out late adds nothing to the one that was made meanwhile', async () => {
    const request = aRequest()
    ground.ec2.script.add('RunInstances', { kind: 'late' })
    expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
    expect(ids()).toEqual([])
    await cloud.launch(request, call)
    ground.ec2.script.commit()
    expect(ids()).toHaveLength(1)
  })

  test('row 5: machines that are made while nobody hears of it are listed, and can be ended', async () => {
    ground.ec2.script.add('RunInstances', { kind: 'drop' })
    const request = aRequest()
    await faultOf(cloud.launch(request, call))
    const { machines } = await cloud.list(call)
    expect(machines.map(({ launch }) => launch)).toEqual([request.launch])
    await cloud.terminate(
      machines.map(({ id }) => id),
      call,
    )
    expect(ground.left()).toEqual([group])
  })

  test('row 6: an operator that knows nothing finds the machines by their tags and ends them', async () => {
    await cloud.launch(aRequest({ count: 3 }), call)
    const other = await ground.open('ours', settings)
    const { machines } = await other.list(call)
    expect(machines.map(({ id }) => id).toSorted()).toEqual(ids().toSorted())
    await other.terminate(
      machines.map(({ id }) => id),
      call,
    )
    expect(ground.left()).toEqual([group])
    await other.close()
  })

  test('row 18: what AWS refuses for its rate is throttled, and is carried out later', async () => {
    const request = aRequest()
    ground.ec2.script.add('RunInstances', { kind: 'refuse', code: 'RequestLimitExceeded', status: 503 })
    expect(await faultOf(cloud.launch(request, call))).toBe('throttled')
    expect((await cloud.launch(request, call)).machines).toEqual(ids())
  })

  test('row 18: ten launches at once stay under the rate of the account', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => cloud.launch(aRequest(), call)))
    expect(answers.flatMap(({ machines }) => machines)).toHaveLength(10)
    expect(ground.ec2.ledger.filter(({ code }) => code !== undefined)).toEqual([])
  })

  test('row 21: a scheduler that is refused leaves nothing that a release does not take away', async () => {
    const owner = anOwner()
    const own = await ground.open('ours')
    const address = await own.reserveAddress(
      { owner, exposure: 'Public', admitted: ['203.0.113.0/24'] },
      call,
    )
    ground.ec2.script.add('RunInstances', {
      kind: 'refuse',
      code: 'InsufficientInstanceCapacity',
      status: 500,
    })
    const request = aRequest({ owner, role: 'scheduler', address })
    expect(await faultOf(own.launch(request, call))).toBe('no-capacity')
    await own.releaseAddress(owner.uid, call)
    expect(ground.left()).toEqual([group])
    await own.close()
  })

  test('the interfaces of workers are not taken for the scheduler’s address', async () => {
    const owner = anOwner()
    const made = await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
    const { machines } = await cloud.launch(aRequest({ owner, count: 5, address: made }), call)
    expect((await cloud.list(call)).addresses).toEqual([made])
    await cloud.terminate(machines, call)
    await cloud.releaseAddress(owner.uid, call)
    expect(ground.left()).toEqual([group])
  })

  test('row 22: a spot machine that AWS takes back is gone', async () => {
    const { machines } = await cloud.launch(aRequest(), call)
    for (const id of machines) endInstance(ground.home, id, 'spot')
    const listed = await cloud.list(call)
    expect(listed.machines.map(({ state }) => state.kind)).toEqual(['gone'])
  })

  test.each([
    ['an answer cut off', { kind: 'answer', status: 200, body: '<DescribeInstancesResponse><reservat' }],
    ['no XML at all', { kind: 'answer', status: 200, body: 'hello' }],
    ['a connection that is reset', { kind: 'reset' }],
    ['an error', { kind: 'refuse', code: 'InternalError', status: 500 }],
  ] as const)('row 26: a list with %s is an error and no shorter list', async (_, trouble) => {
    await cloud.launch(aRequest(), call)
    ground.ec2.script.add('DescribeInstances', trouble)
    await expect(cloud.list(call)).rejects.toBeInstanceOf(CloudError)
    expect((await cloud.list(call)).machines).toHaveLength(1)
  })

  test('row 29: a key that is taken away is unauthorized, and works again once it is back', async () => {
    const { keys } = ground.ec2.world
    const key = keys.get(homeKey)
    keys.delete(homeKey)
    expect(await faultOf(cloud.list(call))).toBe('unauthorized')
    expect(await faultOf(cloud.list(call))).toBe('unauthorized')
    const asked = (action: string) => ground.ec2.ledger.filter(each => each.action === action).length
    expect([asked('DescribeInstances'), asked('DescribeAddresses')]).toEqual([2, 1])
    if (key !== undefined) keys.set(homeKey, key)
    await expect(cloud.list(call)).resolves.toMatchObject({ machines: [] })
  })

  test('row 29: a right that is missing is unauthorized, in the same words each time', async () => {
    const key = ground.ec2.world.keys.get(homeKey)
    if (key !== undefined) key.may = new Set(['DescribeInstances'])
    expect(await refusal()).toMatch(/iam-policy/)
    expect(await refusal()).toBe(await refusal())
  })
})

test('row 4: machines that lists do not show yet are neither gone nor ended twice', async () => {
  await using late = await anAwsGround({ tempo: { ...tempo, lagMs: 1_000 } })
  aGroup(late.home, group)
  const own = await late.open('ours', settings)
  const request = aRequest({}, late)
  const { machines } = await own.launch(request, call)
  expect((await own.list(call)).machines).toEqual([])
  expect(await faultOf(own.terminate(machines, call))).toBe('conflict')
  expect((await own.launch(request, call)).machines).toEqual(machines)
  const listed = await poll(
    async () => {
      const found = await own.list(call)
      return found.machines.length > 0 ? found.machines : undefined
    },
    200,
    call,
  )
  expect(listed.map(machine => machine.id)).toEqual(machines)
  await own.terminate(machines, call)
  expect(late.left()).toEqual([group])
  await own.close()
})
