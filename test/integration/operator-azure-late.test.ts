import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { type AzureRoom, azureRoom } from '../support/azure/azure-room.ts'
import { controlPlane } from '../support/control-plane.ts'

const plane = controlPlane()
let ground: AzureRoom

plane.prepare(async () => {
  ground = await azureRoom(plane, { lagMs: 30_000 })
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = new Set(ground?.azure.ledger.flatMap(each => each.differs) ?? [])
  if (differs.size > 0) throw new Error(`unlike Azure: ${[...differs].join(', ')}`)
})

test('row 4: machines that lists do not show for 30 s are not made twice, and are not taken for gone', async () => {
  const { room, tenant } = ground
  const account = await tenant('unseen')
  const { uid } = (await account.create('deleted-unseen', { replicas: 2 })).metadata
  // Its rules are made before, and seen when lists show them.
  await room.until('machines are made', () => account.alive.length === 3, 120_000)
  await room.clusters.remove('deleted-unseen')
  await account.create('unseen', { replicas: 2 })
  await room.until('the other cluster has its own', () => account.made.size === 6, 120_000)
  await room.until('the first are ended', () => account.alive.length === 3, 60_000)
  expect((await room.clusters.get('deleted-unseen'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('deleted-unseen', uid, 400_000)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  expect([account.made.size, account.alive.length]).toEqual([6, 3])
  // What was ended goes from lists late, too.
  const { uid: second } = (await room.clusters.get('unseen'))?.metadata ?? { uid: '' }
  await room.clusters.remove('unseen')
  await room.clusters.gone('unseen', second, 400_000)
  expect(account.left).toEqual([])
})
