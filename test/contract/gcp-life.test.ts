import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import type { Exposure } from '../../src/model/cluster.ts'
import { offeringIn, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const patience = { signal: AbortSignal.timeout(120_000) }

test('a machine of a cluster with an end is deleted by Google itself within the hour after it, with its disk', async () => {
  let hours = 0
  await using ground = await someGcpClouds({
    model: await computeModel(),
    now: () => Date.now() + hours * 3_600_000,
  })
  const cloud = await ground.open('ours')
  const endsAt = new Date(Date.now() + 90 * 60_000).toISOString()
  const request = aLaunchRequest({
    offering: offeringIn(`${homeRegion}-a`),
    owner: anOwner(),
    userData: '',
    endsAt,
  })
  const { machines } = await cloud.launch(request, patience)
  expect(machines).toHaveLength(1)
  hours = 1.9
  expect(ground.left()).toHaveLength(2)
  hours = 2.1
  expect(ground.left()).toEqual([])
  expect(ground.differing()).toEqual([])
})

test('what a swept cluster has is found in every region of the project', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const there = await ground.open('ours', { region: 'europe-west4' })
  const owner = anOwner()
  await there.reserveAddress({ owner, exposure: 'Public', admitted: ['203.0.113.0/24'] }, patience)
  const here = await ground.open('ours')
  expect((await here.list(patience)).addresses.map(each => each.owner)).toEqual([owner.uid])
  await here.releaseAddress(owner.uid, patience)
  expect(ground.left()).toEqual([])
})

test('a copy of a description makes no rule and no address the cluster’s', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const cloud = await ground.open('ours')
  const owner = anOwner()
  await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, patience)
  const before = ground.left()
  const [[key, rule] = ['', undefined]] = ground.home.firewalls
  const [[place, address] = ['', undefined]] = ground.home.addresses
  if (rule === undefined || address === undefined) throw new Error('nothing was made')
  const copied = `dask-${owner.uid}-worker2`
  ground.home.firewalls.set(`global/${copied}`, {
    ...rule,
    name: copied,
    rule: { ...rule.rule, name: copied },
  })
  const elsewhere = { ...address, scope: 'regions/us-east1', seq: address.seq + 1_000 }
  ground.home.addresses.set(`regions/us-east1/${address.name}`, elsewhere)
  const { addresses } = await cloud.list(patience)
  expect(addresses.map(({ handle }) => handle?.split(' ')[1])).toEqual([homeRegion])
  await cloud.releaseAddress(owner.uid, patience)
  expect([key, place].filter(each => ground.left().some(left => left.endsWith(each)))).toEqual([])
  expect(before.length).toBeGreaterThan(2)
  expect(ground.left()).toHaveLength(2)
})

test('a scheduler that runs is given its address outside, and loses it, as its cluster is made public and private', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const cloud = await ground.open('ours')
  const owner = anOwner()
  const wish = (exposure: Exposure) => ({ owner, exposure, admitted: ['203.0.113.0/24'] })
  const address = await cloud.reserveAddress(wish('Private'), patience)
  const offering = offeringIn(`${homeRegion}-a`)
  const role = 'scheduler'
  const request = aLaunchRequest({ role, offering, owner, address, userData: '', exposure: 'Private' })
  const { machines } = await cloud.launch(request, patience)
  const outside = async (): Promise<readonly [string | undefined, string | undefined]> => {
    const listed = await cloud.list(patience)
    const [machine] = listed.machines
    const state = machine?.state
    return [
      state?.kind === 'running' ? state.addresses.external.host : undefined,
      listed.addresses[0]?.network,
    ]
  }
  const runs = async () => ((await outside())[0] === undefined ? undefined : true)
  await poll(runs, 20, patience)
  const shown = await cloud.reserveAddress(wish('Public'), patience)
  expect(shown.external.host).not.toBe(address.external.host)
  expect(await outside()).toEqual([shown.external.host, 'Public own'])
  expect([...ground.home.instances.values()].map(({ nic }) => nic.natIp)).toEqual([shown.external.host])
  const hidden = await cloud.reserveAddress(wish('Private'), patience)
  expect(hidden).toEqual(address)
  expect(await outside()).toEqual([address.internal.host, 'Private own'])
  await cloud.terminate(machines, patience)
  await poll(async () => (await cloud.list(patience)).machines.length === 0 || undefined, 20, patience)
  await cloud.releaseAddress(owner.uid, patience)
  expect([ground.left(), ground.differing()]).toEqual([[], []])
})
