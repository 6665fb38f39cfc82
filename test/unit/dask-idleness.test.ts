import { afterEach, beforeEach, expect, test } from 'vitest'

import { usualPace } from '../../src/dask/pace.ts'
import { SchedulerPool } from '../../src/dask/pool.ts'
import { poll } from '../../src/lib/wait.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { inTime } from '../support/dask-processes.ts'
import { FakeScheduler } from '../support/fake-scheduler.ts'
import { anIdentity } from '../support/pki-fixture.ts'

const { uid } = anIdentity
const bundle = createBundle(anIdentity, Date.now())
const pace = { ...usualPace, pollMs: 40, eagerMs: 20, silentMs: 60 }
const since = 1_700_000_000_250
const client = 'Client-5a2e26a6-c3bf-11f0-8b1c-0242ac120002'
const workersOwn = 'Client-worker-5a2e26a6-c3bf-11f0-8b1c-0242ac120002'

let scheduler: FakeScheduler
let pool: SchedulerPool

beforeEach(async () => {
  scheduler = await FakeScheduler.listen(bundle)
  pool = new SchedulerPool({ pace, lookMs: 500 })
})

afterEach(async () => {
  await pool[Symbol.asyncDispose]()
  await scheduler[Symbol.asyncDispose]()
})

const target = () => ({
  uid,
  host: '127.0.0.1',
  port: scheduler.port,
  serverName: schedulerServerName(uid),
  ca: bundle.authority.certificate,
  cert: bundle.client.certificate,
  key: bundle.client.key,
})

const asked = () => ({ ...target(), idlePollMs: 60 })

/** What is seen, but for when that was by this process's own clock. */
function use(): unknown {
  const view = pool.last(uid)
  if (view.kind !== 'answering') return view.kind
  const { idleness } = view
  return idleness.kind === 'idle' ? { kind: 'idle', since: idleness.since } : idleness
}

function seenSince(): number | undefined {
  const view = pool.last(uid)
  return view.kind === 'answering' && view.idleness.kind === 'idle' ? view.idleness.seenSince : undefined
}

const untilTrue = (state: () => boolean): Promise<true> =>
  poll(() => (state() ? true : undefined), 5, inTime(10_000))

const untilUse = (wanted: object): Promise<unknown> =>
  untilTrue(() => JSON.stringify(use()) === JSON.stringify(wanted)).then(use, use)

test('whether anybody is there is not known of a scheduler that is not asked', async () => {
  pool.track(target())
  expect(await untilUse({ kind: 'unknown' })).toEqual({ kind: 'unknown' })
})

test.each([
  { given: 'no client but Dask’s own', users: ['fire-and-forget'], want: { kind: 'idle', since } },
  {
    given: 'what is kept for whoever comes',
    users: ['published-a', 'queue-b', 'variable-c'],
    want: { kind: 'idle', since },
  },
  { given: 'a client', users: ['fire-and-forget', client], want: { kind: 'busy' } },
  { given: 'a named client', users: [`Client-jo-${client.slice(7)}`], want: { kind: 'busy' } },
  { given: 'a client of a person who calls it worker', users: ['Client-worker-x'], want: { kind: 'busy' } },
  { given: 'a client that a task has left', users: [workersOwn], want: { kind: 'idle', since } },
])('with $given: $want.kind', async ({ users, want }) => {
  scheduler.users = users
  pool.track(asked())
  expect(await untilUse(want)).toEqual(want)
})

test('the answer changes as clients and tasks come and go, and is told', async () => {
  let told = 0
  using _ = pool.onChange(() => void told++)
  pool.track(asked())
  await untilUse({ kind: 'idle', since })
  scheduler.users = [client]
  expect(await untilUse({ kind: 'busy' })).toEqual({ kind: 'busy' })
  scheduler.users = []
  scheduler.idleSince = null
  expect(await untilUse({ kind: 'busy' })).toEqual({ kind: 'busy' })
  scheduler.idleSince = 1_700_000_900
  const later = { kind: 'idle', since: 1_700_000_900_000 }
  expect(await untilUse(later)).toEqual(later)
  await untilTrue(() => told >= 3)
})

test('it begins to be asked when a timeout is set, and what is known of the workers stays', async () => {
  scheduler.set('w-1')
  pool.track(target())
  const hasWorker = (): boolean => JSON.stringify(pool.last(uid)).includes('"status":"running"')
  await untilTrue(hasWorker)
  pool.track(asked())
  expect(hasWorker()).toBe(true)
  expect(await untilUse({ kind: 'idle', since })).toEqual({ kind: 'idle', since })
})

test('whoever is about to act on it asks again', async () => {
  pool.track({ ...target(), idlePollMs: 600_000 })
  await untilUse({ kind: 'idle', since })
  expect(await pool.idleness(uid, inTime(5_000))).toEqual({ kind: 'idle', since })
  scheduler.users = [client]
  expect(await pool.idleness(uid, inTime(5_000))).toEqual({ kind: 'busy' })
  expect(await untilUse({ kind: 'busy' })).toEqual({ kind: 'busy' })
})

test.each([
  {
    given: 'a client that came and went',
    disturb: async () => {
      scheduler.users = [client]
      await untilUse({ kind: 'busy' })
      scheduler.users = []
    },
  },
  {
    given: 'a client that only the last question before the decision saw',
    disturb: async () => {
      scheduler.users = [client]
      const asking = pool.idleness(uid, inTime(5_000))
      expect(await asking).toEqual({ kind: 'busy' })
      scheduler.users = []
    },
  },
  {
    given: 'a scheduler that was silent',
    disturb: async () => {
      scheduler.mood = 'mute'
      await untilTrue(() => use() === 'silent')
      scheduler.mood = 'well'
    },
  },
])('after $given it is another idleness, although the scheduler’s own time of it is the same', async each => {
  pool.track(asked())
  await untilUse({ kind: 'idle', since })
  const before = seenSince()
  await each.disturb()
  await untilTrue(() => seenSince() !== undefined && seenSince() !== before)
  expect(use()).toEqual({ kind: 'idle', since })
})

test('while nothing happens it is the same idleness, however often it is asked', async () => {
  pool.track(asked())
  await untilUse({ kind: 'idle', since })
  const before = seenSince()
  let told = 0
  using _ = pool.onChange(() => void told++)
  scheduler.set('w-1', { status: 'init' })
  await untilTrue(() => told === 1)
  expect(seenSince()).toBe(before)
})
