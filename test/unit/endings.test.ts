import { describe, expect, test } from 'vitest'
import type { World } from '../../src/model/world.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { Ledger } from '../../src/reconcile/ledger.ts'
import { statusOf } from '../../src/reconcile/publish.ts'
import { transitions } from '../../src/reconcile/reports.ts'
import { aMachine, aScheduler, aWorker, aWorld, now, type Seeing } from '../support/a-world.ts'

const minute = 60_000
const hour = 60 * minute
const alive: Seeing = { replicas: 1, machines: [aScheduler(), aMachine('w1')], workers: [aWorker('w1')] }
const type = (world: World, wanted: string) => findings(world, []).find(each => each.type === wanted)

/** A cluster of eight hours, made when the year began. */
const aged = (ms: number): World => ({
  ...aWorld({ ...alive, lifetime: { ttlMs: 8 * hour }, createdAt: now }),
  now: now + ms,
  wallNow: now + ms,
})

const unused = (ms: number): World => ({
  ...aWorld({ ...alive, lifetime: { idleTimeoutMs: 20 * minute }, memory: { idleSince: now } }),
  now: now + ms,
})

describe('what is said of an end', () => {
  test.each([
    { given: 'seven hours before: nothing', world: aged(hour), message: undefined },
    {
      given: 'an hour before',
      world: aged(7 * hour),
      message: 'It is deleted at 2026-01-01T08:00:00Z, by spec.lifetime.ttl: less than 1 hour left.',
    },
    {
      given: 'a minute before',
      world: aged(8 * hour - 30_000),
      message: 'It is deleted at 2026-01-01T08:00:00Z, by spec.lifetime.ttl: less than 1 minute left.',
    },
  ])('$given', ({ world, message }) => {
    expect(type(world, 'Expiring')?.message).toBe(message)
  })

  test('a cluster that nobody uses', () => {
    expect(type(unused(18 * minute), 'Idle')).toBeUndefined()
    expect(type(unused(19 * minute), 'Idle')).toMatchObject({
      status: 'True',
      reason: 'NobodyUsesIt',
      message:
        'No task and no client: it goes to sleep at 2026-01-01T00:20:00Z, by spec.lifetime.idleTimeout: less than 1 minute left.',
    })
  })

  test('one that sleeps, and one that was told to', () => {
    const lifetime = { idleTimeoutMs: 90 * minute }
    const asleep = { phase: 'suspended', lifetime, sleep: { kind: 'asleep', since: now } } as const
    expect(type(aWorld(asleep), 'Suspended')).toMatchObject({
      reason: 'Idle',
      message: expect.stringContaining('1h30m'),
    })
    expect(type(aWorld({ phase: 'suspended', lifetime }), 'Suspended')?.reason).toBe('Requested')
  })
})

test('the same words stand in status until the next announcement, and each announcement is an event', () => {
  let status = statusOf(aged(0), { conditions: [] }, [])
  expect(status.expiresAt).toBe('2026-01-01T08:00:00Z')
  const events: string[] = []
  let writes = 0
  for (let ms = minute; ms < 8 * hour; ms += minute / 2) {
    const next = statusOf(aged(ms), status, [])
    const told = transitions(status.conditions, next.conditions)
    events.push(...told.map(({ reason, message }) => `${reason} ${/less.*/.exec(message)?.[0]}`))
    if (JSON.stringify(next) !== JSON.stringify(status)) writes += 1
    status = next
  }
  expect(events).toEqual([
    'TtlEnds less than 1 hour left.',
    'TtlEnds less than 10 minutes left.',
    'TtlEnds less than 1 minute left.',
  ])
  expect(writes).toBe(3)
})

test('no time to live, no end in status', () => {
  expect(statusOf(aWorld(alive), { conditions: [], expiresAt: 'then' }, [])).not.toHaveProperty('expiresAt')
})

const sinceIn = (ledger: Ledger): number | undefined => ledger.snapshot().idleSince

describe('the count of idleness', () => {
  test('begins at first sight, and anew with each other one', () => {
    const ledger = new Ledger(now)
    ledger.meetIdleness('one', now + 1)
    ledger.meetIdleness('one', now + 500)
    expect(sinceIn(ledger)).toBe(now + 1)
    ledger.meetIdleness('two', now + 700)
    expect(sinceIn(ledger)).toBe(now + 700)
  })

  test('ends when somebody comes, and when nobody can tell', () => {
    const ledger = new Ledger(now)
    ledger.meetIdleness('one', now)
    ledger.meetIdleness(undefined, now + 1)
    expect(sinceIn(ledger)).toBeUndefined()
    ledger.meetIdleness('one', now + 2)
    expect(sinceIn(ledger)).toBe(now + 2)
  })

  test('a process that has just begun knows of none', () => {
    expect(sinceIn(new Ledger(now))).toBeUndefined()
  })
})
