import { expect, test } from 'vitest'
import type { MachineState } from '../../src/model/machine.ts'
import { machineId } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { advance, type Progress } from '../../src/reconcile/stages.ts'
import { aMachine, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'

const id = machineId('a')
const accepted: Progress = { reached: 'accepted', at: now - 4_000 }
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
    want: { times: ['listed 4'], under: { reached: 'listed', at: now } },
  },
  {
    given: 'it runs, and was first listed so',
    seeing: { machines: [aMachine('a')] },
    want: { times: ['listed 4', 'running 0'], under: { reached: 'running', at: now } },
  },
  {
    given: 'its worker has joined',
    seeing: { machines: [aMachine('a')], workers: [aWorker('a')] },
    progress: { reached: 'running', at: now - 500 } as const,
    want: { times: ['joined 0.5'], under: undefined },
  },
  {
    given: 'nothing new',
    seeing: { machines: [aMachine('a')] },
    progress: { reached: 'running', at: now - 500 } as const,
    want: { times: [], under: { reached: 'running', at: now - 500 } },
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
