import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../src/model/names.ts'
import type { Finding } from '../../src/model/status.ts'
import type { World } from '../../src/model/world.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { aMachine, aScheduler, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'

/** `Ready=False/Waiting` and so on, for the conditions asked for. */
function told(seeing: Seeing, ...types: readonly string[]): readonly string[] {
  return findings(aWorld(seeing), [])
    .filter(({ type }) => types.includes(type))
    .map(({ type, status, reason }: Finding) => `${type}=${status}/${reason}`)
}

const fresh: Partial<World> = { hasServed: false }
const machines = [aScheduler(), aMachine('w1'), aMachine('w2')]
const both = [aWorker('w1'), aWorker('w2')]
const silent = { kind: 'silent', problem: 'nobody answers' } as const

describe('Ready', () => {
  test.each([
    {
      given: 'nothing there yet',
      seeing: { replicas: 2, world: fresh },
      want: 'Ready=False/SchedulerMissing',
    },
    {
      given: 'a scheduler that boots',
      seeing: { replicas: 2, machines, world: { ...fresh, scheduler: silent } },
      want: 'Ready=False/SchedulerStarting',
    },
    {
      given: 'one worker of two, for the first time',
      seeing: { replicas: 2, machines, workers: [aWorker('w1')], world: fresh },
      want: 'Ready=False/WorkersWaiting',
    },
    {
      given: 'all of them',
      seeing: { replicas: 2, machines, workers: both, world: fresh },
      want: 'Ready=True/Serving',
    },
    {
      given: 'a worker lost later: still ready',
      seeing: { replicas: 2, machines, workers: [aWorker('w1')] },
      want: 'Ready=True/Serving',
    },
    {
      given: 'every worker lost',
      seeing: { replicas: 2, machines, workers: [] },
      want: 'Ready=False/NoWorkers',
    },
    {
      given: 'no worker wanted',
      seeing: { replicas: 0, machines: [aScheduler()], workers: [] },
      want: 'Ready=True/Serving',
    },
    {
      given: 'a scheduler that served and is out of reach',
      seeing: { replicas: 2, machines, world: { scheduler: silent } },
      want: 'Ready=Unknown/SchedulerUnreachable',
    },
    { given: 'suspended', seeing: { replicas: 2, phase: 'suspended' }, want: 'Ready=False/Suspended' },
    { given: 'deleted', seeing: { phase: 'deleting' }, want: 'Ready=False/Deleting' },
    {
      given: 'a worker of the right name on a machine that is not ours',
      seeing: { replicas: 1, machines: [aScheduler()], workers: [aWorker('w9')], world: fresh },
      want: 'Ready=False/WorkersWaiting',
    },
  ] as const)('$given', ({ seeing, want }) => {
    expect(told(seeing, 'Ready')).toEqual([want])
  })
})

const pausedFor = (fault: 'quota' | 'invalid' | 'throttled') => ({
  pauses: new Map([
    ['default', { until: now + 1_000, attempts: 1, fault, problem: 'why', fingerprint: fingerprint('v1:a') }],
  ]),
})

describe('what stops a cluster is said', () => {
  test.each([
    { fault: 'quota', want: ['WorkersReady=False/QuotaExceeded'] },
    { fault: 'throttled', want: ['WorkersReady=False/Throttled'] },
    { fault: 'invalid', want: ['WorkersReady=False/InvalidRequest', 'Stalled=True/InvalidRequest'] },
  ] as const)('$fault', ({ fault, want }) => {
    const seeing = {
      replicas: 1,
      machines: [aScheduler()],
      workers: [],
      memory: pausedFor(fault),
      world: fresh,
    }
    expect(told(seeing, 'WorkersReady', 'Stalled')).toEqual(want)
  })

  test('a Secret of somebody else', () => {
    const world = { certificates: { kind: 'foreign', secret: 'team-a/demo-client' } } as const
    expect(told({ world }, 'CertificatesReady', 'Stalled')).toEqual([
      'CertificatesReady=False/ForeignSecret',
      'Stalled=True/ForeignSecret',
    ])
  })

  test('a lost ledger', () => {
    expect(told({ world: { enrolment: { kind: 'lost', since: now } } }, 'Reconciling')).toEqual([
      'Reconciling=True/LedgerLost',
    ])
  })

  test('a scheduler that waits for its restart', () => {
    const seeing = { version: 'b', machines: [aScheduler()], workers: [] }
    expect(told(seeing, 'UpdatePending')).toEqual(['UpdatePending=True/SchedulerChanged'])
  })
})

test('Reconciling and Stalled are there only while they are true', () => {
  expect(told({ replicas: 2, machines, workers: both }, 'Reconciling', 'Stalled', 'UpdatePending')).toEqual(
    [],
  )
})

test('row 25: machines that lists miss in doubt make the cluster Degraded, and leave Ready alone', () => {
  const { inventory } = aWorld({ machines })
  const world = inventory.kind === 'seen' ? { inventory: { ...inventory, missing: 2 } } : {}
  const seeing = { replicas: 2, machines, workers: both, world }
  expect(told(seeing, 'Ready', 'Degraded')).toEqual(['Ready=True/Serving', 'Degraded=True/MachinesMissing'])
  expect(told({ replicas: 2, machines, workers: both }, 'Degraded')).toEqual([])
})

describe('a roll', () => {
  const alive = { replicas: 1, machines: [aScheduler(), aMachine('w1')], workers: [aWorker('w1')] }
  const old = { ...alive, version: 'b' }

  test('is told for as long as machines of the old kind are there', () => {
    expect(told(old, 'Reconciling', 'WorkersReady')).toEqual([
      'WorkersReady=True/Serving',
      'Reconciling=True/Rolling',
    ])
    expect(told(alive, 'Reconciling')).toEqual([])
  })

  test('is no roll where the scheduler alone is old: that waits for a person', () => {
    const renewed = [aScheduler({ version: 'a' }), aMachine('w1', { version: 'b' })]
    expect(told({ ...old, machines: renewed }, 'Reconciling', 'UpdatePending')).toEqual([
      'UpdatePending=True/SchedulerChanged',
    ])
  })
})

const behind = (admitted: readonly string[], others: Partial<World> = {}): Seeing => {
  const { inventory } = aWorld()
  if (inventory.kind !== 'seen' || inventory.address === undefined) return {}
  const address = { ...inventory.address, admitted }
  return { world: { admitted, inventory: { ...inventory, address }, ...others } }
}

describe('an operator that does not say where it comes from', () => {
  test.each([
    ['nobody is let in', behind([]), ['OperatorAdmitted=False/NoOperatorCIDRs']],
    ['others are let in', behind(['10.0.0.0/8']), ['OperatorAdmitted=Unknown/NoOperatorCIDRs']],
    ['it does say', behind(['10.0.0.0/8'], { namesOperator: true }), []],
    ['the scheduler answers', { ...behind([]), workers: [] }, []],
    ['the firewall is not ours', {}, []],
    ['the cluster sleeps', { ...behind([]), phase: 'suspended' }, []],
  ] as const)('%s', (_, seeing, want) => {
    expect(told(seeing, 'OperatorAdmitted')).toEqual(want)
  })
})
