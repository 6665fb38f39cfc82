import { afterEach, describe, expect, test } from 'vitest'
import { machineId } from '../../src/model/names.ts'
import { atWork, choices, patience, workers } from '../support/azure/at-work.ts'
import { addPrincipal, secretOf } from '../support/azure/azure-ground.ts'
import { requireLikeness } from '../support/azure/clouds.ts'
import { machineType } from '../support/azure/machines.ts'
import { types } from '../support/azure/network.ts'
import type { Options } from '../support/azure/server.ts'
import { failure } from '../support/fault-of.ts'

const put = 'virtualMachines.createOrUpdate'
const kind = 'Standard_D4s_v5 any OnDemand'

type Work = Awaited<ReturnType<typeof atWork>>
let ground: Work | undefined

async function begun(options: Options = {}): Promise<Work> {
  ground = await atWork(options)
  return ground
}

afterEach(async () => {
  const ended = ground
  ground = undefined
  await ended?.[Symbol.asyncDispose]()
  requireLikeness(ended)
})

describe('answers that do not come', () => {
  test('an answer that was lost: sent again, the same machines and none beside them', async () => {
    const { azure, world, cloud } = await begun()
    azure.script.add(put, { kind: 'drop' })
    const request = workers(3)
    expect(await failure(cloud.launch(request, patience))).toMatchObject({ fault: 'lost' })
    const { machines } = await cloud.launch(request, patience)
    expect(world.there(machineType).map(({ name }) => name)).toEqual([...machines])
    expect(machines).toHaveLength(3)
  })

  test('a request that is carried out later is found, and can be ended', async () => {
    const { azure, world, cloud } = await begun()
    azure.script.add(put, { kind: 'late' })
    expect(await failure(cloud.launch(workers(1), patience))).toMatchObject({ fault: 'lost' })
    expect((await cloud.list(patience)).machines).toEqual([])
    azure.script.commit()
    const [late] = (await cloud.list(patience)).machines
    if (late === undefined) throw new Error('what was made late is not listed')
    await cloud.terminate([late.id], patience)
    expect(world.there(machineType).map(({ properties }) => properties['provisioningState'])).toEqual([
      'Deleting',
    ])
  })
})

describe('refusals', () => {
  test('no room, said by the operation: nothing of it stays, and the next choice comes first from then on', async () => {
    const { world, cloud, left } = await begun({ tempo: { deleteMs: 0 } })
    world.stock.set(kind, 0)
    expect(await failure(cloud.launch(workers(2), patience))).toMatchObject({
      fault: 'no-capacity',
      says: expect.stringContaining('AllocationFailed'),
    })
    world.settle()
    expect(left().filter(each => !each.endsWith(' open'))).toEqual([])
    const [first, second] = await choices(cloud, ['Standard_D4s_v5', 'Standard_D2s_v5'])
    expect([first?.split(' ')[0], second?.split(' ')[0]]).toEqual(['Standard_D2s_v5', 'Standard_D4s_v5'])
  })

  test('fewer than asked for are kept', async () => {
    const { world, cloud } = await begun()
    world.stock.set(kind, 60)
    const { machines } = await cloud.launch(workers(100), patience)
    expect(machines).toHaveLength(60)
    const alive = world
      .there(machineType)
      .filter(({ properties }) => properties['provisioningState'] === 'Succeeded')
    expect(new Set(alive.map(({ name }) => name))).toEqual(new Set<string>(machines))
  })

  test('one that failed after it was taken for made is switched off, and leaves with a reason', async () => {
    const { world, cloud } = await begun({ tempo: { bootMs: 0 } })
    const { machines } = await cloud.launch(workers(1), patience)
    const [machine] = world.there(machineType)
    if (machine === undefined) throw new Error('there is no machine')
    machine.properties['provisioningState'] = 'Failed'
    machine.states = ['ProvisioningState/failed/ZonalAllocationFailed']
    expect((await cloud.list(patience)).machines[0]?.state).toEqual({ kind: 'stopped' })
    await cloud.terminate(machines, patience)
    expect((await cloud.list(patience)).machines[0]?.state).toEqual({
      kind: 'leaving',
      problem: 'Azure could not make it (ZonalAllocationFailed)',
    })
  })

  test('a quota: said once, and the others are not asked for', async () => {
    const { world, cloud, asked } = await begun()
    world.quota = 0
    expect(await failure(cloud.launch(workers(100), patience))).toMatchObject({ fault: 'quota' })
    expect(asked(put).length).toBeLessThanOrEqual(32)
    expect(world.there(machineType)).toEqual([])
  })

  test.each([
    [
      'Standard_M8ms any OnDemand Canonical:ubuntu-24_04-lts:server:24.04.202608010 own Standard',
      'no-capacity',
    ],
    ['Standard_X1 any OnDemand Canonical:ubuntu-24_04-lts:server:24.04.202608010 own Standard', 'invalid'],
    ['Standard_D4s_v5 any OnDemand Canonical:ubuntu-24_04-lts:server:1.1.1 own Standard', 'invalid'],
  ])('%s is %s', async (offering, fault) => {
    const { cloud } = await begun()
    const told = async () => failure(cloud.launch(workers(1, { offering }), patience))
    const [first, again] = [await told(), await told()]
    expect(first).toMatchObject({ fault })
    expect(again).toEqual(first)
  })

  test('user data that is too large for Azure is refused before anything is made', async () => {
    const { cloud, world } = await begun()
    const userData = `#cloud-config\n${'x'.repeat(65_536)}`
    expect(await failure(cloud.launch(workers(1, { userData }), patience))).toMatchObject({
      fault: 'invalid',
    })
    expect(world.there(machineType)).toEqual([])
  })

  test('a machine of the first generation says nothing of security: not every subscription may say Standard', async () => {
    const { cloud, world } = await begun()
    const offering =
      'Standard_A2_v2 any OnDemand Canonical:ubuntu-24_04-lts:server-gen1:24.04.202608010 own Standard'
    await cloud.launch(workers(1, { offering }), patience)
    expect(world.there(machineType)[0]?.properties['securityProfile']).toBeUndefined()
  })

  test('a machine of the same name that is being deleted is not taken for one that was made', async () => {
    const { cloud, world } = await begun()
    const request = workers(1)
    const { machines } = await cloud.launch(request, patience)
    await cloud.terminate(machines, patience)
    expect(world.there(machineType)[0]?.properties['provisioningState']).toBe('Deleting')
    expect(await failure(cloud.launch(request, patience))).toMatchObject({ fault: 'not-yet' })
  })

  test('a limit of a kind that is not known by its code is a quota', async () => {
    const { azure, cloud } = await begun()
    const reason = 'IPv4StandardSkuPublicIpCountLimitReached'
    azure.script.add(put, { kind: 'refuse', status: 400, reason })
    expect(await failure(cloud.launch(workers(1), patience))).toMatchObject({ fault: 'quota' })
  })

  test('429: Azure’s word is kept to, and nothing was made', async () => {
    const { azure, cloud, world } = await begun()
    azure.rates.shut.add('write')
    expect(await failure(cloud.launch(workers(1), patience))).toMatchObject({ fault: 'throttled' })
    expect(world.there(machineType)).toEqual([])
  })
})

