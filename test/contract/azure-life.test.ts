import { afterEach, expect, test, vi } from 'vitest'
import type { AzureCloud } from '../../src/clouds/azure/provider.ts'
import type { NetworkWish, Owner } from '../../src/clouds/contract.ts'
import { poll } from '../../src/lib/wait.ts'
import { isAlive, isThere } from '../../src/model/machine.ts'
import {
  type AzureClouds,
  atHome,
  offeringIn,
  requireLikeness,
  someAzureClouds,
} from '../support/azure/clouds.ts'
import { machineType, vanish } from '../support/azure/machines.ts'
import { armModel } from '../support/azure/model.ts'
import { types } from '../support/azure/network.ts'
import type { Options } from '../support/azure/server.ts'
import { lower, members } from '../support/azure/world.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const patience = { signal: AbortSignal.timeout(60_000) }
const userData = '#cloud-config\n{}\n'

let ground: AzureClouds | undefined

async function aSubscription(options: Options = {}): Promise<AzureClouds> {
  ground = await someAzureClouds({ model: await armModel(), ...options })
  return ground
}

afterEach(async () => {
  vi.useRealTimers()
  const ended = ground
  ground = undefined
  await ended?.[Symbol.asyncDispose]()
  requireLikeness(ended)
})

const wish = (owner: Owner, change: Partial<NetworkWish> = {}): NetworkWish => ({
  owner,
  exposure: 'Public',
  admitted: ['192.0.2.0/24', '2001:db8::/64'],
  ...change,
})

const until = <T>(ready: () => T | undefined | Promise<T | undefined>): Promise<T> =>
  poll(ready, 50, patience)

/** The cluster's machines as they are listed, when they are as wished. */
const listed = (cloud: AzureCloud, isSo: (alive: number) => boolean) =>
  until(async () => {
    const { machines } = await cloud.list(patience)
    return isSo(machines.filter(isThere).length) ? machines : undefined
  })

test('a cluster has a group, a network and rules of its own, and all of it goes with it', async () => {
  const { azure, open, left } = await aSubscription()
  const cloud = await open('ours')
  const owner = anOwner()
  const address = await cloud.reserveAddress(wish(owner), patience)
  expect(address).toMatchObject({ admitted: ['192.0.2.0/24', '2001:db8::/64'], network: 'Public own' })
  const common = { owner, address, userData, offering: offeringIn('any') }
  await cloud.launch(aLaunchRequest({ ...common, role: 'scheduler' }), patience)
  await cloud.launch(aLaunchRequest({ ...common, count: 3 }), patience)
  const machines = await listed(cloud, there => there === 4)
  const group = `dask-${owner.uid}`
  expect(new Set(azure.world.there().flatMap(each => (each.name === 'hub' ? [] : [each.group])))).toEqual(
    new Set([group, 'acme-dask']),
  )
  await cloud.terminate(
    machines.map(({ id }) => id),
    patience,
  )
  await listed(cloud, there => there === 0)
  await cloud.releaseAddress(owner.uid, patience)
  expect((await cloud.list(patience)).addresses).toEqual([])
  await until(() => (left().length === 0 ? true : undefined))
})

test('what comes in is exactly what is written: Dask to the scheduler, workers among themselves', async () => {
  const { azure, open } = await aSubscription()
  const cloud = await open('ours', { ...atHome, sshCIDRs: ['198.51.100.0/24'] })
  const owner = anOwner()
  await cloud.reserveAddress(wish(owner), patience)
  const rulesOf = (name: string) => {
    const found = azure.world.there(types.rules).find(each => each.name === name)
    const rules = found?.properties['securityRules']
    return Array.isArray(rules)
      ? rules.map(rule => {
          const { access, sourceAddressPrefixes, destinationPortRange, destinationPortRanges } = members(
            members(rule)['properties'],
          )
          return [access, sourceAddressPrefixes, destinationPortRanges ?? destinationPortRange]
        })
      : []
  }
  const ssh = ['Allow', ['198.51.100.0/24'], '22']
  const nothingElse = ['Deny', undefined, '*']
  expect(rulesOf(`dask-${owner.uid}-scheduler`)).toEqual([
    ['Allow', ['192.0.2.0/24'], '8786'],
    ['Allow', ['2001:db8::/64'], '8786'],
    ['Allow', undefined, ['8786']],
    ssh,
    nothingElse,
  ])
  expect(rulesOf(`dask-${owner.uid}-worker`)).toEqual([
    ['Allow', undefined, ['9000', '9001']],
    ssh,
    nothingElse,
  ])
  await cloud.releaseAddress(owner.uid, patience)
})

