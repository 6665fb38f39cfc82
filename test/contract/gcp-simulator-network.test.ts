import { afterAll, beforeAll, expect, test } from 'vitest'
import { addNetwork, addSubnetwork } from '../support/gcp/gce.ts'
import { anSdkRoom, names, properties, type SdkRoom, single } from '../support/gcp/sdk-desk.ts'

const zone = 'us-central1-a'
const region = 'us-central1'
let room: SdkRoom
beforeAll(async () => {
  room = await anSdkRoom()
})
afterAll(async () => {
  await room?.[Symbol.asyncDispose]()
})

const refused = (httpStatusCode: number) => expect.objectContaining({ httpStatusCode })

test('an address is kept while a machine has it, and the next machine may have it again', async () => {
  const { project, sdk, left } = room.fresh()
  const insert = (addressResource: object) =>
    sdk.done(sdk.addresses.insert({ project: project.name, region, addressResource }))
  const get = async (address: string) =>
    (await sdk.addresses.get({ project: project.name, region, address }))[0]
  const remove = (address: string) =>
    sdk.done(sdk.addresses.delete({ project: project.name, region, address }))
  const subnetwork = `regions/${region}/subnetworks/default`
  await insert({ name: 'in', addressType: 'INTERNAL', subnetwork, description: '{"uid":"a"}' })
  await insert({ name: 'out', addressType: 'EXTERNAL' })
  const [inside, outside] = [await get('in'), await get('out')]
  expect(inside).toMatchObject({ status: 'RESERVED', purpose: 'GCE_ENDPOINT', description: '{"uid":"a"}' })
  const nic = {
    subnetwork,
    networkIP: inside.address ?? '',
    accessConfigs: [{ type: 'ONE_TO_ONE_NAT', natIP: outside.address ?? '' }],
  }
  await sdk.insert(zone, single('one', zone, { networkInterfaces: [nic] }))
  expect(await get('in')).toMatchObject({
    status: 'IN_USE',
    users: [expect.stringContaining('/instances/one')],
  })
  expect(await get('out')).toMatchObject({ status: 'IN_USE' })
  await expect(remove('in')).rejects.toEqual(refused(400))
  await expect(sdk.insert(zone, single('two', zone, { networkInterfaces: [nic] }))).rejects.toEqual(
    refused(400),
  )
  await expect(insert({ name: 'out' })).rejects.toEqual(refused(409))
  await sdk.remove(zone, 'one')
  await sdk.insert('us-central1-b', single('two', 'us-central1-b', { networkInterfaces: [nic] }))
  await sdk.remove('us-central1-b', 'two')
  await remove('in')
  await remove('out')
  expect(left()).toEqual([])
})

test('a firewall is made, changed in part or in whole, and removed', async () => {
  const { project, sdk, left } = room.fresh()
  const at = { project: project.name, firewall: 'dask-a' }
  const get = async () => (await sdk.firewalls.get(at))[0]
  const firewallResource = {
    name: 'dask-a',
    network: 'global/networks/default',
    direction: 'INGRESS',
    sourceRanges: ['203.0.113.0/24'],
    targetTags: ['dask-a'],
    allowed: [{ IPProtocol: 'tcp', ports: ['8786'] }],
  }
  await sdk.done(sdk.firewalls.insert({ project: project.name, firewallResource }))
  expect(await get()).toMatchObject({ priority: 1000, sourceRanges: ['203.0.113.0/24'], disabled: false })
  const again = sdk.firewalls.insert({ project: project.name, firewallResource })
  await expect(again).rejects.toEqual(refused(409))
  const patch = { sourceRanges: ['198.51.100.0/24'] }
  await sdk.done(sdk.firewalls.patch({ ...at, firewallResource: patch }))
  expect(await get()).toMatchObject({ ...patch, targetTags: ['dask-a'] })
  const mixed = sdk.firewalls.patch({
    ...at,
    firewallResource: { sourceRanges: ['10.0.0.0/8', '2001:db8::/32'] },
  })
  await expect(mixed).rejects.toEqual(refused(400))
  await sdk.done(
    sdk.firewalls.update({ ...at, firewallResource: { ...firewallResource, description: 'whole' } }),
  )
  expect(await get()).toMatchObject({ description: 'whole', sourceRanges: ['203.0.113.0/24'] })
  const [listed] = await sdk.firewalls.list({ project: project.name, filter: 'name:dask-*' })
  expect(listed.map(({ name }) => name)).toEqual(['dask-a'])
  await sdk.done(sdk.firewalls.delete(at))
  expect(left()).toEqual([])
})

