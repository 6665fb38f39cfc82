import { describe, expect, test } from 'vitest'
import { installationId, scope } from '../../src/model/names.ts'
import type { Next } from '../../src/reconcile/pass.ts'
import { StaleWrite } from '../../src/reconcile/ports.ts'
import { aScheduler, aWorld, now } from '../support/a-world.ts'
import { aDesk, here, ours, type Scene } from '../support/pass-desk.ts'

const soonest = (results: readonly Next[]): number =>
  Math.min(...results.map(next => (next.kind === 'again' ? next.afterMs : Infinity)))

describe('a pass', () => {
  test('leaves another installation’s cluster alone, and says so once', async () => {
    const placement = { installation: installationId('theirs'), scope: here }
    const desk = aDesk({ seen: { placement } })
    expect(soonest(await desk.run(3))).toBeGreaterThan(1_000)
    expect([desk.state.writes, desk.state.reports.map(({ reason }) => reason)]).toEqual([
      0,
      ['ForeignInstallation'],
    ])
  })

  test('whose status is not taken comes again after the queue’s growing pause', async () => {
    const desk = aDesk({ refusal: new StaleWrite('409') })
    const results = await desk.run(4)
    expect(results.filter(({ kind }) => kind === 'retry').length).toBeGreaterThan(1)
    expect(desk.state.writes).toBeLessThan(5)
  })

  test('whose step nobody shows yet does not run in circles', async () => {
    const inventory = {
      kind: 'seen',
      machines: [],
      listed: new Set<never>(),
      address: undefined,
      missing: 0,
      remains: false,
      startedAt: now,
      previousStartedAt: now,
    } as const
    const certificates = { kind: 'valid', notAfter: now + 9_000_000, renewAt: now + 8_000_000 } as const
    const desk = aDesk({ phase: 'deleting', inventory, certificates })
    const results = await desk.run(10)
    expect(results.filter(next => next.kind === 'again' && next.afterMs === 0).length).toBeLessThanOrEqual(1)
    expect(results.filter(({ kind }) => kind === 'retry').length).toBeGreaterThan(5)
  })

  test('does not ask the cloud again where it was the writing of its answer that failed', async () => {
    const desk = aDesk({ replicas: 0, lostWrites: [2, 3], seen: { launches: [] } })
    await desk.run(5)
    expect(desk.state.sent).toBe(1)
    expect(desk.resource.launches?.map(({ state }) => state)).toMatchObject([
      { kind: 'accepted', machines: ['i-0'] },
    ])
  })

  test('goes on at once, without a status in between, where the list shows the address that it made', async () => {
    const desk = aDesk({ address: 'shown' })
    expect(await desk.run(1)).toEqual([{ kind: 'again', afterMs: 0 }])
    expect(desk.state.writes).toBe(0)
  })

  test('comes again after a growing pause, and says how it is, where no list shows it', async () => {
    const desk = aDesk({ address: 'hidden' })
    expect(await desk.run(3)).toEqual(Array.from({ length: 3 }, () => ({ kind: 'retry' })))
    expect(desk.state.writes).toBe(1)
  })

  test('finds its way out of launch records that nobody can read, after the horizon', async () => {
    const desk = aDesk({ phase: 'suspended', seen: { launches: undefined } })
    await desk.run(2)
    expect(desk.resource.launches).toBeUndefined()
    await desk.run(700)
    expect(desk.resource.launches).toEqual([])
    expect(desk.resource.ledger?.seq).toBe(1)
  })

  test('does not run in circles over a renewal that a deleted cluster will never see', async () => {
    const silent = { kind: 'silent', problem: 'no', fault: 'unauthorized' } as const
    const certificates = { kind: 'valid', notAfter: now + 1_000, renewAt: now - 1_000 } as const
    const desk = aDesk({ phase: 'deleting', inventory: silent, certificates })
    expect(soonest(await desk.run(10))).toBeGreaterThanOrEqual(500)
  })

  test('makes nothing and ends nothing where the cloud shows another account', async () => {
    const desk = aDesk({
      replicas: 2,
      seen: { placement: { installation: ours, scope: scope('elsewhere') } },
    })
    await desk.run(5)
    expect(desk.resource.launches).toEqual([])
    const stalled = desk.resource.status.conditions.find(({ type }) => type === 'Stalled')
    expect(stalled?.message).toContain('elsewhere')
  })

  const idle: Scene = {
    lifetime: { idleTimeoutMs: 60_000 },
    inventory: aWorld({ machines: [aScheduler()] }).inventory,
    scheduler: {
      kind: 'answering',
      id: 'x',
      workers: [],
      idleness: { kind: 'idle', since: now - 1e9, seenSince: 0 },
    },
    seen: { status: { conditions: [], readySince: '2025-12-31T00:00:00Z' } },
  }

  test('counts idleness from its own first sight of it, and wakes for each turn', async () => {
    const desk = aDesk(idle)
    await desk.run(1)
    expect(desk.state.now - now).toBe(30_000)
    expect(desk.resource.cluster.sleep.kind).toBe('awake')
    await desk.run(1)
    expect(desk.state.now - now).toBe(60_000)
    await desk.run(1)
    expect(desk.resource.cluster.sleep).toEqual({ kind: 'asleep', since: now + 60_000 })
  })

  test('counts anew where somebody came and went while no pass could look', async () => {
    const scheduler = {
      kind: 'answering' as const,
      id: 'x',
      workers: [],
      idleness: { kind: 'idle' as const, since: now - 1e9, seenSince: 0 },
    }
    const desk = aDesk({ ...idle, scheduler })
    await desk.run(2)
    scheduler.idleness = { ...scheduler.idleness, seenSince: 59_000 }
    await desk.run(1)
    expect(desk.resource.cluster.sleep.kind).toBe('awake')
    expect(desk.state.now - now).toBe(90_000)
  })

  test('does not put to sleep whom somebody has come to meanwhile', async () => {
    const desk = aDesk({ ...idle, confirmIdle: () => Promise.reject(new StaleWrite('used')) })
    const results = await desk.run(5)
    expect(results.filter(({ kind }) => kind === 'retry').length).toBeGreaterThan(1)
    expect(desk.resource.cluster.sleep.kind).toBe('awake')
  })
})
