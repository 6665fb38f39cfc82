import { expect, test } from 'vitest'
import type { Status } from '../../src/model/status.ts'
import type { InventoryView, SchedulerView, World } from '../../src/model/world.ts'
import { Ledger } from '../../src/reconcile/ledger.ts'
import { publish, statusOf } from '../../src/reconcile/publish.ts'
import { aMachine, aScheduler, aWorker, aWorld, now } from '../support/a-world.ts'

const machines = [aScheduler(), aMachine('w1')]
const serving = aWorld({ replicas: 1, machines, workers: [aWorker('w1')] })
const before = statusOf(serving, { conditions: [] }, [])
const untried: InventoryView = { kind: 'silent', fault: 'unavailable', problem: 'not yet', untried: true }
const failed: InventoryView = { kind: 'silent', fault: 'unavailable', problem: 'out of reach' }
const unasked: SchedulerView = { kind: 'unasked' }
const silent: SchedulerView = { kind: 'silent', problem: 'nobody answers' }

/** What a process that finds this status, written by another, makes of it. */
async function published(world: World, status: Status): Promise<Status> {
  const written = { status }
  const seen = {
    cluster: world.cluster,
    resourceVersion: '1',
    hasFinalizer: true,
    finalizers: [],
    placement: undefined,
    ledger: undefined,
    launches: [],
    status,
  }
  const hands = {
    publish: async (_subject: unknown, next: Status): Promise<void> => {
      written.status = next
    },
    report: () => undefined,
  }
  const call = { signal: new AbortController().signal }
  await publish({ seen, world, outcomes: [], ledger: new Ledger(now) }, hands, call)
  return written.status
}

test.each([
  { given: 'the cloud was never listed', world: { inventory: untried, scheduler: unasked } },
  { given: 'the scheduler was never asked', world: { scheduler: unasked } },
])('while $given, what was published stays', async ({ world }) => {
  expect(await published({ ...serving, now: now + 60_000, ...world }, before)).toBe(before)
})

test.each([
  {
    given: 'the first list failed',
    world: { inventory: failed, scheduler: unasked },
    type: 'CloudReachable',
  },
  { given: 'the scheduler does not answer', world: { scheduler: silent }, type: 'SchedulerReady' },
])('once $given, $type says so', async ({ world, type }) => {
  const { conditions } = await published({ ...serving, now: now + 60_000, ...world }, before)
  expect(conditions.find(each => each.type === type)?.status).toBe('Unknown')
})

test('a cluster of which nothing was ever said hears of it before the first list has ended', async () => {
  const status = await published({ ...serving, inventory: untried, hasServed: false }, { conditions: [] })
  expect(status.observedGeneration).toBe(1)
})
