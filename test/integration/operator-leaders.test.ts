import { expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom, tookStep } from '../support/operator-room.ts'

const plane = controlPlane()
const slow = { 'simulated-latency': '300ms' }

test('of two replicas one leads; when it is stopped the other takes over within two seconds', async () => {
  await using room = await OperatorRoom.open(plane)
  const first = room.operator({ name: 'first', flags: [], settings: slow })
  await first.logged('this process leads')
  const second = room.operator({ name: 'second', flags: [], settings: slow })
  await second.logged('waiting for the lease')
  const { metadata } = await room.clusters.create('led', 2)
  await room.settled('led', 2)
  await room.clusters.scale('led', 4)
  await room.until('a launch is under way', async () => {
    const steps = (await first.log()).split('"type":"record-launches"').length - 1
    return steps === 2
  })
  expect(await second.log()).not.toContain('this process leads')
  const began = performance.now()
  const stopped = first.stop()
  await second.logged('this process leads', 5_000)
  expect(performance.now() - began).toBeLessThan(2_000)
  expect(await stopped).toBe(0)
  await room.settled('led', 4)
  expect(room.ledger.launched(metadata.uid)).toHaveLength(5)
  expect(room.ledger.mostAtOnce(metadata.uid, 'worker')).toBe(4)
  expect(tookStep(await second.log(), 'enrol')).toBe(false)
  await room.removed('led')
  expect(room.ledger.left).toEqual([])
})

test('a leader that is killed in the middle of a launch is followed when its lease has run out', async () => {
  await using room = await OperatorRoom.open(plane)
  const first = room.operator({ name: 'first', flags: [], settings: slow })
  const second = room.operator({ name: 'second', flags: [], settings: slow })
  await room.until(
    'one of them leads',
    async () =>
      (await first.log()).includes('this process leads') ||
      (await second.log()).includes('this process leads'),
  )
  const isFirst = (await first.log()).includes('this process leads')
  const [leader, standby] = isFirst ? [first, second] : [second, first]
  const { metadata } = await room.clusters.create('killed', 2)
  await room.until('machines are made', () => room.ledger.launched(metadata.uid).length > 0)
  await leader.kill()
  await standby.logged('this process leads', 17_000)
  await room.settled('killed', 2)
  expect(room.ledger.launched(metadata.uid)).toHaveLength(3)
  await room.removed('killed')
  expect(room.ledger.left).toEqual([])
})
