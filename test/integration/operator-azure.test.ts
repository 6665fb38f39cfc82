import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type AzureRoom, azureRoom } from '../support/azure/azure-room.ts'
import { endMachine } from '../support/azure/machines.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()
let ground: AzureRoom

plane.prepare(async () => {
  ground = await azureRoom(plane)
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = new Set(ground?.azure.ledger.flatMap(each => each.differs) ?? [])
  if (differs.size > 0) throw new Error(`unlike Azure: ${[...differs].join(', ')}`)
})

test.concurrent('a cluster is made, grown, shrunk and deleted, and nothing of it is left in the group', async () => {
  const { room, tenant } = ground
  const account = await tenant('life')
  await account.create(
    'life',
    { replicas: 2 },
    { network: { exposure: 'Public', allowedCIDRs: ['127.0.0.0/8'] } },
  )
  await room.until('its machines run', () => account.alive.length === 3 && account.isAtRest)
  await room.clusters.patch('life', { spec: { workers: { replicas: 4 } } })
  await room.until('two more run', () => account.workers.length === 4)
  await room.clusters.patch('life', { spec: { workers: { replicas: 1 } } })
  await room.until('one is left', () => account.workers.length === 1)
  expect(account.made.size).toBe(5)
  await room.removed('life')
  expect(account.left).toEqual([])
})

test.concurrent('row 2: answers of launches are lost: asked for again by the same names, the same machines', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('lost')
  azure.script.add(account.whenLaunch, { kind: 'drop' }, 2)
  await account.create('lost', { replicas: 2 })
  await room.until('all are made', () => account.alive.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  expect([account.alive.length, account.made.size]).toEqual([3, 3])
  await room.removed('lost')
  expect(account.left).toEqual([])
})

test.concurrent('row 5: deleted while a create is in flight: its machines end, and the finalizer leaves last', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('in-flight')
  const held = Promise.withResolvers<void>()
  azure.script.add(account.whenWorker, { kind: 'hold', until: () => held.promise }, 2)
  const { uid } = (await account.create('in-flight', { replicas: 2 })).metadata
  await room.until('workers are asked for', () => account.launches.length === 3)
  await room.clusters.remove('in-flight')
  held.resolve()
  await room.until('all machines end', () => account.alive.length === 0)
  expect((await room.clusters.get('in-flight'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('in-flight', uid)
  expect(account.left).toEqual([])
})

test.concurrent('row 22: Azure evicts a spot machine: another is asked for within 2 s of the list that shows it', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('spot')
  await account.create('spot', { replicas: 3, purchasing: 'Spot' })
  await room.until('all run', () => account.workers.length === 3 && account.isAtRest)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  const [taken] = account.workers
  if (taken === undefined) throw new Error('there is no worker')
  expect(taken.properties).toMatchObject({ priority: 'Spot', evictionPolicy: 'Delete' })
  // An eviction is a deletion that nobody has asked for.
  endMachine(azure.world, taken)
  const at = Date.now()
  await room.until('another is made', () => account.workers.length === 3)
  // The list that has machines in it: the other one tells only whether they run.
  const ofMachines = account
    .asked('virtualMachines.listAll')
    .filter(({ search }) => !search.includes('statusOnly'))
  const seen = ofMachines.find(each => each.at >= at)?.at ?? Infinity
  expect((account.launches.at(-1)?.at ?? Infinity) - seen).toBeLessThan(2_000)
  expect(account.made.size).toBe(5)
  await room.removed('spot')
  expect(account.left).toEqual([])
})

test.concurrent('row 25: two fifths of the machines are missing from lists at once: none is replaced, Degraded says so, and it passes', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('hidden')
  await account.create('hidden', { replicas: 14 })
  await room.until('all run', () => account.alive.length === 15 && account.isAtRest)
  const lists = account.lists.length
  await room.until('lists show them', () => account.lists.length >= lists + 3)
  const names = account.workers.slice(0, 6).map(({ name }) => name)
  for (const name of names) azure.world.hidden.add(name)
  const degraded = await room.clusters.until('hidden', each => condition(each, 'Degraded') !== undefined)
  expect(condition(degraded, 'Degraded')?.reason).toBe('MachinesMissing')
  const then = account.lists.length
  await room.until('lists agree', () => account.lists.length >= then + 4)
  for (const name of names) azure.world.hidden.delete(name)
  await room.clusters.until('hidden', each => condition(each, 'Degraded') === undefined)
  expect([account.alive.length, account.made.size]).toEqual([15, 15])
  await room.removed('hidden')
  expect(account.left).toEqual([])
})

