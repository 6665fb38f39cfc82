import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { record, text } from '../../src/lib/parse.ts'
import { addAccount, addKey, revokeKeys } from '../support/gcp/accounts.ts'
import { askToken, claimOf } from '../support/gcp/sdk.ts'
import { anSdkRoom, names, properties, type SdkRoom, single } from '../support/gcp/sdk-desk.ts'
import type { Tempo } from '../support/gcp/world.ts'

const zone = 'us-central1-a'
const region = 'us-central1'
const startedAt = Date.UTC(2026, 0, 1)
const slow: Partial<Tempo> = { operationMs: 5_000, startMs: 5_000, endMs: 20_000, lagMs: 30_000 }

/** The world's own time: waits for operations move it on, and so do tests. */
let now = startedAt
let room: SdkRoom
beforeEach(async () => {
  now = startedAt
  const sleep = async (ms: number): Promise<void> => {
    now += ms
  }
  room = await anSdkRoom({ now: () => now, sleep, tempo: slow })
})
afterEach(async () => {
  await room?.[Symbol.asyncDispose]()
})

const bulk = (count = 1) => ({
  count,
  minCount: 1,
  instanceProperties: properties(),
  perInstanceProperties: names('dask-a', count),
})
const refused = (httpStatusCode: number, message = '') =>
  expect.objectContaining({ httpStatusCode, message: expect.stringContaining(message) })

test('an operation is pending, runs and is done, and a machine comes and goes, as time passes', async () => {
  const { project, sdk, left } = room.fresh()
  const at = { project: project.name, zone, instance: 'one' }
  const [call] = await sdk.instances.insert({
    project: project.name,
    zone,
    instanceResource: single('one', zone),
  })
  const seen: unknown[] = []
  const operation = [...project.operations.values()][0]?.name ?? ''
  for (const ms of [0, 5_000, 5_000]) {
    now += ms
    const [state] = await sdk.zoneOperations.get({ project: project.name, zone, operation })
    seen.push([state.status, (await sdk.instances.get(at))[0].status])
  }
  expect(call).toBeDefined()
  expect(seen).toEqual([
    ['PENDING', 'PROVISIONING'],
    ['RUNNING', 'STAGING'],
    ['DONE', 'RUNNING'],
  ])
  expect(await sdk.found('')).toEqual([])
  now += 20_000
  expect(await sdk.found('')).toEqual([`${zone}/one`])
  await sdk.instances.delete(at)
  expect((await sdk.instances.get(at))[0].status).toBe('STOPPING')
  now += 20_000
  expect(left()).toEqual([])
})

test('a request whose answer is lost was carried out, and its id answers what it began', async () => {
  const { project, sdk } = room.fresh()
  const id = randomUUID()
  room.ground.gce.script.add('regionInstances.bulkInsert', { kind: 'drop' })
  await expect(sdk.bulk(region, bulk(2), id)).rejects.toThrow(/hang up|ECONNRESET/)
  expect(project.instances.size).toBe(2)
  expect(await sdk.bulk(region, bulk(2), id)).toMatchObject({ status: 'DONE', operationType: 'bulkInsert' })
  expect(project.instances.size).toBe(2)
  now += 3_600_000
  await expect(sdk.bulk(region, bulk(2), id)).rejects.toEqual(refused(409, 'already exists'))
})

test('a request that is carried out late has its effect when it is', async () => {
  const { project, sdk } = room.fresh()
  const { script } = room.ground.gce
  script.add('regionInstances.bulkInsert', { kind: 'late' })
  await expect(sdk.bulk(region, bulk())).rejects.toThrow(/hang up|ECONNRESET/)
  expect(project.instances.size).toBe(0)
  now += 60_000
  script.commit(project.name)
  expect(project.instances.values().next().value?.at).toBe(now)
})

test('what the world says and does not do', async () => {
  const { project, sdk } = room.fresh()
  project.forgets = true
  expect((await sdk.bulk(region, bulk())).error ?? undefined).toBeUndefined()
  expect(project.instances.size).toBe(0)
  project.forgets = false
  await sdk.bulk(region, bulk(2))
  project.immortal.add('dask-a-0001')
  await sdk.remove(zone, 'dask-a-0001')
  now += 60_000
  project.hidden.add('dask-a-0002')
  expect(await sdk.found('')).toEqual([`${zone}/dask-a-0001`])
  project.unreachable.add(`zones/${zone}`)
  expect(await sdk.found('')).toEqual([])
  const [instance] = await sdk.instances.get({ project: project.name, zone, instance: 'dask-a-0002' })
  expect(instance.status).toBe('RUNNING')
})

test('lists fail on a page, or answer with nothing', async () => {
  const { sdk } = room.fresh()
  const { script } = room.ground.gce
  await sdk.bulk(region, bulk(5))
  now += 60_000
  const trouble = { kind: 'refuse', status: 500, reason: 'internalError' } as const
  script.add(({ method, page }) => method === 'instances.aggregatedList' && page === 3, trouble)
  await expect(sdk.found('', 2)).rejects.toEqual(refused(500))
  script.add('instances.aggregatedList', { kind: 'answer', status: 200, body: '{"items":{}}' })
  expect(await sdk.found('', 2)).toEqual([])
  expect(await sdk.found('', 2)).toHaveLength(5)
})

