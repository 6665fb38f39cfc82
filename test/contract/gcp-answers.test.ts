import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import type { GcpCloud } from '../../src/clouds/gcp/provider.ts'
import { poll } from '../../src/lib/wait.ts'
import { faultOf } from '../support/fault-of.ts'
import { type GcpClouds, offeringIn, requireLikeness, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

let ground: GcpClouds
let cloud: GcpCloud
const call = { signal: AbortSignal.timeout(240_000) }
const tempo = { operationMs: 0, startMs: 0, endMs: 0 }
const anywhere = offeringIn(homeRegion)
const zonal = offeringIn(`${homeRegion}-a`)
const both = [
  ['in a zone', zonal, 'instances.bulkInsert'],
  ['in a region', anywhere, 'regionInstances.bulkInsert'],
] as const

beforeEach(async () => {
  ground = await someGcpClouds({ tempo, model: await computeModel() })
  cloud = await ground.open('ours')
})
afterEach(async () => {
  await cloud.close()
  await ground[Symbol.asyncDispose]()
  requireLikeness(ground)
})

const aRequest = (changes: Partial<LaunchRequest> = {}): LaunchRequest =>
  aLaunchRequest({ offering: zonal, userData: '#cloud-config\n{}\n', ...changes })

const names = (): readonly string[] => [...ground.home.instances.values()].map(({ name }) => name)
const zones = (): readonly string[] => [...ground.home.instances.values()].map(({ scope }) => scope)
const unclear = /^(lost|timeout)$/

describe('answers of Compute Engine that are lost, late or behind', () => {
  test.each(both)(
    'row 2: an answer that is lost after machines were made %s means the same machines with the same token',
    async (_, offering, method) => {
      const request = aRequest({ count: 2, offering })
      ground.gce.script.add(method, { kind: 'drop' })
      expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
      const { machines } = await cloud.launch(request, call)
      expect([...machines].toSorted()).toEqual(names().toSorted())
      expect(machines).toHaveLength(2)
    },
  )

  test.each(both)('row 2: the same by an operator that was started anew, %s', async (_, offering, method) => {
    const request = aRequest({ count: 2, offering })
    ground.gce.script.add(method, { kind: 'drop' })
    expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
    const anew = await ground.open('ours')
    expect([...(await anew.launch(request, call)).machines].toSorted()).toEqual(names().toSorted())
    expect(names()).toHaveLength(2)
    await anew.close()
  })

  test('row 2: the answer of the wait for an operation is lost: its machines are there, and asked for again they are the same', async () => {
    ground.gce.world.tempo = { ...ground.gce.world.tempo, operationMs: 50 }
    const request = aRequest({ count: 2, offering: anywhere })
    ground.gce.script.add('regionOperations.wait', { kind: 'reset' })
    expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
    expect([...(await cloud.launch(request, call)).machines].toSorted()).toEqual(names().toSorted())
    expect(ground.asked('regionInstances.bulkInsert').length).toBeLessThanOrEqual(2)
    expect(names()).toHaveLength(2)
  })

  test('row 2: after an unclear answer all zones are looked at, and what Google knows no more by its request id is not made twice', async () => {
    const request = aRequest({ offering: anywhere })
    ground.gce.script.add('regionInstances.bulkInsert', { kind: 'drop' })
    expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
    // Google forgets a request after an hour, and names are unique in a zone only: what it made is in another one than it would choose now.
    ground.home.requests.clear()
    const [[key, made] = ['', undefined]] = ground.home.instances
    if (made === undefined) throw new Error('nothing was made')
    ground.home.instances.delete(key)
    ground.home.instances.set(`zones/${homeRegion}-f/${made.name}`, {
      ...made,
      scope: `zones/${homeRegion}-f`,
    })
    expect((await cloud.launch(request, call)).machines).toEqual([made.name])
    expect(zones()).toEqual([`zones/${homeRegion}-f`])
  })

  test('row 2: a name that is taken proves that the token was used: its machines are looked for in all zones', async () => {
    const request = aRequest()
    const { machines } = await cloud.launch(request, call)
    ground.home.requests.clear()
    const anew = await ground.open('ours')
    expect((await anew.launch(request, call)).machines).toEqual(machines)
    expect(names()).toEqual(machines)
    await anew.close()
  })

  test('row 2: an address whose answer is lost is the cluster’s own when it is asked for again', async () => {
    const owner = anOwner()
    const reserve = () => cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, call)
    ground.gce.script.add('addresses.insert', { kind: 'drop' }, 2)
    ground.gce.script.add('firewalls.insert', { kind: 'drop' }, 2)
    expect(await faultOf(reserve())).toMatch(unclear)
    const made = await reserve()
    expect(ground.home.addresses.size).toBe(2)
    expect((await cloud.list(call)).addresses).toEqual([made])
    await cloud.releaseAddress(owner.uid, call)
    expect(ground.left()).toEqual([])
  })

  test.each(both)(
    'row 3: a launch that is carried out late adds nothing to the one that was made meanwhile, %s',
    async (_, offering, method) => {
      const request = aRequest({ offering })
      ground.gce.script.add(method, { kind: 'late' })
      expect(await faultOf(cloud.launch(request, call))).toMatch(unclear)
      expect(names()).toEqual([])
      await cloud.launch(request, call)
      ground.gce.script.commit()
      expect(names()).toHaveLength(1)
    },
  )

  test('row 5: machines that are made while nobody hears of it are listed, and can be ended', async () => {
    ground.gce.script.add('instances.bulkInsert', { kind: 'drop' })
    const request = aRequest()
    await faultOf(cloud.launch(request, call))
    const { machines } = await cloud.list(call)
    expect(machines.map(({ launch }) => launch)).toEqual([request.launch])
    await cloud.terminate(
      machines.map(({ id }) => id),
      call,
    )
    expect(ground.left()).toEqual([])
  })

  test('row 6: an operator that knows nothing finds the machines by their labels and ends them with their disks', async () => {
    await cloud.launch(aRequest({ count: 3, offering: anywhere }), call)
    const other = await ground.open('ours')
    const { machines } = await other.list(call)
    expect(machines.map(({ id }) => id).toSorted()).toEqual(names().toSorted())
    await other.terminate(
      machines.map(({ id }) => id),
      call,
    )
    expect(ground.left()).toEqual([])
    await other.close()
  })
})

test.each(both)(
  'row 4: machines that lists do not show yet are neither gone nor ended twice, %s',
  async (_, offering) => {
    await using late = await someGcpClouds({ tempo: { ...tempo, lagMs: 1_000 } })
    const own = await late.open('ours')
    const request = aRequest({ offering })
    const { machines } = await own.launch(request, call)
    expect((await own.list(call)).machines).toEqual([])
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
    expect(late.left()).toEqual([])
    await own.close()
  },
)

test('row 4: the end of machines whose zone no list has shown yet is asked for again', async () => {
  await using late = await someGcpClouds({ tempo: { ...tempo, lagMs: 600 } })
  const own = await late.open('ours')
  const { machines } = await own.launch(aRequest({ offering: anywhere }), call)
  expect(await faultOf(own.terminate(machines, call))).toBe('conflict')
  await poll(
    async () => ((await faultOf(own.terminate(machines, call))) === 'none' ? true : undefined),
    200,
    call,
  )
  expect(late.left()).toEqual([])
  await own.close()
})
