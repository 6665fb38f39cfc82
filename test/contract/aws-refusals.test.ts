import { once } from 'node:events'
import { createServer } from 'node:net'
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AwsCloud } from '../../src/clouds/aws/provider.ts'
import { AwsSession } from '../../src/clouds/aws/session.ts'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import { machineId } from '../../src/model/names.ts'
import {
  type AwsGround,
  aGroup,
  anAwsGround,
  offeringIn,
  requireLikeness,
} from '../support/aws/aws-ground.ts'
import { homeKey } from '../support/aws/ec2.ts'
import { ec2Model } from '../support/aws/model.ts'
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

const alive = (): readonly string[] =>
  [...ground.home.instances.values()].filter(({ end }) => end === undefined).map(({ id }) => id)
const ids = (): readonly string[] => [...ground.home.instances.keys()]

describe('what EC2 refuses or takes back', () => {
  test('a scheduler whose interface is still in use is refused for certain, and its token is good afterwards', async () => {
    const owner = anOwner()
    const address = await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
    const { machines } = await cloud.launch(aRequest({ owner, role: 'scheduler', address }), call)
    const next = aRequest({ owner, role: 'scheduler', address })
    expect(await faultOf(cloud.launch(next, call))).toBe('not-yet')
    await cloud.terminate(machines, call)
    const again = await cloud.launch(next, call)
    expect(again.machines).toHaveLength(1)
    await cloud.terminate(again.machines, call)
    await cloud.releaseAddress(owner.uid, call)
    expect(ground.left()).toEqual([group])
  })

  test('a machine that EC2 accepts and ends by itself says why, and one that somebody stopped says so', async () => {
    await cloud.launch(aRequest({ count: 2 }), call)
    const [stillborn = '', stopped = ''] = ids()
    const { instances, now } = ground.home
    const [first, second] = [instances.get(stillborn), instances.get(stopped)]
    if (first === undefined || second === undefined) throw new Error('two were launched')
    first.end = {
      at: now(),
      code: 'Client.InternalError',
      message: 'Client.InternalError: Client error on launch',
    }
    second.stoppedAt = now()
    const { machines } = await cloud.list(call)
    const states = Object.fromEntries(machines.map(({ id, state }) => [id, state]))
    expect(states[stillborn]).toEqual({
      kind: 'gone',
      problem: 'AWS ended a machine before it ran: Client.InternalError: Client error on launch',
    })
    expect(states[stopped]).toEqual({ kind: 'stopped' })
  })

  test('a protected machine is told of, and the others of its batch are ended', async () => {
    await cloud.launch(aRequest({ count: 5 }), call)
    const [, kept = ''] = ids()
    const protectedOne = ground.home.instances.get(kept)
    if (protectedOne === undefined) throw new Error('five were launched')
    protectedOne.isProtected = true
    const end = () => cloud.terminate(ids().map(machineId), call)
    await expect(end()).rejects.toThrow('a machine is protected')
    expect(alive()).toEqual([kept])
    protectedOne.isProtected = false
    await end()
    expect(alive()).toEqual([])
  })

  test('a group of ours that EC2 does not know everywhere yet is asked for again soon, one of the user’s is theirs to correct', async () => {
    const trouble = { kind: 'refuse', code: 'InvalidGroup.NotFound', status: 400 } as const
    ground.ec2.script.add('CreateNetworkInterface', trouble, 2)
    const wish = { owner: anOwner(), exposure: 'Private', admitted: [] } as const
    const own = await ground.open('ours')
    expect(await faultOf(own.reserveAddress(wish, call))).toBe('not-yet')
    expect(await faultOf(cloud.reserveAddress(wish, call))).toBe('invalid')
    await own.reserveAddress(wish, call)
    await own.releaseAddress(wish.owner.uid, call)
    expect(ground.left()).toEqual([group])
    await own.close()
  })

  test('a fresh account without a role for spot machines is given machines on demand', async () => {
    const code = 'AuthFailure.ServiceLinkedRoleCreationNotPermitted'
    ground.ec2.script.add('RunInstances', { kind: 'refuse', code, status: 403 })
    const refused = await cloud.launch(aRequest(), call).catch((error: unknown) => error)
    expect(refused).toMatchObject({ fault: 'quota' })
    expect(String(refused)).toContain('create-service-linked-role --aws-service-name spot.amazonaws.com')
  })

  test('a role that AWS does not answer about holds nobody up for longer than they wait', async () => {
    const silent = createServer(() => undefined)
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('it has a port')
    const before = process.env['AWS_ENDPOINT_URL_STS']
    process.env['AWS_ENDPOINT_URL_STS'] = `http://127.0.0.1:${address.port}`
    try {
      const role = { arn: 'arn:aws:iam::111122223333:role/dask', externalId: undefined }
      const identity = { accessKeyId: homeKey, secretAccessKey: 'secret' }
      const session = await AwsSession.open({ region: 'us-east-1', credentials: { identity, role } })
      const asked = session.make('DescribeInstances', { signal: AbortSignal.timeout(300) }, options =>
        session.ec2.send(new DescribeInstancesCommand({}), options),
      )
      const late = new Promise(resolve => setTimeout(resolve, 5_000, 'still waiting').unref())
      expect(await Promise.race([faultOf(asked), late])).toBe('timeout')
      session.close()
    } finally {
      if (before === undefined) delete process.env['AWS_ENDPOINT_URL_STS']
      else process.env['AWS_ENDPOINT_URL_STS'] = before
      silent.close()
    }
  })
})
