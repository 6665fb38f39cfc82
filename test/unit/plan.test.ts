import { describe, expect, test } from 'vitest'
import { fingerprint, launchId, machineId } from '../../src/model/names.ts'
import type { LaunchMemory } from '../../src/model/world.ts'
import { aLaunch, aMachine, aScheduler, aWorker, aWorld, now } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const remembered = (id: string, memory: LaunchMemory) => ({ launches: new Map([[launchId(id), memory]]) })
const one = '0000000000000001'

describe('from nothing to a cluster', () => {
  test.each([
    { given: 'no stamp', world: { enrolment: { kind: 'new', stamped: false } }, want: ['stamp-ledger'] },
    { given: 'a stamp', world: { enrolment: { kind: 'new', stamped: true } }, want: ['enrol'] },
    { given: 'no certificates', world: { certificates: { kind: 'missing' } }, want: ['issue-certificates'] },
    {
      given: 'a Secret of somebody else',
      world: { certificates: { kind: 'foreign', secret: 'a/b' } },
      want: [],
    },
    {
      given: 'no list',
      world: { inventory: { kind: 'silent', problem: '', fault: 'unavailable' } },
      want: [],
    },
    { given: 'another installation', world: { enrolment: { kind: 'foreign', installation: 'x' } }, want: [] },
    { given: 'a lost ledger', world: { enrolment: { kind: 'lost', since: now } }, want: [] },
  ] as const)('$given', ({ world, want }) => {
    expect(steps({ replicas: 2, world })).toEqual(want)
  })

  test('scheduler and workers are recorded together, before anything is sent', () => {
    expect(steps({ replicas: 2 })).toEqual(['record 1 scheduler, 2 default'])
  })

  test('what is recorded is sent by the next pass', () => {
    expect(steps({ replicas: 1, machines: [aScheduler()], launches: [aLaunch(one)] })).toEqual(['send 1'])
  })

  test('an answered launch counts until a list shows its machines', () => {
    const launches = [
      aLaunch(one, { state: { kind: 'accepted', at: now - 500, machines: [machineId('w1')] } }),
    ]
    expect(steps({ replicas: 1, machines: [aScheduler()], launches })).toEqual([])
  })

  test('a launch whose machines are all listed leaves status', () => {
    const launches = [
      aLaunch(one, { state: { kind: 'accepted', at: now - 5_000, machines: [machineId('w1')] } }),
    ]
    const machines = [aScheduler(), aMachine('w1')]
    expect(steps({ replicas: 1, machines, launches, workers: [aWorker('w1')] })).toEqual([
      'settle 1 dropped 0 forgotten',
    ])
  })
})

describe('a launch nobody answered', () => {
  const unclear = remembered(one, { quietSince: now - 10_000, verdict: 'unclear' })
  const open = [aLaunch(one)]

  test.each([
    { given: 'wanted: sent again with the same token', replicas: 1, memory: unclear, want: ['send 1'] },
    { given: 'not wanted any more: only looked for', replicas: 0, memory: unclear, want: [] },
    {
      given: 'not wanted and never sent: dropped',
      replicas: 0,
      memory: remembered(one, { quietSince: now, verdict: 'unsent' }),
      want: ['settle 1 dropped 0 forgotten'],
    },
    {
      given: 'not wanted, and absent from two lists after the horizon: dropped',
      replicas: 0,
      memory: remembered(one, { quietSince: now - 190_000, verdict: 'unclear' }),
      want: ['settle 1 dropped 0 forgotten'],
    },
    {
      given: 'spent: never sent again',
      replicas: 1,
      memory: remembered(one, { quietSince: now - 10_000, verdict: 'spent' }),
      want: [],
    },
  ])('$given', ({ replicas, memory, want }) => {
    expect(steps({ replicas, machines: [aScheduler()], launches: open, memory })).toEqual(want)
  })

  test('is not sent after an hour, and keeps its slots until the horizon', () => {
    const launches = [aLaunch(one, { recordedAt: now - 3_700_000 })]
    expect(steps({ replicas: 1, machines: [aScheduler()], launches, memory: unclear })).toEqual([])
  })

  test('creation stops when sixteen of them are open', () => {
    const launches = Array.from({ length: 16 }, (_, index) =>
      aLaunch(index.toString(16).padStart(16, '0'), { state: { kind: 'forgotten', since: now } }),
    )
    expect(steps({ replicas: 4, machines: [aScheduler()], launches })).toEqual([])
  })
})

describe('fewer workers', () => {
  const machines = [
    aScheduler(),
    aMachine('w1', { ageMs: 9_000 }),
    aMachine('w2', { ageMs: 8_000 }),
    aMachine('w3', { ageMs: 7_000 }),
  ]
  const draining = { draining: new Map([[machineId('w3'), now - 1_000]]) }

  test('the youngest idle worker is drained first', () => {
    const workers = [aWorker('w1'), aWorker('w2'), aWorker('w3', { executing: 1 })]
    expect(steps({ replicas: 2, machines, workers })).toEqual(['drain-workers w2'])
  })

  test('a booting machine goes before any worker', () => {
    expect(steps({ replicas: 2, machines, workers: [aWorker('w2'), aWorker('w3')] })).toEqual([
      'terminate w1',
    ])
  })

  test.each([
    { given: 'still at work: waits', worker: { status: 'closing_gracefully', executing: 1 }, want: [] },
    {
      given: 'done: is closed',
      worker: { status: 'closing_gracefully', executing: 0 },
      want: ['close-workers w3'],
    },
  ])('a draining worker $given', ({ worker, want }) => {
    const workers = [aWorker('w1'), aWorker('w2'), aWorker('w3', worker)]
    expect(steps({ replicas: 2, machines, workers, memory: draining })).toEqual(want)
  })

  test('a machine ends only after its worker was closed', () => {
    const memory = { ...draining, dismissed: new Set([machineId('w3')]) }
    expect(steps({ replicas: 2, machines, workers: [aWorker('w1'), aWorker('w2')], memory })).toEqual([
      'terminate w3',
    ])
  })

  test('nobody is ended behind a scheduler that does not answer', () => {
    const world = { scheduler: { kind: 'silent', problem: '' } } as const
    expect(steps({ replicas: 0, machines, world })).toEqual([])
  })
})

