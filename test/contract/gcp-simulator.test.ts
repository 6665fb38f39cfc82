import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endInstance, preempt } from '../support/gcp/lives.ts'
import { stockKey } from '../support/gcp/placements.ts'
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

const bulkOf = (count: number, more: object = {}, wish = properties()) => ({
  count,
  minCount: 1,
  instanceProperties: wish,
  perInstanceProperties: names('dask-a', count),
  ...more,
})

const none = { left: 0, code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }

test('a machine is made with its disk, runs, and is gone with its disk when it is deleted', async () => {
  const { project, sdk, left } = room.fresh()
  const made = await sdk.insert(zone, single('one', zone, { labels: { team: 'a' } }))
  expect(made).toMatchObject({ status: 'DONE', operationType: 'insert', progress: 100 })
  expect(left()).toEqual(['instances/one', 'disks/one'])
  const [shown] = await sdk.instances.get({ project: project.name, zone, instance: 'one' })
  expect(shown).toMatchObject({
    name: 'one',
    labels: { team: 'a' },
    disks: [{ boot: true, autoDelete: true }],
  })
  expect(await sdk.remove(zone, 'one')).toMatchObject({ status: 'DONE', operationType: 'delete' })
  expect(left()).toEqual([])
  await expect(sdk.remove(zone, 'one')).rejects.toMatchObject({ httpStatusCode: 404 })
})

test('many are made by one request, in one zone of a region or in several', async () => {
  const { project, sdk } = room.fresh()
  project.stock.set(stockKey('e2-standard-4', zone, false), { left: 2, code: 'ZONE_RESOURCE_POOL_EXHAUSTED' })
  const one = await sdk.bulk(region, bulkOf(3))
  expect(one.instancesBulkInsertOperationMetadata?.perLocationStatus).toMatchObject({
    'zones/us-central1-b': { createdVmCount: 3, targetVmCount: 3, failedToCreateVmCount: 0, status: 'DONE' },
  })
  const body = { perInstanceProperties: names('dask-b', 3), locationPolicy: { targetShape: 'ANY' } }
  await sdk.bulk(region, bulkOf(3, body))
  expect(await sdk.found('name eq "dask-.*"')).toEqual([
    'us-central1-a/dask-b-0001',
    'us-central1-a/dask-b-0002',
    'us-central1-b/dask-a-0001',
    'us-central1-b/dask-a-0002',
    'us-central1-b/dask-a-0003',
    'us-central1-b/dask-b-0003',
  ])
  const denied = { locations: { 'zones/us-central1-c': { preference: 'DENY' } } }
  await sdk.bulk(region, bulkOf(1, { perInstanceProperties: names('dask-c', 1), locationPolicy: denied }))
  expect(await sdk.found('name:dask-c-*')).toHaveLength(1)
})

test('the same request under the same id is the same operation, and another one is refused', async () => {
  const { project, sdk } = room.fresh()
  const [id, body] = [randomUUID(), single('one', zone)]
  const first = await sdk.insert(zone, body, id)
  expect((await sdk.insert(zone, body, id)).name).toBe(first.name)
  expect([...project.instances.keys()]).toEqual([`zones/${zone}/one`])
  await expect(sdk.insert(zone, single('two', zone), id)).rejects.toMatchObject({ httpStatusCode: 400 })
  await expect(sdk.insert(zone, body)).rejects.toMatchObject({ httpStatusCode: 409 })
  await expect(sdk.insert(zone, single('two', zone), 'no-uuid')).rejects.toMatchObject({
    httpStatusCode: 400,
  })
})

test('a name may be had once in every zone', async () => {
  const { sdk, left } = room.fresh()
  await sdk.insert('us-central1-a', single('one', 'us-central1-a'))
  await sdk.insert('us-central1-b', single('one', 'us-central1-b'))
  expect(left().filter(each => each.startsWith('instances/'))).toEqual(['instances/one', 'instances/one'])
})

