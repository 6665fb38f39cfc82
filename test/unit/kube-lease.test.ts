import { describe, expect, test } from 'vitest'
import { steadyClock } from '../../src/kube/clock.ts'
import { type Lease, LeaseLost } from '../../src/kube/lease.ts'
import { record } from '../../src/lib/parse.ts'
import { leaseRoom } from '../support/lease-room.ts'

const second = 1_000

test('the first one takes it and keeps it', async () => {
  const { store, acquire, pass, metrics } = leaseRoom()
  const lease = await acquire('one')
  expect(store.spec).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 })
  await pass(120 * second)
  expect(lease.signal.aborted).toBe(false)
  expect(lease.remainingMs()).toBeGreaterThan(7 * second)
  expect(() => lease.assertHeld()).not.toThrow()
  expect(await metrics.read()).toContain('leader_election_master_status{name="operator"} 1')
})

test('its times are as Kubernetes must have them', async () => {
  const { store, acquire } = leaseRoom()
  await acquire('one')
  expect(store.spec['renewTime']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
})

describe('a second one', () => {
  test('waits while the first renews, and takes over within 17 s of its last sign of life', async () => {
    const { clock, store, acquire, pass } = leaseRoom()
    const first = await acquire('one')
    let taken: Lease | undefined
    const waiting = acquire('two').then(lease => (taken = lease))
    await pass(60 * second)
    expect(taken).toBeUndefined()
    store.trouble.set('one', 'error')
    const lost = clock.now()
    await pass(17 * second)
    expect(taken).toBeDefined()
    expect(store.spec).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 })
    // The first let go at its own deadline, before anybody else could have it.
    expect(first.signal.aborted).toBe(true)
    expect(first.deadline()).toBeLessThan(lost + 11 * second)
    await waiting
  })

  test('believes its own clock, not the times in the lease', async () => {
    const { store, acquire, pass } = leaseRoom()
    await acquire('one')
    store.trouble.set('one', 'error')
    store.edit({ renewTime: '2001-01-01T00:00:00.000000Z', acquireTime: '2001-01-01T00:00:00.000000Z' })
    let other: Lease | undefined
    const waiting = acquire('two').then(lease => (other = lease))
    await pass(14 * second)
    expect(other).toBeUndefined()
    await pass(3 * second)
    expect(other).toBeDefined()
    await waiting
  })

  test('takes a lease that was given back within two seconds', async () => {
    const { store, acquire, pass } = leaseRoom()
    const first = await acquire('one')
    let other: Lease | undefined
    const waiting = acquire('two').then(lease => (other = lease))
    await pass(5 * second)
    await first[Symbol.asyncDispose]()
    expect(store.spec).toMatchObject({ holderIdentity: '' })
    await pass(2 * second)
    expect(other).toBeDefined()
    await waiting
  })

  test('is not held off by somebody who edits notes on a dead lease', async () => {
    const { store, acquire, pass } = leaseRoom()
    await acquire('one')
    store.trouble.set('one', 'error')
    let other: Lease | undefined
    const waiting = acquire('two').then(lease => (other = lease))
    for (let at = 0; at < 17; at++) {
      store.edit({}, { annotations: { at: String(at) } })
      await pass(second)
    }
    expect(other).toBeDefined()
    await waiting
  })

  test('of two that wait, one gets it', async () => {
    const { store, acquire, pass } = leaseRoom()
    const first = await acquire('one')
    const stop = new AbortController()
    const waiting = ['two', 'three'].map(name => acquire(name, stop.signal).catch(() => undefined))
    await pass(second)
    await first[Symbol.asyncDispose]()
    await pass(10 * second)
    stop.abort(new Error('enough'))
    const got = (await Promise.all(waiting)).filter(lease => lease !== undefined)
    expect(got).toHaveLength(1)
    expect(['two', 'three']).toContain(store.spec['holderIdentity'])
  })
})

describe('a holder', () => {
  test('survives errors that are shorter than its deadline', async () => {
    const { store, acquire, pass } = leaseRoom()
    const lease = await acquire('one')
    for (const trouble of ['error', 'lost-answer', 'error'] as const) {
      store.trouble.set('one', trouble)
      await pass(6 * second)
      store.trouble.clear()
      await pass(4 * second)
    }
    expect(lease.signal.aborted).toBe(false)
  })

  test('lets go at its deadline while a renewal waits for its answer', async () => {
    const { clock, store, acquire, pass } = leaseRoom()
    const lease = await acquire('one')
    await pass(10 * second)
    store.trouble.set('one', 'silence')
    const deadline = lease.deadline()
    await pass(deadline - clock.now())
    expect(lease.signal.aborted).toBe(true)
    expect(lease.signal.reason).toBeInstanceOf(LeaseLost)
  })

  test('that was frozen knows it has lost before anything else runs', async () => {
    const { clock, acquire, pass } = leaseRoom()
    const lease = await acquire('one')
    await pass(5 * second)
    // Time goes on; none of its timers and answers has run.
    const frozen = clock.now() + 30 * second
    Object.defineProperty(clock, 'now', { value: () => frozen })
    expect(lease.remainingMs()).toBeLessThan(0)
    expect(() => lease.assertHeld()).toThrow(LeaseLost)
    expect(lease.signal.aborted).toBe(true)
  })

  test('that was robbed has lost at its next renewal, and takes nothing back', async () => {
    const { store, acquire, pass } = leaseRoom()
    const lease = await acquire('one')
    await pass(second)
    store.edit({ holderIdentity: 'thief' })
    await pass(3 * second)
    expect(lease.signal.aborted).toBe(true)
    await lease[Symbol.asyncDispose]()
    expect(store.spec['holderIdentity']).toBe('thief')
  })

  test('goes on where somebody edits or removes the lease', async () => {
    const { store, acquire, pass } = leaseRoom()
    const lease = await acquire('one')
    store.edit({}, { annotations: { note: 'kept' } })
    await pass(5 * second)
    expect(record(store.lease?.['metadata'], 'metadata')['annotations']).toEqual({ note: 'kept' })
    store.lease = undefined
    await pass(5 * second)
    expect(lease.signal.aborted).toBe(false)
    expect(store.spec['holderIdentity']).toBe('one')
  })

  test('has lost once it was given back', async () => {
    const { acquire, metrics } = leaseRoom()
    const lease = await acquire('one')
    await lease[Symbol.asyncDispose]()
    expect(lease.remainingMs()).toBe(0)
    expect(() => lease.assertHeld()).toThrow(LeaseLost)
    expect(await metrics.read()).toContain('leader_election_master_status{name="operator"} 0')
  })
})

test('whoever waits can be stopped', async () => {
  const { acquire, pass } = leaseRoom()
  await acquire('one')
  const stop = new AbortController()
  const waiting = acquire('two', stop.signal)
  await pass(3 * second)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})

test('a steady clock follows whichever clock moved further, and never goes back', () => {
  let [monotonic, wall] = [100, 5_000]
  const clock = steadyClock(
    () => monotonic,
    () => wall,
  )
  const started = clock.now()
  monotonic += 10
  wall += 10
  expect(clock.now() - started).toBe(10)
  wall += 30_000
  expect(clock.now() - started).toBe(30_010)
  wall -= 3_600_000
  monotonic += 5
  expect(clock.now() - started).toBe(30_015)
})