test('who is let in is corrected, and a scheduler becomes private and public again at its address', async () => {
  const { azure, open, left } = await aSubscription()
  const cloud = await open('ours', atHome)
  const owner = anOwner()
  const first = await cloud.reserveAddress(wish(owner), patience)
  const offering = offeringIn('any')
  await cloud.launch(
    aLaunchRequest({ owner, address: first, userData, offering, role: 'scheduler' }),
    patience,
  )
  const narrow = await cloud.reserveAddress(wish(owner, { admitted: ['192.0.2.7/32'] }), patience)
  expect(narrow).toEqual({ ...first, admitted: ['192.0.2.7/32'] })
  const hidden = await cloud.reserveAddress(wish(owner, { exposure: 'Private' }), patience)
  expect([hidden.internal, hidden.external, hidden.network]).toEqual([
    first.internal,
    first.internal,
    'Private own',
  ])
  expect(azure.world.there(types.address)).toEqual([])
  const back = await cloud.reserveAddress(wish(owner), patience)
  expect([back.internal, back.network]).toEqual([first.internal, 'Public own'])
  const [machine] = await listed(cloud, there => there === 1)
  if (machine === undefined) throw new Error('the scheduler is not listed')
  await cloud.terminate([machine.id], patience)
  await listed(cloud, there => there === 0)
  await cloud.releaseAddress(owner.uid, patience)
  expect(left()).toEqual([])
})

test('the dashboard is opened on the scheduler’s rules alone, narrowed where somebody has widened it, and closed', async () => {
  const { azure, open } = await aSubscription()
  const cloud = await open('ours', atHome)
  const owner = anOwner()
  const shown = wish(owner, { viewers: ['192.0.2.7/32', '2001:db8::/64'] })
  const made = await cloud.reserveAddress(shown, patience)
  const open8787 = () =>
    azure.world
      .there(types.rules)
      .flatMap(({ name, properties: { securityRules } }) =>
        (Array.isArray(securityRules) ? securityRules : [])
          .map(rule => ({ name, properties: members(members(rule)['properties']) }))
          .filter(({ properties }) => properties['destinationPortRange'] === '8787'),
      )
  expect(open8787().map(({ name, properties }) => [name, properties['sourceAddressPrefixes']])).toEqual([
    [`dask-${owner.uid}-scheduler`, ['192.0.2.7/32']],
    [`dask-${owner.uid}-scheduler`, ['2001:db8::/64']],
  ])
  Object.assign(open8787()[0]?.properties ?? {}, { sourceAddressPrefixes: ['0.0.0.0/0'] })
  const [widened] = (await cloud.list(patience)).addresses
  expect(widened?.viewers).toEqual(['0.0.0.0/0', '2001:db8::/64'])
  expect(await cloud.reserveAddress(shown, patience)).toEqual(made)
  await cloud.reserveAddress(wish(owner), patience)
  expect(open8787()).toEqual([])
})