test('of many, those that there are machines for are made, unless they are fewer than asked at least', async () => {
  const { project, sdk, left } = room.fresh()
  const key = stockKey('e2-standard-4', 'europe-west4-a', false)
  for (const letter of 'bc')
    project.stock.set(stockKey('e2-standard-4', `europe-west4-${letter}`, false), { ...none })
  project.stock.set(key, { left: 6, code: 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS' })
  const part = await sdk.bulk('europe-west4', bulkOf(10))
  expect(part.error ?? undefined).toBeUndefined()
  expect(part.instancesBulkInsertOperationMetadata?.perLocationStatus).toMatchObject({
    'zones/europe-west4-a': { targetVmCount: 10, createdVmCount: 6, failedToCreateVmCount: 4 },
  })
  expect(await sdk.found('')).toHaveLength(6)
  project.stock.set(key, { left: 6, code: 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS' })
  const all = await sdk.bulk(
    'europe-west4',
    bulkOf(10, { minCount: 10, perInstanceProperties: names('dask-b', 10) }),
  )
  expect(all).toMatchObject({
    status: 'DONE',
    httpErrorStatusCode: 503,
    error: { errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS' }] },
  })
  expect(left()).toHaveLength(12)
})

test('what is lacking is told of in the operation, or at once', async () => {
  const { project, sdk, left } = room.fresh()
  const key = stockKey('e2-standard-4', zone, false)
  project.stock.set(key, { ...none })
  expect(await sdk.insert(zone, single('one', zone))).toMatchObject({
    error: { errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED' }] },
  })
  project.stock.delete(key)
  project.limits.set(`CPUS ${region}`, 6)
  await sdk.insert(zone, single('two', zone))
  expect(await sdk.insert(zone, single('three', zone))).toMatchObject({
    error: { errors: [{ code: 'QUOTA_EXCEEDED', message: expect.stringContaining("'CPUS'") }] },
  })
  await expect(sdk.bulk(region, bulkOf(2))).rejects.toMatchObject({ httpStatusCode: 403 })
  project.limits.clear()
  for (const letter of 'abcf')
    project.stock.set(stockKey('e2-standard-4', `us-central1-${letter}`, false), { ...none, status: 503 })
  await expect(sdk.bulk(region, bulkOf(2))).rejects.toMatchObject({ httpStatusCode: 503 })
  expect(left()).toEqual(['instances/two', 'disks/two'])
})

test('a size that a zone does not have is refused there, and made elsewhere in the region', async () => {
  const { sdk } = room.fresh()
  const image = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-arm64'
  const disks = [{ boot: true, initializeParams: { sourceImage: image, diskType: 'pd-balanced' } }]
  const arm = { machineType: 't2a-standard-4', disks }
  const refused = sdk.insert('us-central1-c', single('one', 'us-central1-c', arm))
  await expect(refused).rejects.toMatchObject({ httpStatusCode: 400 })
  await sdk.bulk(region, bulkOf(1, { locationPolicy: { targetShape: 'BALANCED' } }, properties(arm)))
  expect(await sdk.found('')).toEqual(['us-central1-a/dask-a-0001'])
})

test('what ends of itself is deleted or stays, as it was asked', async () => {
  const { project, sdk, left } = room.fresh()
  const spot = { provisioningModel: 'SPOT', instanceTerminationAction: 'DELETE' }
  const limited = { maxRunDuration: { seconds: 30 }, instanceTerminationAction: 'DELETE' }
  await sdk.insert(zone, single('spot', zone, { scheduling: spot }))
  await sdk.insert(zone, single('kept', zone, { scheduling: { provisioningModel: 'SPOT' } }))
  await sdk.insert(zone, single('short', zone, { scheduling: limited }))
  await sdk.insert(zone, single('long', zone))
  preempt(project, 'spot')
  preempt(project, 'kept')
  endInstance(project, 'long')
  const short = project.instances.get(`zones/${zone}/short`)
  expect(short?.mustEndAt).toBe((short?.at ?? 0) + 30_000)
  await expect.poll(left).toEqual(['instances/kept', 'instances/short', 'disks/kept', 'disks/short'])
  const [kept] = await sdk.instances.get({ project: project.name, zone, instance: 'kept' })
  expect(kept).toMatchObject({
    status: 'TERMINATED',
    scheduling: { provisioningModel: 'SPOT', preemptible: true },
  })
  const [operations] = await sdk.zoneOperations.list({
    project: project.name,
    zone,
    filter: 'operationType="compute.instances.preempted"',
  })
  expect(operations.map(({ user }) => user)).toEqual(['system', 'system'])
})

test.each<[string, Parameters<typeof properties>[0]]>([
  [
    'user data of more than 256 KiB',
    { metadata: { items: [{ key: 'user-data', value: 'x'.repeat(262_145) }] } },
  ],
  ['a size that there is not', { machineType: 'z9-huge' }],
  ['an image of another architecture', { machineType: 'c4a-standard-4' }],
  ['a label that is none', { labels: { Team: 'a' } }],
  ['a restart of what is spot', { scheduling: { provisioningModel: 'SPOT', automaticRestart: true } }],
  [
    'a move of what has a GPU',
    { machineType: 'g2-standard-4', scheduling: { onHostMaintenance: 'MIGRATE' } },
  ],
  ['a limit with nothing to do at its end', { scheduling: { maxRunDuration: { seconds: 60 } } }],
])('%s is refused', async (_, wish) => {
  const { sdk, left } = room.fresh()
  await expect(sdk.insert(zone, single('one', zone, wish))).rejects.toMatchObject({ httpStatusCode: 400 })
  await expect(sdk.bulk(region, bulkOf(1, {}, properties(wish)))).rejects.toMatchObject({
    httpStatusCode: 400,
  })
  expect(left()).toEqual([])
})
