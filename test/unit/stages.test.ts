import { expect, test } from 'vitest'
import { bootTimes } from '../../src/dask/boot-times.ts'
import type { MachineState } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { joined } from '../../src/reconcile/reports.ts'
import { advance, Journeys, type Progress } from '../../src/reconcile/stages.ts'
import { aMachine, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'

const id = machineId('a')
const accepted: Progress = { reached: 'accepted', at: now - 4_000, since: now - 4_000 }
const starting: MachineState = { kind: 'starting' }
const unlisted = (listed: readonly string[] = []): Partial<World> => {
  const { inventory } = aWorld()
  if (inventory.kind !== 'seen') throw new Error('an inventory is seen')
  return { inventory: { ...inventory, listed: new Set(listed.map(machineId)) } }
}

const seen = (seeing: Seeing, progress: Progress = accepted) => {
  const { under, times } = advance(new Map([[id, progress]]), aWorld(seeing))
  return { times: times.map(({ stage, seconds }) => `${stage} ${seconds}`), under: under.get(id) }
}

test.each([
  {
    given: 'no list shows it yet',
    seeing: { world: unlisted() },
    want: { times: [], under: accepted },
  },
  {
    given: 'it is listed',
    seeing: { machines: [aMachine('a', { state: starting })] },
    want: { times: ['listed 4'], under: { reached: 'listed', at: now, since: now - 4_000 } },
  },
  {
    given: 'it runs, and was first listed so',
    seeing: { machines: [aMachine('a')] },
    want: { times: ['listed 4', 'running 0'], under: { reached: 'running', at: now, since: now - 4_000 } },
  },
  {
    given: 'its worker has joined',
    seeing: { machines: [aMachine('a')], workers: [aWorker('a')] },
    progress: { reached: 'running', at: now - 500, since: now - 4_000 } as const,
    want: { times: ['joined 0.5'], under: undefined },
  },
  {
    given: 'a machine that says how it booted',
    seeing: {
      machines: [aMachine('a')],
      workers: [{ ...aWorker('a'), boot: { installed: 21.5, up: 1.25 } }],
    },
    progress: { reached: 'running', at: now - 30_000, since: now - 34_000 } as const,
    want: { times: ['joined 30', 'installed 21.5', 'up 1.25'], under: undefined },
  },
  {
    given: 'nothing new',
    seeing: { machines: [aMachine('a')] },
    progress: { reached: 'running', at: now - 500, since: now - 4_000 } as const,
    want: { times: [], under: { reached: 'running', at: now - 500, since: now - 4_000 } },
  },
  {
    given: 'a scheduler that answers',
    seeing: { machines: [aMachine('a', { role: 'scheduler' })], workers: [] },
    want: { times: ['listed 4', 'running 0', 'joined 0'], under: undefined },
  },
  {
    given: 'it is gone from the lists',
    seeing: { world: unlisted(['a']) },
    want: { times: [], under: undefined },
  },
  {
    given: 'it has ended',
    seeing: { machines: [aMachine('a', { state: { kind: 'gone' } })] },
    want: { times: [], under: undefined },
  },
  {
    given: 'the cloud is silent',
    seeing: { world: { inventory: { kind: 'silent', fault: 'timeout', problem: 'late' } } as const },
    want: { times: [], under: accepted },
  },
])('$given', ({ seeing, progress, want }) => {
  expect(seen(seeing, progress)).toEqual(want)
})

test('machines that were under way together make one event, once the last has joined', () => {
  const journeys = new Journeys()
  const machines = [aMachine('a'), aMachine('b')]
  const [a, b] = [
    { ...aWorker('a'), boot: { installed: 21.5, up: 1.25 } },
    { ...aWorker('b'), boot: { installed: 20, up: 2 } },
  ]
  journeys.begin([id, machineId('b')], now - 40_000)
  const seenAt = (at: number, seeing: Seeing) =>
    journeys.look({ ...aWorld({ machines, ...seeing }), now: at })
  expect(seenAt(now - 30_000, {}).arrival).toBeUndefined()
  expect(seenAt(now - 5_000, { workers: [a] }).arrival).toBeUndefined()
  const { arrival } = seenAt(now, { workers: [a, b] })
  expect(arrival && joined(arrival)).toEqual({
    kind: 'Normal',
    reason: 'Joined',
    message:
      '2 machines, the slowest in each stage: running after 10 s, software installed in 22 s, Dask up 2.0 s later, joined after 40 s.',
  })
  expect(seenAt(now, { workers: [a, b] })).toEqual({ times: [], arrival: undefined })
})

test.each([
  { told: { installed: 21.5, up: 0 }, want: { installed: 21.5, up: 0 } },
  { told: { installed: 1, up: 2, more: 'of it' }, want: { installed: 1, up: 2 } },
  { told: undefined, want: undefined },
  { told: {}, want: undefined },
  { told: { installed: '21', up: 1 }, want: undefined },
  { told: { installed: -1, up: 1 }, want: undefined },
  { told: { installed: 1, up: Number.NaN }, want: undefined },
  { told: { installed: 86_401, up: 1 }, want: undefined },
])('of what a machine tells, $told is read as $want', ({ told, want }) => {
  expect(bootTimes(told)).toEqual(want)
})
