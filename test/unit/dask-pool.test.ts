import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { usualPace } from '../../src/dask/pace.ts'
import { SchedulerPool } from '../../src/dask/pool.ts'
import { poll } from '../../src/lib/wait.ts'
import type { SchedulerView } from '../../src/model/world.ts'
import { createBundle, newLeaf } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import type { Credential } from '../../src/pki/x509.ts'
import { inTime } from '../support/dask-processes.ts'
import { FakeScheduler } from '../support/fake-scheduler.ts'
import { anIdentity, dayMs } from '../support/pki-fixture.ts'

const { uid } = anIdentity
const bundle = createBundle(anIdentity, Date.now())
const pace = { ...usualPace, pollMs: 40, eagerMs: 20, silentMs: 60 }

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

const targetAt = (port: number, client: Credential = bundle.client) => ({
  uid,
  host: '127.0.0.1',
  port,
  serverName: schedulerServerName(uid),
  ca: bundle.authority.certificate,
  cert: client.certificate,
  key: client.key,
})

/** A view in short: `w-1:running w-2:…`, or its kind. */
const shown = (view: SchedulerView): string =>
  view.kind === 'answering'
    ? view.workers.map(({ name, status }) => `${name}:${status}`).join(' ')
    : view.kind

const until = (wanted: string): Promise<string> =>
  poll(() => (shown(pool.last(uid)) === wanted ? wanted : undefined), 5, inTime(10_000)).catch(() =>
    shown(pool.last(uid)),
  )

const untilTrue = (state: () => boolean): Promise<true> =>
  poll(() => (state() ? true : undefined), 5, inTime(10_000))

describe('looking', () => {
  test('nobody is seen who is not tracked', () => {
    expect(pool.last(uid)).toEqual({ kind: 'unasked' })
  })

  test('a scheduler is seen with its workers, over one connection that stays', async () => {
    scheduler.set('w-2', { executing: 3 })
    scheduler.set('w-1', { status: 'init' })
    pool.track(targetAt(scheduler.port))
    expect(await until('w-1:init w-2:running')).toBe('w-1:init w-2:running')
    expect(pool.last(uid)).toMatchObject({
      id: 'Scheduler-1',
      workers: [{ executing: 0 }, { executing: 3, threads: 2 }],
    })
    const accepted = scheduler.accepted
    scheduler.id = 'Scheduler-2'
    await untilTrue(() => JSON.stringify(pool.last(uid)).includes('Scheduler-2'))
    await untilTrue(() => scheduler.clients.size === 1)
    // The workers of another scheduler process are asked again, on a connection of its own.
    expect(scheduler.accepted).toBe(accepted + 1)
  })

  test('a firewall that forgets the connection is not the scheduler’s silence', async () => {
    scheduler.set('w-1')
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    const seen: string[] = []
    using _ = pool.onChange(() => void seen.push(shown(pool.last(uid))))
    const accepted = scheduler.accepted
    scheduler.drop()
    await untilTrue(() => scheduler.accepted > accepted)
    scheduler.set('w-2')
    await until('w-1:running w-2:running')
    expect(seen.filter(view => view === 'silent')).toEqual([])
  })

  test('a scheduler that answers no more is silent until it does', async () => {
    scheduler.set('w-1')
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    scheduler.mood = 'mute'
    await until('silent')
    expect(pool.last(uid)).toMatchObject({ problem: `127.0.0.1:${scheduler.port} did not answer in time` })
    scheduler.mood = 'well'
    expect(await until('w-1:running')).toBe('w-1:running')
  })
})

test('a scheduler whose certificate has ended is told from one that only does not answer', async () => {
  const long = { ...anIdentity, role: 'scheduler', now: Date.now() - 91 * dayMs, days: 90 } as const
  await using fake = await FakeScheduler.listen({ ...bundle, scheduler: issueLeaf(bundle.authority, long) })
  pool.track(targetAt(fake.port))
  await until('silent')
  expect(pool.last(uid)).toMatchObject({ expired: true })
  await using other = await FakeScheduler.listen({ ...bundle, scheduler: bundle.worker })
  pool.track(targetAt(other.port))
  await untilTrue(() => JSON.stringify(pool.last(uid)).includes('not this cluster’s scheduler’s'))
  expect(pool.last(uid)).not.toHaveProperty('expired')
})

