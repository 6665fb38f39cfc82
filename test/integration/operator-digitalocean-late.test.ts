import { afterAll, expect, test } from 'vitest'
import { finalizer } from '../../src/api/names.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type DigitalOceanRoom, digitalOceanRoom } from '../support/digitalocean/room.ts'

const plane = controlPlane()
let ground: DigitalOceanRoom

plane.prepare(async () => {
  ground = await digitalOceanRoom(plane, { lagMs: 30_000 })
})
afterAll(async () => {
  await ground?.[Symbol.asyncDispose]()
  const differs = new Set(ground?.cloud.ledger.flatMap(each => each.differs) ?? [])
  if (differs.size > 0) throw new Error(`unlike DigitalOcean: ${[...differs].join(', ')}`)
})

test('row 4: droplets that lists do not show for 30 s are not made twice, and are not taken for gone', async () => {
  const { room, tenant } = ground
  const account = await tenant('unseen')
  // Workers wait for their scheduler's address, which a list has to show.
  const { uid } = (await account.create('deleted-unseen', { replicas: 2 })).metadata
  await room.until('its machines are made', () => account.made === 3, 90_000)
  await room.clusters.remove('deleted-unseen')
  await account.create('unseen', { replicas: 2 })
  await room.until('the other cluster has its own', () => account.made === 6, 90_000)
  await room.until('the first are ended', () => account.alive.length === 3, 90_000)
  expect((await room.clusters.get('deleted-unseen'))?.metadata.finalizers).toContain(finalizer)
  await room.clusters.gone('deleted-unseen', uid, 400_000)
  const lists = account.lists.length
  await room.until('two lists more', () => account.lists.length >= lists + 2)
  expect([account.made, account.alive.length]).toEqual([6, 3])
  // What was ended goes from lists late, too.
  const { uid: second } = (await room.clusters.get('unseen'))?.metadata ?? { uid: '' }
  await room.clusters.remove('unseen')
  await room.clusters.gone('unseen', second, 400_000)
  expect(account.left).toEqual([])
})
