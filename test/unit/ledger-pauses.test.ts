import { expect, test } from 'vitest'
import type { SchedulerView } from '../../src/model/world.ts'
import { Ledger } from '../../src/reconcile/ledger.ts'
import { aMachine, aScheduler, aWorker, aWorld, now } from '../support/a-world.ts'

const answering = (...names: readonly string[]): SchedulerView => {
  const { scheduler } = aWorld({ workers: names.map(name => aWorker(name)) })
  return scheduler
}
const listed = (...names: readonly string[]) =>
  aWorld({ machines: [aScheduler(), ...names.map(name => aMachine(name))] }).inventory

test('a rest after machines that came to nothing ends when another comes up, and not because one was up before', () => {
  const ledger = new Ledger(now)
  const [group] = aWorld().cluster.groups
  if (group === undefined) throw new Error('it has a group')
  const rests = () => ledger.snapshot().pauses.has(group.name)
  ledger.meetMachines(listed('w1'), answering('w1'), 180_000, now)
  ledger.pause(group, 'not-started', 'stillborn', now)
  ledger.meetMachines(listed('w1', 'w2'), answering('w1'), 180_000, now + 1_000)
  expect(rests()).toBe(true)
  ledger.meetMachines(listed('w1', 'w2'), answering('w1', 'w2'), 180_000, now + 2_000)
  expect(rests()).toBe(false)
})
