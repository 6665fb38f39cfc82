import { expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { seeded } from '../support/random.ts'

const plane = controlPlane()
const names = Array.from({ length: 20 }, (_, index) => `again-${index}`)
const lives = 5

test('row 9: a hundred times a cluster is deleted and made again under its name at once: no machine is adopted', async () => {
  await using room = await OperatorRoom.open(plane)
  room.operator({ flags: ['--no-leader-elect', '--concurrency', '16'] })
  const random = seeded(9)
  const uids = await Promise.all(names.map(name => livesOf(name, room, () => random.below(4))))
  expect(new Set(uids.flat()).size).toBe(names.length * (lives + 1))
  await Promise.all(names.map(name => room.settled(name, 2)))
  for (const [...old] of uids) {
    const current = old.pop() ?? ''
    expect(room.ledger.alive(current, 'worker')).toHaveLength(2)
    expect(room.ledger.launched(current)).toHaveLength(3)
    for (const uid of old) expect(room.ledger.alive(uid)).toEqual([])
  }
  await Promise.all(names.map(name => room.removed(name)))
  expect(room.ledger.left).toEqual([])
})

/** Deletes and makes a cluster again and again, each time with a different number of its machines made. */
async function livesOf(name: string, room: OperatorRoom, next: () => number): Promise<readonly string[]> {
  const uids: string[] = []
  for (let life = 0; life <= lives; life++) {
    const { uid } = (await room.clusters.create(name, 2)).metadata
    uids.push(uid)
    if (life === lives) return uids
    const enough = next()
    await room.until('machines are made', () => room.ledger.launched(uid).length >= enough, 60_000)
    await room.clusters.remove(name)
    await room.clusters.gone(name, uid, 90_000)
  }
  return uids
}
