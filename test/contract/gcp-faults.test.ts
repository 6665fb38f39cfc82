import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import type { GcpCloud } from '../../src/clouds/gcp/provider.ts'
import { CloudError } from '../../src/model/faults.ts'
import { faultOf } from '../support/fault-of.ts'
import { type GcpClouds, offeringIn, requireLikeness, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeProject, homeRegion } from '../support/gcp/gcp-ground.ts'
import { preempt } from '../support/gcp/lives.ts'
import { computeModel } from '../support/gcp/model.ts'
import { aLaunchRequest, anOwner } from '../support/launch-request.ts'

let ground: GcpClouds
let cloud: GcpCloud
const call = { signal: AbortSignal.timeout(240_000) }
const tempo = { operationMs: 0, startMs: 0, endMs: 0 }
const anywhere = offeringIn(homeRegion)
const zonal = offeringIn(`${homeRegion}-a`)

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
const inWords = (work: Promise<unknown>): Promise<string> => work.then(() => 'none', String)

describe('faults of Compute Engine, by the rows of the fault matrix', () => {
  test.each([
    [403, 'rateLimitExceeded'],
    [403, 'userRateLimitExceeded'],
    [429, 'rateLimitExceeded'],
    [429, ''],
  ])(
    'row 18: what Google refuses for its rate, %i %s, is throttled, and is carried out later',
    async (status, reason) => {
      const request = aRequest()
      ground.gce.script.add('instances.bulkInsert', { kind: 'refuse', status, reason })
      expect(await faultOf(cloud.launch(request, call))).toBe('throttled')
      expect((await cloud.launch(request, call)).machines).toEqual(names())
    },
  )

  test('row 18: a minute’s requests that somebody else has used up are throttled, and no end is lost', async () => {
    const { machines } = await cloud.launch(aRequest({ count: 3 }), call)
    ground.home.rates.limits.set('Queries', 0)
    expect(await faultOf(cloud.terminate(machines, call))).toBe('throttled')
    expect(names()).toHaveLength(3)
    ground.home.rates.limits.clear()
    await cloud.terminate(machines, call)
    expect(ground.left()).toEqual([])
  })

  test('row 18: ten launches at once stay under the rates of the project', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => cloud.launch(aRequest({ offering: anywhere }), call)),
    )
    expect(answers.flatMap(({ machines }) => machines)).toHaveLength(10)
    expect(ground.gce.ledger.filter(({ reason }) => reason !== undefined)).toEqual([])
  })

  test('row 21: a scheduler that is refused leaves nothing that a release does not take away', async () => {
    const owner = anOwner()
    const admitted = ['203.0.113.0/24']
    const address = await cloud.reserveAddress({ owner, exposure: 'Public', admitted }, call)
    ground.home.stock.set(`e2-standard-4 ${homeRegion}-a STANDARD`, { left: 0, code: soldOut })
    const request = aRequest({ owner, role: 'scheduler', address })
    expect(await faultOf(cloud.launch(request, call))).toBe('no-capacity')
    await cloud.releaseAddress(owner.uid, call)
    expect(ground.left()).toEqual([])
  })

  test('row 22: a spot machine that Google takes back is deleted with its disk, and is gone from lists', async () => {
    const offering = offeringIn(homeRegion).replace('OnDemand', 'Spot')
    const { machines } = await cloud.launch(aRequest({ offering }), call)
    const [given] = [...ground.home.instances.values()].map(each => each.given['scheduling'])
    expect(given).toMatchObject({
      provisioningModel: 'SPOT',
      automaticRestart: false,
      onHostMaintenance: 'TERMINATE',
      instanceTerminationAction: 'DELETE',
    })
    for (const id of machines) preempt(ground.home, id)
    expect((await cloud.list(call)).machines).toEqual([])
    expect(ground.left()).toEqual([])
  })

  test.each([
    ['an answer cut off', { kind: 'answer', status: 200, body: '{"items": {"zones/us-central1-a": {"inst' }],
    ['no JSON at all', { kind: 'answer', status: 200, body: 'hello' }],
    ['a connection that is reset', { kind: 'reset' }],
    ['an error', { kind: 'refuse', reason: 'backendError', status: 500 }],
    ['an error without words', { kind: 'answer', status: 503, body: '' }],
  ] as const)('row 26: lists with %s are errors and no shorter lists', async (_, trouble) => {
    const owner = anOwner()
    await cloud.launch(aRequest({ owner }), call)
    await cloud.reserveAddress({ owner, exposure: 'Private', admitted: [] }, call)
    for (const list of ['instances.aggregatedList', 'addresses.aggregatedList', 'firewalls.list']) {
      ground.gce.script.add(list, trouble)
      await expect(cloud.list(call)).rejects.toBeInstanceOf(CloudError)
    }
    expect(await cloud.list(call)).toMatchObject({ machines: [{}], addresses: [{}] })
  })

  test('row 29: a right that is missing is unauthorized, in the same words each time', async () => {
    const { grants } = ground.operator
    const all = grants.get(homeProject)
    if (all === undefined || all === 'all') throw new Error('the operator has the printed role')
    grants.set(homeProject, new Set([...all].filter(each => each !== 'compute.instances.create')))
    const first = await inWords(cloud.launch(aRequest(), call))
    expect(first).toMatch(/iam-policy -- gcp/)
    expect(first).toContain('compute.instances.create')
    expect(await inWords(cloud.launch(aRequest(), call))).toBe(first)
    grants.set(homeProject, all)
    expect((await cloud.launch(aRequest(), call)).machines).toEqual(names())
  })
})

const soldOut = 'ZONE_RESOURCE_POOL_EXHAUSTED'