describe('workers that only the scheduler knows', () => {
  test.each(['refuses', 'black-hole'] as const)(
    'one that %s is unreachable, and no other for its sake',
    async reach => {
      for (const name of ['w-1', 'w-2', 'w-3']) scheduler.set(name)
      scheduler.set('w-bad', { reach })
      pool.track(targetAt(scheduler.port))
      const wanted = 'w-1:running w-2:running w-3:running w-bad:unreachable'
      expect(await until(wanted)).toBe(wanted)
    },
  )

  test('one that closes keeps the scheduler’s word', async () => {
    scheduler.set('w-1', { status: 'closing_gracefully', reach: 'refuses' })
    pool.track(targetAt(scheduler.port))
    expect(await until('w-1:closing_gracefully')).toBe('w-1:closing_gracefully')
  })
})

describe('what changes', () => {
  test('is told once, and only when a plan depends on it', async () => {
    scheduler.set('w-1', { executing: 1 })
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    const told: unknown[] = []
    using _ = pool.onChange(changed => {
      const view = pool.last(changed)
      told.push(view.kind === 'answering' ? view.workers[0]?.executing : view.kind)
    })
    const executing = (): number | undefined => {
      const view = pool.last(uid)
      return view.kind === 'answering' ? view.workers[0]?.executing : undefined
    }
    scheduler.set('w-1', { executing: 4 })
    await untilTrue(() => executing() === 4)
    scheduler.set('w-1', { executing: 0 })
    await untilTrue(() => executing() === 0)
    scheduler.set('w-1', { executing: 2 })
    await untilTrue(() => executing() === 2)
    expect(told).toEqual([0, 2])
  })
})

describe('another target', () => {
  test('new certificates are used from the next look on, and what was seen stays', async () => {
    scheduler.set('w-1')
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    const before = new Set(scheduler.clients.values())
    pool.track(targetAt(scheduler.port, newLeaf(bundle.authority, 'client', anIdentity, Date.now())))
    expect(shown(pool.last(uid))).toBe('w-1:running')
    await untilTrue(
      () =>
        scheduler.clients.size > 0 && [...scheduler.clients.values()].every(serial => !before.has(serial)),
    )
  })

  test('the same target again changes nothing', async () => {
    scheduler.set('w-1')
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    await untilTrue(() => scheduler.clients.size === 1)
    const before = [...scheduler.clients.keys()]
    pool.track(targetAt(scheduler.port))
    scheduler.set('w-1', { status: 'paused' })
    await until('w-1:paused')
    expect([...scheduler.clients.keys()]).toEqual(before)
  })

  test('another address is unasked until it answers', async () => {
    scheduler.set('w-1')
    pool.track(targetAt(scheduler.port))
    await until('w-1:running')
    await using moved = await FakeScheduler.listen(bundle)
    moved.set('w-9')
    pool.track(targetAt(moved.port))
    expect(shown(pool.last(uid))).toBe('unasked')
    expect(await until('w-9:running')).toBe('w-9:running')
    await untilTrue(() => scheduler.clients.size === 0)
  })

  test('what is forgotten is unasked, and its connections are closed', async () => {
    pool.track(targetAt(scheduler.port))
    await until('')
    pool.forget(uid)
    expect(shown(pool.last(uid))).toBe('unasked')
    await untilTrue(() => scheduler.clients.size === 0)
  })
})

describe('retiring', () => {
  test('drained workers are seen closing at once, closed ones are gone', async () => {
    for (const name of ['w-1', 'w-2']) scheduler.set(name)
    pool.track(targetAt(scheduler.port))
    await until('w-1:running w-2:running')
    expect(await pool.drain(uid, ['w-2', 'w-none'], inTime(5_000))).toEqual(['w-2'])
    expect(await until('w-1:running w-2:closing_gracefully')).toContain('closing')
    expect(await pool.close(uid, ['w-2', 'w-none'], inTime(5_000))).toEqual(['w-2'])
    expect(await until('w-1:running')).toBe('w-1:running')
  })

  test('nobody tracked, nobody retired', async () => {
    await expect(pool.close(uid, ['w-1'], inTime(1_000))).rejects.toMatchObject({ fault: 'unreachable' })
  })
})