describe('lists', () => {
  test('more than a page is read to its end; a page that fails makes it no list', async () => {
    const { azure, cloud } = await begun()
    await cloud.launch(workers(5), patience)
    azure.desk.pageSize = 2
    expect((await cloud.list(patience)).machines).toHaveLength(5)
    azure.script.add(({ method, page }) => method === 'virtualMachines.listAll' && page > 1, {
      kind: 'refuse',
      status: 503,
      reason: 'ServiceUnavailable',
    })
    expect(await failure(cloud.list(patience))).toMatchObject({ fault: 'unavailable' })
  })

  test('copies of our tags, names and disks are counted or passed over, and never touched', async () => {
    const { world, cloud } = await begun()
    const { machines } = await cloud.launch(workers(1), patience)
    const [own] = world.there(machineType)
    const nic = world.there(types.interface)[0]
    if (own === undefined || nic === undefined) throw new Error('there is no machine')
    const copy = world.add('strangers', machineType, 'dask-0123456789abcdef-0-0001', { ...own.body })
    copy.properties = { ...own.properties }
    const loose = world.add('strangers', types.interface, 'dask-0123456789abcdef-0-0001-nic', {
      tags: nic.body.tags,
    })
    const listing = await cloud.list(patience)
    expect([listing.machines.map(({ id }) => id), listing.strangers]).toEqual([machines, 1])
    await cloud.terminate([...machines, machineId(copy.name)], patience)
    expect([world.find(copy.id), world.find(loose.id)]).toEqual([copy, loose])
    expect(copy.properties['provisioningState']).toBe('Succeeded')
  })
})

describe('keys', () => {
  test('a secret that Entra ID does not know is said when it connects', async () => {
    const { open, settings, secret } = await begun()
    const told = await failure(open('ours', settings, { ...secret, clientSecret: 'wrong-word' }))
    expect(told.fault).toBe('unauthorized')
    expect(told.says).not.toContain('wrong-word')
  })

  test('one that is revoked is said when it is proved', async () => {
    const { cloud, operator } = await begun()
    await cloud.prove(patience)
    operator.secrets.clear()
    expect(await failure(cloud.prove(patience))).toMatchObject({ fault: 'unauthorized' })
  })

  test('two principals see a subscription each by its own rights: they share no list', async () => {
    const { azure, open, settings, cloud } = await begun()
    const other = addPrincipal(azure)
    other.actions = new Set()
    const blind = await open('ours', settings, secretOf(other))
    await cloud.launch(workers(1), patience)
    expect((await blind.list(patience)).machines).toEqual([])
    expect(blind.scope).not.toBe(cloud.scope)
    expect(await failure(blind.launch(workers(1), patience))).toMatchObject({
      fault: 'unauthorized',
      says: expect.stringContaining('iam-policy -- azure'),
    })
  })
})