test.concurrent('row 19: no room in the first zone, said inside the operation: the next zone, remembered for all clusters', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('scarce')
  const zones = ['2', '3']
  azure.world.stock.set('Standard_D4s_v5 2 OnDemand', 0)
  await account.create('scarce', { replicas: 2 }, {}, { zones })
  const zonesOf = () => account.workers.map(({ body }) => body.zones?.[0])
  await room.until('workers are made', () => zonesOf().filter(zone => zone === '3').length === 2)
  const before = account.launches.length
  await account.create('warned', { replicas: 1 }, {}, { zones })
  await room.until('another cluster has its worker', () => account.workers.length === 3)
  expect(zonesOf()).toEqual(['3', '3', '3'])
  expect(account.launches.length - before).toBe(2)
  for (const name of ['scarce', 'warned']) await room.removed(name)
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a quota: a condition in the same words, on when the spec changes', async () => {
  const { room, azure, tenant } = ground
  const account = await tenant('quota')
  const refuse = { kind: 'refuse', reason: 'OperationNotAllowed', status: 409, message: inNewWords } as const
  const end = azure.script.add(account.whenWorker, refuse, 1_000)
  await using history = await room.clusters.history()
  const { uid } = (await account.create('quota', { replicas: 1 })).metadata
  await room.until('a third round', () => account.launches.length >= 4, 60_000)
  const told = history.of(uid).map(({ object }) => condition(object, 'WorkersReady'))
  const quota = told.filter(each => each?.reason === 'QuotaExceeded')
  expect(new Set(quota.map(each => each?.message)).size).toBe(1)
  end()
  await room.clusters.patch('quota', { spec: { workers: { env: { CHANGED: 'yes' } } } })
  await room.until('its worker is made', () => account.workers.length === 1, 5_000)
  await room.removed('quota')
  expect(account.left).toEqual([])
})

test.concurrent('row 20: a right that is missing: Stalled, on within 5 s of another secret in the Secret', async () => {
  const { room, tenant } = ground
  const account = await tenant('unable')
  const give = account.withhold('Microsoft.Compute/virtualMachines/write')
  await account.create('unable', { replicas: 1 })
  const stalled = await room.clusters.until('unable', each => condition(each, 'Stalled') !== undefined)
  expect(condition(stalled, 'Stalled')).toMatchObject({
    reason: 'Unauthorized',
    message: expect.stringContaining('iam-policy -- azure'),
  })
  expect(account.alive).toEqual([])
  give()
  await account.rotate()
  await room.until('its machines are made', () => account.alive.length === 2, 5_000)
  await room.removed('unable')
  expect(account.left).toEqual([])
})

test.concurrent('row 29: the secret is revoked: a condition, the finalizer stays, on within 5 s of another one', async () => {
  const { room, tenant } = ground
  const account = await tenant('revoked')
  await account.create('revoked', { replicas: 1 })
  await room.until('its machines run', () => account.alive.length === 2 && account.isAtRest)
  account.revoke()
  const told = await room.clusters.until(
    'revoked',
    each => condition(each, 'CredentialsReady')?.status === 'False',
    90_000,
  )
  expect(condition(told, 'CredentialsReady')?.reason).toBe('Unauthorized')
  const { uid } = told.metadata
  await room.clusters.remove('revoked')
  expect((await room.clusters.get('revoked'))?.metadata.finalizers).toContain(finalizer)
  expect(account.alive).toHaveLength(2)
  await account.rotate()
  await room.until('its machines end', () => account.alive.length === 0, 5_000)
  await room.clusters.gone('revoked', uid)
  expect(account.left).toEqual([])
})

const inNewWords = (): string =>
  `Operation could not be completed as it results in exceeding approved Total Regional Cores quota. ${randomUUID()}`