describe('changes', () => {
  test('a roll makes one more first, and drains the old ones as new ones serve', () => {
    const old = [aScheduler({ version: 'b' }), aMachine('w1'), aMachine('w2')]
    const workers = [aWorker('w1'), aWorker('w2')]
    expect(steps({ replicas: 2, version: 'b', machines: old, workers })).toEqual(['record 1 default'])
    const both = [...old, aMachine('w3', { version: 'b' })]
    expect(steps({ replicas: 2, version: 'b', machines: both, workers })).toEqual([])
    expect(
      steps({ replicas: 2, version: 'b', machines: both, workers: [...workers, aWorker('w3')] }),
    ).toEqual(['drain-workers w2'])
  })

  test('a scheduler that serves is not replaced for a change, but on request', () => {
    const machines = [aScheduler()]
    expect(steps({ version: 'b', machines, workers: [] })).toEqual([])
    expect(steps({ version: 'b', restart: 'x', machines, workers: [] })).toEqual(['terminate s'])
  })

  test('a scheduler that never served is replaced at once', () => {
    expect(steps({ version: 'b', machines: [aScheduler()], world: { hasServed: false } })).toEqual([
      'terminate s',
    ])
  })

  test('a second scheduler is a leftover', () => {
    const machines = [aScheduler(), aMachine('s2', { role: 'scheduler', ageMs: 1_000 })]
    expect(steps({ machines, workers: [] })).toEqual(['terminate s2'])
  })

  test('a new scheduler waits until the old one has left its address', () => {
    expect(steps({ machines: [aScheduler({ state: { kind: 'leaving' } })] })).toEqual([])
  })

  test('a group rests after a refusal, and no longer once the spec changes', () => {
    const pause = {
      until: now + 5_000,
      attempts: 1,
      fault: 'quota',
      problem: '',
      fingerprint: fingerprint('v1:a'),
    } as const
    const memory = { pauses: new Map([['default', pause]]) }
    expect(steps({ replicas: 1, machines: [aScheduler()], memory })).toEqual([])
    expect(steps({ replicas: 1, version: 'b', machines: [aScheduler({ version: 'b' })], memory })).toEqual([
      'record 1 default',
    ])
  })
})

test('an address of which something was made twice is reserved again, and the rest goes on', () => {
  const { inventory } = aWorld()
  if (inventory.kind !== 'seen' || inventory.address === undefined) throw new Error('it has an address')
  const twice = { ...inventory, address: { ...inventory.address, hasSurplus: true as const } }
  const machines = [aScheduler()]
  expect(steps({ replicas: 0, machines })).toEqual([])
  expect(steps({ replicas: 0, world: { inventory: { ...twice, machines } } })).toEqual(['reserve-address'])
})

describe('the end', () => {
  const end = { phase: 'deleting' } as const

  test('machines first, workers and scheduler together', () => {
    expect(
      steps({ ...end, machines: [aScheduler({ ageMs: 9_000 }), aMachine('w1', { ageMs: 1_000 })] }),
    ).toEqual(['terminate s w1'])
  })

  test('nothing more while one is leaving, or one list only has begun since', () => {
    expect(steps({ ...end, machines: [aScheduler({ state: { kind: 'leaving' } })] })).toEqual([])
    expect(steps({ ...end, memory: { lastCloudWrite: now - 2_000 } })).toEqual([])
  })

  test('then the address, then the Secrets, then the finalizer', () => {
    const gone = {
      address: undefined,
      machines: [],
      listed: new Set<never>(),
      missing: 0,
      remains: false,
      startedAt: now - 1_000,
      previousStartedAt: now - 3_000,
    }
    const inventory = { kind: 'seen', ...gone } as const
    expect(steps(end)).toEqual(['release-address'])
    expect(steps({ ...end, world: { inventory } })).toEqual(['remove-certificates'])
    expect(steps({ ...end, world: { inventory, certificates: { kind: 'removed' } } })).toEqual(['release'])
  })

  test('row 5: an unanswered launch holds the finalizer until its horizon', () => {
    const memory = remembered(one, { quietSince: now - 10_000, verdict: 'unclear' })
    expect(steps({ ...end, launches: [aLaunch(one)], memory })).toEqual([])
  })

  test('a suspended cluster keeps its address and Secrets', () => {
    expect(steps({ phase: 'suspended', machines: [aScheduler()] })).toEqual(['terminate s'])
    expect(steps({ phase: 'suspended' })).toEqual([])
  })
})