test('a rule that somebody has widened by hand is corrected', async () => {
  const { azure, open } = await aSubscription()
  const cloud = await open('ours', atHome)
  const owner = anOwner()
  const made = await cloud.reserveAddress(wish(owner), patience)
  const rules = azure.world.there(types.rules).find(({ name }) => name === `dask-${owner.uid}-worker`)
  if (rules === undefined) throw new Error('there are no rules for workers')
  rules.properties['securityRules'] = []
  const [seen] = (await cloud.list(patience)).addresses
  expect(seen?.network).toBe('Public broken')
  expect(await cloud.reserveAddress(wish(owner), patience)).toEqual(made)
})

test.each([
  ['a machine', machineType, 'guest'],
  ['a vault', 'Microsoft.KeyVault/vaults', 'guest'],
])('a group with %s of somebody else’s in it is not deleted, and says so', async (_what, type, name) => {
  const { azure, open } = await aSubscription()
  const cloud = await open('ours')
  const owner = anOwner()
  await cloud.reserveAddress(wish(owner), patience)
  const guest = azure.world.add(`dask-${owner.uid}`, type, name, {})
  await expect(cloud.releaseAddress(owner.uid, patience)).rejects.toMatchObject({
    fault: 'not-yet',
    message: expect.stringContaining(`${type} ${name}`),
  })
  expect(azure.world.find(guest.id)).toBeDefined()
  azure.world.remove(guest)
  await cloud.releaseAddress(owner.uid, patience)
})

test('a machine that lists go on to show is asked for by its name after a while, and believed to be gone', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { azure, open, left } = await aSubscription({ tempo: { bootMs: 0, deleteMs: 0 } })
  const cloud = await open('ours', atHome)
  const owner = anOwner()
  const address = await cloud.reserveAddress(wish(owner), patience)
  const { machines } = await cloud.launch(
    aLaunchRequest({ owner, address, userData, offering: offeringIn('any'), count: 2 }),
    patience,
  )
  const [ghost, other] = machines
  if (ghost === undefined || other === undefined) throw new Error('two machines were asked for')
  azure.world.lingering.add(ghost)
  const there = async () => (await cloud.list(patience)).machines.filter(isThere).map(({ id }) => id)
  expect(await there()).toEqual(machines)
  await cloud.terminate([ghost], patience)
  expect(await there()).toEqual(machines)
  vi.advanceTimersByTime(301_000)
  expect(await there()).toEqual([other])
  await cloud.terminate([other], patience)
  expect(await there()).toEqual([])
  await cloud.releaseAddress(owner.uid, patience)
  expect(left()).toEqual([])
})

test('a machine that switches itself off, and what Azure leaves of another, are there to be ended', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const { azure, open, left } = await aSubscription({ tempo: { bootMs: 0, deleteMs: 0 } })
  const cloud = await open('ours', { ...atHome, workerAddresses: 'None' })
  const owner = anOwner()
  const address = await cloud.reserveAddress(wish(owner), patience)
  const { machines } = await cloud.launch(
    aLaunchRequest({ owner, address, userData, offering: offeringIn('any'), count: 2 }),
    patience,
  )
  const [off, evicted] = azure.world.there(machineType)
  if (off === undefined || evicted === undefined) throw new Error('two machines were asked for')
  off.states = ['ProvisioningState/succeeded', 'PowerState/stopped']
  vanish(azure.world, evicted, ['interface', 'disk'])
  const states = async () => (await cloud.list(patience)).machines.map(({ id, state }) => [id, state.kind])
  expect(await states()).toEqual([[off.name, 'stopped']])
  expect((await cloud.list(patience)).remains).toContainEqual({ uid: owner.uid, key: owner.key })
  vi.advanceTimersByTime(181_000)
  expect(new Map((await states()).map(([id, kind]) => [id, kind]))).toEqual(
    new Map(machines.map(id => [id, 'stopped'])),
  )
  await cloud.terminate(machines, patience)
  expect((await cloud.list(patience)).machines.filter(isAlive)).toEqual([])
  await cloud.releaseAddress(owner.uid, patience)
  expect(left().filter(each => lower(each).includes('dask-'))).toEqual([])
})