test('a minute has so many requests of each group, and what is left of it is not kept', async () => {
  const { project, sdk } = room.fresh()
  project.rates.limits.set('List requests', 2)
  await sdk.found('')
  await sdk.found('')
  await expect(sdk.found('')).rejects.toEqual(refused(403, "'List requests per minute'"))
  await sdk.machineTypes.get({ project: project.name, zone, machineType: 'e2-small' })
  expect(room.ground.gce.ledger.at(-2)).toMatchObject({ status: 403, reason: 'rateLimitExceeded' })
  now += 60_000
  await sdk.found('')
  expect(project.rates.used('List requests')).toBe(1)
})

test('no more than ten bulk inserts run at once', async () => {
  const { project, sdk } = room.fresh()
  const asked = (index: number) => ({
    project: project.name,
    region,
    bulkInsertInstanceResourceResource: { ...bulk(), perInstanceProperties: names(`dask-${index}x`, 1) },
  })
  for (const index of 'abcdefghij') await sdk.regionInstances.bulkInsert(asked(index.charCodeAt(0)))
  await expect(sdk.regionInstances.bulkInsert(asked(1))).rejects.toEqual(refused(403, 'concurrent'))
  now += 10_000
  await sdk.regionInstances.bulkInsert(asked(2))
})

test('each call needs the permissions that its parts need', async () => {
  const { project, sdk } = room.fresh()
  const { operator } = room.ground
  const may = new Set(['compute.disks.create', 'compute.subnetworks.use', 'compute.instances.setLabels'])
  operator.grants.set(project.name, may)
  const make = (more: object = {}) => sdk.insert(zone, single(`a${may.size}`, zone, more))
  const lacking = (permission: string) =>
    refused(403, `Required 'compute.${permission}' permission for 'projects/`)
  await expect(make()).rejects.toEqual(lacking('instances.create'))
  may.add('compute.instances.create').add('compute.zoneOperations.get')
  await make()
  const outside = { networkInterfaces: [{ accessConfigs: [{ type: 'ONE_TO_ONE_NAT' }] }] }
  await expect(make(outside)).rejects.toEqual(lacking('subnetworks.useExternalIp'))
  await expect(make({ tags: { items: ['a'] } })).rejects.toEqual(lacking('instances.setTags'))
  may.add('compute.instances.setServiceAccount')
  const scopes = ['https://www.googleapis.com/auth/cloud-platform']
  const account = { serviceAccounts: [{ email: 'worker@x.iam.gserviceaccount.com', scopes }] }
  operator.actsAs = new Set()
  await expect(make(account)).rejects.toEqual(refused(403, 'iam.serviceAccountUser'))
  operator.actsAs = new Set(['worker@x.iam.gserviceaccount.com'])
  await make(account)
  await expect(sdk.found('')).rejects.toEqual(lacking('instances.list'))
  expect(project.instances.size).toBe(2)
})

test('a token is had for a good signature alone, lasts an hour, and ends with its key', async () => {
  const { ground } = room
  const { gce, operator, keyFile } = ground
  const ask = (claim: string) => askToken(gce.tokenEndpoint, claim)
  const asks = async (token: string): Promise<number> =>
    (
      await fetch(`${gce.endpoint}projects/${ground.home.name}`, {
        headers: { authorization: `Bearer ${token}` },
      })
    ).status
  const other = addKey(addAccount(gce.world, { name: 'other', project: 'elsewhere' }), gce.tokenEndpoint)
  const good = await ask(claimOf(keyFile, now))
  expect(good).toMatchObject({ status: 200, body: { expires_in: 3_599, token_type: 'Bearer' } })
  const forged = await ask(claimOf({ ...keyFile, private_key: other.private_key }, now))
  expect(forged).toEqual({
    status: 400,
    body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' },
  })
  expect(await ask(claimOf(keyFile, now - 7_200_000))).toMatchObject({ status: 400 })
  const token = tokenIn(good.body)
  expect(await asks(token)).toBe(200)
  expect(await asks('nothing')).toBe(401)
  now += 3_600_000
  expect(await asks(token)).toBe(401)
  const next = tokenIn((await ask(claimOf(keyFile, now))).body)
  expect(await asks(next)).toBe(200)
  revokeKeys(gce.world, operator)
  expect(await asks(next)).toBe(401)
  expect(await ask(claimOf(keyFile, now))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect(ground.asked('token').map(({ reason }) => reason ?? 'good')).toEqual([
    'good',
    'invalid_grant',
    'invalid_grant',
    'good',
    'invalid_grant',
  ])
})

test('an account is taken on by those who may, and does what it may', async () => {
  const { gce, keyFile, operator } = room.ground
  const target = addAccount(gce.world, { name: 'target', project: 'far' })
  const token = tokenIn((await askToken(gce.tokenEndpoint, claimOf(keyFile, now))).body)
  const url = `${gce.impersonationEndpoint}v1/projects/-/serviceAccounts/${target.email}:generateAccessToken`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const takeOn = () => fetch(url, { method: 'POST', headers, body: '{"scope":["x"]}' })
  expect((await takeOn()).status).toBe(403)
  target.impersonators.add(operator.email)
  expect(await (await takeOn()).json()).toEqual({
    accessToken: expect.stringMatching(/^ya29\./),
    expireTime: expect.stringMatching(/^2026-01-01T/),
  })
  expect([...gce.world.tokens.values()].at(-1)?.email).toBe(target.email)
})

const tokenIn = (body: unknown): string => text(record(body, 'token')['access_token'], 'access_token')