test('networks of one’s own need a subnetwork, and a shared one is another project’s', async () => {
  const { project, sdk } = room.fresh()
  const host = room.fresh().project
  addNetwork(host, 'shared', false)
  addSubnetwork(host, { name: 'sub', region, network: 'shared', prefix: '10.7' })
  const on = (nic: object) => sdk.bulk(region, bulk({ networkInterfaces: [nic] }))
  const network = `projects/${host.name}/global/networks/shared`
  await expect(on({ network })).rejects.toEqual(refused(400))
  await expect(on({ network: 'global/networks/none' })).rejects.toEqual(refused(404))
  await on({ subnetwork: `projects/${host.name}/regions/${region}/subnetworks/sub` })
  expect([...project.instances.values()].map(({ nic }) => nic.ip)).toEqual([
    expect.stringMatching(/^10\.7\./),
  ])
  const rule = { name: 'dask-a', network, allowed: [{ IPProtocol: 'tcp' }] }
  const elsewhere = sdk.firewalls.insert({ project: project.name, firewallResource: rule })
  await expect(elsewhere).rejects.toEqual(refused(400))
})

const bulk = (more: object, count = 1, stem = 'dask-a') => ({
  count,
  minCount: 1,
  instanceProperties: properties(more),
  perInstanceProperties: names(stem, count),
})

test('lists are filtered, and cut into pages that may cut a zone', async () => {
  const { sdk } = room.fresh()
  const spread = { locationPolicy: { targetShape: 'BALANCED' } }
  await sdk.bulk(region, { ...bulk({ labels: { 'dask-installation': 'x', team: 'a' } }, 5), ...spread })
  await sdk.bulk(region, { ...bulk({ labels: { 'dask-installation': 'y' } }, 2, 'other-a'), ...spread })
  const before = room.ground.asked('instances.aggregatedList').length
  const all = await sdk.found('labels.dask-installation=x', 2)
  expect(all).toHaveLength(5)
  expect(room.ground.asked('instances.aggregatedList').length - before).toBe(3)
  const counted = async (filter: string): Promise<number> => (await sdk.found(filter)).length
  expect(await counted('labels.team:*')).toBe(5)
  expect(await counted('labels.dask-installation=x AND name:dask-a-0001')).toBe(1)
  expect(
    await counted('(labels.dask-installation=x OR labels.dask-installation=y) NOT name=dask-a-0001'),
  ).toBe(6)
  expect(await counted('name eq "other-.*"')).toBe(2)
  expect(await counted('name ne "other-.*"')).toBe(5)
  expect(await counted('labels.dask-installation != x')).toBe(2)
  for (const wrong of ['name eq', '(name=a', 'name eq "a" labels.b=c', 'name eq "("'])
    await expect(counted(wrong)).rejects.toEqual(refused(400))
  await expect(sdk.found('', 501)).rejects.toEqual(refused(400))
})

test('an answer has no more than is asked for, and empty scopes say that they are', async () => {
  const { project, sdk } = room.fresh()
  await sdk.bulk(region, bulk({ metadata: { items: [{ key: 'user-data', value: 'secret' }] } }))
  const headers = { 'X-Goog-FieldMask': 'items.*.instances.name,items.*.warning.code,nextPageToken' }
  const asked = { project: project.name, filter: 'name:dask-*' }
  const calls = { autoPaginate: false, otherArgs: { headers } }
  const found = new Map<string, unknown>()
  for await (const [scope, each] of sdk.instances.aggregatedListAsync(asked, calls)) found.set(scope, each)
  expect(found.get('zones/us-central1-b')).toMatchObject({ warning: { code: 'NO_RESULTS_ON_PAGE' } })
  const [instance] = Object.values(found.get('zones/us-central1-a') ?? {})[0] ?? []
  expect(instance).toMatchObject({ name: 'dask-a-0001' })
  expect(instance.metadata ?? undefined).toBeUndefined()
})

test('what there is to choose from is looked up', async () => {
  const { project, sdk } = room.fresh()
  const at = { project: project.name }
  const [type] = await sdk.machineTypes.get({ ...at, zone, machineType: 'g2-standard-4' })
  expect(type).toMatchObject({
    architecture: 'X86_64',
    accelerators: [{ guestAcceleratorType: 'nvidia-l4' }],
  })
  await expect(sdk.machineTypes.get({ ...at, zone, machineType: 'z9' })).rejects.toEqual(refused(404))
  const family = { project: 'ubuntu-os-cloud', family: 'ubuntu-2404-lts-arm64' }
  expect((await sdk.images.getFromFamily(family))[0]).toMatchObject({
    architecture: 'ARM64',
    status: 'READY',
  })
  const [zones] = await sdk.zones.list({ ...at, filter: `region eq ".*/${region}"` })
  expect(zones.map(({ name }) => name?.at(-1)).join('')).toBe('abcf')
  const [shown] = await sdk.regions.get({ ...at, region })
  expect(shown.quotas).toContainEqual(expect.objectContaining({ metric: 'INSTANCES', usage: 0 }))
  await expect(sdk.regions.get({ ...at, region: 'mars' })).rejects.toEqual(refused(404))
})
