import { expect, test } from 'vitest'
import { CloudError, certainty } from '../../src/model/faults.ts'
import { offeringIn, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

const patience = { signal: AbortSignal.timeout(120_000) }
const zone = `${homeRegion}-a`
const aBirth = (count: number, place = zone) =>
  aLaunchRequest({ offering: offeringIn(place), owner: anOwner(), userData: '', count })

/** Whether the house may take it that nothing was made. */
const certaintyOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'made',
    (error: unknown) => (error instanceof CloudError ? certainty[error.fault] : error),
  )

test.each([
  { what: 'is throttled', method: 'zoneOperations.wait', status: 403, reason: 'rateLimitExceeded' },
  { what: 'is refused', method: 'zoneOperations.wait', status: 403, reason: 'forbidden' },
  { what: 'knows nothing of the operation', method: 'zoneOperations.wait', status: 404, reason: 'notFound' },
])('a wait that $what says nothing of the machines', async ({ method, status, reason }) => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const cloud = await ground.open('ours')
  const request = aBirth(2)
  ground.gce.script.add(method, { kind: 'refuse', status, reason })
  expect(await certaintyOf(cloud.launch(request, patience))).toBe('unknown')
  expect((await cloud.launch(request, patience)).machines).toHaveLength(2)
  expect(ground.home.instances.size).toBe(2)
  expect(ground.differing()).toEqual([])
})

test('machines that were made and are not listed yet are waited for, not asked for again', async () => {
  await using ground = await someGcpClouds({ tempo: { lagMs: 1_500 } })
  const cloud = await ground.open('ours')
  ground.home.stock.set(`e2-standard-4 ${zone} STANDARD`, { left: 3, code: 'ZONE_RESOURCE_POOL_EXHAUSTED' })
  ground.home.tellsPartial = true
  const { machines } = await cloud.launch(aBirth(5), patience)
  expect(machines).toHaveLength(3)
  expect(ground.home.instances.size).toBe(3)
})

test('what an operation says came to nothing is tried again as another request', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const cloud = await ground.open('ours')
  const kind = `e2-standard-4 ${zone} STANDARD`
  ground.home.stock.set(kind, { left: 0, code: 'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE' })
  const request = aBirth(1)
  await expect(cloud.launch(request, patience)).rejects.toMatchObject({ fault: 'not-yet' })
  await expect(cloud.launch(request, patience)).rejects.toMatchObject({ fault: 'not-yet' })
  ground.home.stock.delete(kind)
  const { machines } = await cloud.launch(request, patience)
  expect(machines).toHaveLength(1)
  const ids = ground.asked('instances.bulkInsert').map(({ query }) => query['requestId'])
  expect(new Set(ids).size).toBe(3)
})

test('one process does not know what came of another’s request: it asks the same again, and makes nothing beside it', async () => {
  await using ground = await someGcpClouds({ model: await computeModel() })
  const request = aBirth(3, homeRegion)
  ground.gce.script.add('regionInstances.bulkInsert', { kind: 'drop' })
  expect(await certaintyOf((await ground.open('ours')).launch(request, patience))).toBe('unknown')
  const { machines } = await (await ground.open('ours')).launch(request, patience)
  expect(machines).toHaveLength(3)
  expect(ground.home.instances.size).toBe(3)
  expect(ground.differing()).toEqual([])
})

test('a launch that its caller has no more time for goes on where it was, under the same request', async () => {
  await using ground = await someGcpClouds({ tempo: { operationMs: 700 } })
  const cloud = await ground.open('ours')
  const request = aBirth(2)
  const short = { signal: AbortSignal.timeout(300) }
  await expect(cloud.launch(request, short)).rejects.toMatchObject({ name: 'CloudError', fault: 'timeout' })
  expect((await cloud.launch(request, patience)).machines).toHaveLength(2)
  expect(ground.home.instances.size).toBe(2)
})
