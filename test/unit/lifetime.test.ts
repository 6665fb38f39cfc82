import { describe, expect, test } from 'vitest'
import { bedtimeOf, expiryOf, noticeOf, turnMs } from '../../src/plan/lifetime.ts'
import { aMachine, aScheduler, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'
import { steps } from '../support/plan-steps.ts'

const hour = 3_600_000
const { joinLimitMs } = aWorld()
const minute = 60_000
const machines = [aScheduler(), aMachine('w1')]
const workers = [aWorker('w1')]
const served = { replicas: 1, machines, workers } as const

/** A cluster of a time to live of eight hours, at some time before its end. */
const living = (leftMs: number, more: Seeing = {}): Seeing => ({
  ...served,
  lifetime: { ttlMs: 8 * hour },
  createdAt: now + leftMs - 8 * hour,
  ...more,
})

/** One that nobody has used for so long, of twenty minutes. */
const unused = (ms: number, more: Seeing = {}): Seeing => ({
  ...served,
  lifetime: { idleTimeoutMs: 20 * minute },
  memory: { idleSince: now - ms },
  ...more,
})

describe('a time to live', () => {
  test.each([
    { given: 'a millisecond before its end', seeing: living(1), want: [] },
    { given: 'at its end', seeing: living(0), want: ['delete-cluster'] },
    { given: 'long past its end', seeing: living(-hour), want: ['terminate s w1', 'delete-cluster'] },
    { given: 'edited longer in time', seeing: living(0, { lifetime: { ttlMs: 9 * hour } }), want: [] },
    {
      given: 'edited to less than its age',
      seeing: living(hour, { lifetime: { ttlMs: hour } }),
      want: ['terminate s w1', 'delete-cluster'],
    },
    { given: 'taken away', seeing: living(0, { lifetime: {} }), want: [] },
    {
      given: 'of a suspended cluster, whose machines end even where it may not be deleted',
      seeing: living(0, { phase: 'suspended' }),
      want: ['terminate s w1', 'delete-cluster'],
    },
    {
      given: 'of one that sleeps by itself',
      seeing: living(0, { phase: 'suspended', sleep: { kind: 'asleep', since: now } }),
      want: ['terminate s w1', 'delete-cluster'],
    },
    {
      given: 'of one that nobody has looked at before',
      seeing: living(0, { world: { enrolment: { kind: 'new', stamped: false } } }),
      want: ['delete-cluster'],
    },
    {
      given: 'of one whose ledger is lost',
      seeing: living(0, { world: { enrolment: { kind: 'lost', since: now } } }),
      want: ['delete-cluster'],
    },
    {
      given: 'of another installation’s cluster',
      seeing: living(0, { world: { enrolment: { kind: 'foreign', installation: 'x' } } }),
      want: [],
    },
  ])('$given', ({ seeing, want }) => {
    expect(steps(seeing)).toEqual(want)
  })

  test('does not matter to a cluster that is being deleted', () => {
    expect(steps(living(0, { phase: 'deleting' }))).toEqual(['terminate s w1'])
  })
})

describe('idleness', () => {
  test.each([
    { given: 'a millisecond short', seeing: unused(20 * minute - 1), want: [] },
    { given: 'of the whole timeout', seeing: unused(20 * minute), want: ['fall-asleep'] },
    { given: 'without a timeout', seeing: unused(9 * hour, { lifetime: {} }), want: [] },
    { given: 'that has ended', seeing: unused(0, { memory: { idleSince: undefined } }), want: [] },
    {
      given: 'of a cluster that was never ready, before a machine would be given up',
      seeing: unused(joinLimitMs - 1, { lifetime: { idleTimeoutMs: minute }, world: { hasServed: false } }),
      want: [],
    },
    {
      given: 'of a cluster that was never ready, after that',
      seeing: unused(joinLimitMs, { lifetime: { idleTimeoutMs: minute }, world: { hasServed: false } }),
      want: ['fall-asleep'],
    },
    {
      given: 'while the ledger is lost',
      seeing: unused(hour, { world: { enrolment: { kind: 'lost', since: now } } }),
      want: [],
    },
  ])('$given', ({ seeing, want }) => {
    expect(steps(seeing)).toEqual(want)
  })

  test('whoever sleeps has its machines ended, and keeps its address', () => {
    const asleep = { phase: 'suspended', sleep: { kind: 'asleep', since: now } } as const
    expect(steps({ ...served, ...asleep })).toEqual(['terminate s w1'])
    expect(steps({ replicas: 1, ...asleep })).toEqual([])
  })

  test('whoever was asked for again is woken before anything else', () => {
    const woken = { kind: 'woken' } as const
    expect(steps({ replicas: 1, sleep: woken })).toEqual(['wake-up'])
    expect(steps({ replicas: 1, phase: 'suspended', sleep: woken })).toEqual(['wake-up'])
    expect(steps({ replicas: 1 })).toEqual(['record 1 scheduler, 1 default'])
  })
})

const notice = (wholeMs: number, leftMs: number): number | undefined =>
  noticeOf({ at: now + leftMs, wholeMs }, now)

describe('an end is announced', () => {
  test.each([
    { wholeMs: 8 * hour, leftMs: hour + 1, want: undefined },
    { wholeMs: 8 * hour, leftMs: hour, want: hour },
    { wholeMs: 8 * hour, leftMs: 10 * minute + 1, want: hour },
    { wholeMs: 8 * hour, leftMs: 10 * minute, want: 10 * minute },
    { wholeMs: 8 * hour, leftMs: minute, want: minute },
    { wholeMs: 8 * hour, leftMs: -1, want: minute },
    { wholeMs: 2 * hour, leftMs: hour, want: undefined },
    { wholeMs: 20 * minute, leftMs: 10 * minute, want: undefined },
    { wholeMs: 20 * minute, leftMs: minute, want: minute },
    { wholeMs: 2 * minute, leftMs: minute + 1, want: undefined },
    { wholeMs: 2 * minute, leftMs: minute, want: minute },
    { wholeMs: 10_000, leftMs: 5_001, want: undefined },
    { wholeMs: 10_000, leftMs: 5_000, want: 5_000 },
  ])('$wholeMs ms with $leftMs ms left: $want', ({ wholeMs, leftMs, want }) => {
    expect(notice(wholeMs, leftMs)).toBe(want)
  })
})

describe('the next turn of the clock', () => {
  test.each([
    { given: 'no limit', seeing: served, want: Infinity },
    { given: 'seven hours before the end', seeing: living(7 * hour), want: 6 * hour },
    { given: 'at the first announcement', seeing: living(hour), want: 50 * minute },
    { given: 'in the last minute', seeing: living(minute), want: minute },
    { given: 'past the end', seeing: living(0), want: Infinity },
    { given: 'while it is deleted', seeing: living(hour, { phase: 'deleting' }), want: Infinity },
    { given: 'nobody there for a minute', seeing: unused(minute), want: 18 * minute },
    { given: 'somebody there', seeing: unused(0, { memory: {} }), want: Infinity },
    {
      given: 'the nearer of two',
      seeing: living(7 * hour, {
        lifetime: { ttlMs: 8 * hour, idleTimeoutMs: 20 * minute },
        memory: { idleSince: now },
      }),
      want: 19 * minute,
    },
  ])('$given', ({ seeing, want }) => {
    expect(turnMs(aWorld(seeing))).toBe(want)
  })
})

test('ends are exact', () => {
  expect(expiryOf(aWorld(living(hour)).cluster)).toEqual({ at: now + hour, wholeMs: 8 * hour })
  expect(bedtimeOf(aWorld(unused(minute)))).toEqual({ at: now + 19 * minute, wholeMs: 20 * minute })
})

test('a clock that was hours ahead when the process began, and was put right, deletes nothing early', () => {
  const seeing = {
    lifetime: { ttlMs: 8 * hour },
    createdAt: now,
    world: { now: now + 9 * hour, wallNow: now },
  }
  expect(steps(seeing)).not.toContain('delete-cluster')
})
