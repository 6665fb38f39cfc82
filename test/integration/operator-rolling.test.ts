import { expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom } from '../support/operator-room.ts'

const plane = controlPlane()

const memory = (text: string) => ({ spec: { workers: { memory: text } } })

/** Eight workers that serve, and the moment at which they do. */
async function eight(room: OperatorRoom, name: string) {
  const operator = room.operator({ settings: { 'simulated-startup': '500ms' } })
  const { metadata } = await room.clusters.create(name, 8)
  await room.settled(name, 8)
  await room.clusters.until(name, ({ status }) => status?.workers?.ready === 8)
  return { operator, uid: metadata.uid, since: Date.now() }
}

const prints = (room: OperatorRoom, uid: string): ReadonlySet<string> =>
  new Set(room.ledger.alive(uid, 'worker').map(({ tags }) => tags.fingerprint))

test('eight workers are rolled: never more than two beyond them, never fewer than eight that serve', async () => {
  await using room = await OperatorRoom.open(plane)
  const { uid, since } = await eight(room, 'roll')
  const before = prints(room, uid)
  await room.clusters.patch('roll', memory('2GiB'))
  await room.until('some of the new ones are made', () => room.ledger.launched(uid, 'worker').length > 8)
  await room.settled('roll', 8, 120_000)
  expect(room.ledger.launched(uid, 'worker')).toHaveLength(16)
  expect(room.ledger.launched(uid, 'scheduler')).toHaveLength(1)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(10)
  expect(room.ledger.fewestServing(uid, since)).toBe(8)
  expect(prints(room, uid).size).toBe(1)
  expect(prints(room, uid)).not.toEqual(before)
  await room.removed('roll')
})

test('a roll in the middle of a roll replaces whatever is old by then, within the same bounds', async () => {
  await using room = await OperatorRoom.open(plane)
  const { uid, since } = await eight(room, 'twice')
  await room.clusters.patch('twice', memory('2GiB'))
  await room.until('it is half done', () => room.ledger.launched(uid, 'worker').length >= 12)
  const half = Date.now()
  await room.clusters.patch('twice', memory('3GiB'))
  await room.settled('twice', 8, 120_000)
  const alive = room.ledger.alive(uid, 'worker')
  expect(prints(room, uid).size).toBe(1)
  expect(Math.min(...alive.map(({ createdAt }) => createdAt))).toBeGreaterThan(half)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBeLessThanOrEqual(10)
  expect(room.ledger.fewestServing(uid, since)).toBe(8)
  await room.removed('twice')
})

test('a roll while scaling down ends old ones, and never leaves fewer than the smaller number', async () => {
  await using room = await OperatorRoom.open(plane)
  const { uid, since } = await eight(room, 'less')
  await room.clusters.patch('less', { spec: { workers: { memory: '2GiB', replicas: 4 } } })
  await room.until('new ones are made', () => room.ledger.launched(uid, 'worker').length > 8)
  await room.settled('less', 4, 120_000)
  expect(room.ledger.launched(uid, 'worker')).toHaveLength(12)
  expect(prints(room, uid).size).toBe(1)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(8)
  expect(room.ledger.fewestServing(uid, since)).toBe(4)
  await room.removed('less')
  expect(room.ledger.left).toEqual([])
})
