import { describe, expect, test } from 'vitest'
import { installationId, launchId, machineId, scope } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { type Next, Passes } from '../../src/reconcile/pass.ts'
import { type Desk, type Report, type Seen, StaleWrite, UnclearWrite } from '../../src/reconcile/ports.ts'
import { aCluster, aScheduler, aWorld, now, type Wanted } from '../support/a-world.ts'

const call = { signal: new AbortController().signal }
const ours = installationId('ours')
const here = scope('simulated')

interface Scene extends Wanted {
  readonly seen?: Partial<Seen>
  readonly inventory?: World['inventory']
  readonly certificates?: World['certificates']
  /** Whether lists show the address: at once when it is made, or never. */
  readonly address?: 'shown' | 'hidden'
  /** What publishing throws. */
  readonly refusal?: Error
  /** Which writes of launches fail, counted from 1. */
  readonly lostWrites?: readonly number[]
  /** What the scheduler tells; nobody asks it unless given. */
  readonly scheduler?: World['scheduler']
  /** What it says when it is asked once more before the cluster is put to sleep. */
  readonly confirmIdle?: () => Promise<void>
}

const nothing = async (): Promise<void> => undefined

/** One resource, looked at by passes whose hands change nothing but it. */
function aDesk({ seen, inventory, certificates, address, refusal, lostWrites = [], ...rest }: Scene) {
  const { scheduler, confirmIdle, ...wanted } = rest
  const cluster = aCluster(wanted)
  const world = aWorld(wanted)
  const state = { now, writes: 0, reports: [] as Report[], lists: 0, sent: 0, recorded: 0, isReserved: false }
  let resource: Seen = {
    cluster,
    resourceVersion: '1',
    hasFinalizer: true,
    finalizers: [],
    placement: { installation: ours, scope: here },
    ledger: { uid: cluster.uid, seq: 1 },
    launches: [],
    status: { conditions: [] },
    ...seen,
  }
  const change = (next: Partial<Seen>): Seen => (resource = { ...resource, ...next })
  const listed = (): World['inventory'] => {
    if (inventory !== undefined || world.inventory.kind !== 'seen') return inventory ?? world.inventory
    const times = { startedAt: state.now, previousStartedAt: state.now - 500 }
    const isHidden = address !== undefined && !(address === 'shown' && state.isReserved)
    return { ...world.inventory, ...times, ...(isHidden ? { address: undefined } : {}) }
  }
  const promises = { ...world.promises, listEveryMs: { busy: 500, resting: 10_000 } }
  const desk: Desk = {
    eyes: {
      cluster: async () => ({ kind: 'seen', seen: resource }),
      certificates: async () => certificates ?? world.certificates,
      inventory: async () => ({ scope: here, view: listed(), promises }),
      attend: () => undefined,
      scheduler: () => scheduler ?? { kind: 'unasked' },
    },
    hands: {
      confirm: nothing,
      stampLedger: async (_seen, seq) => change({ ledger: { uid: cluster.uid, seq } }),
      confirmIdle: confirmIdle ?? nothing,
      fallAsleep: async (_seen, since) =>
        change({ cluster: { ...cluster, phase: 'suspended', sleep: { kind: 'asleep', since } } }),
      wakeUp: async () => resource,
      deleteCluster: nothing,
      enrol: async () => change({ hasFinalizer: true }),
      release: nothing,
      writeLaunches: async (_seen, { launches, seq }) => {
        state.recorded += 1
        if (lostWrites.includes(state.recorded)) throw new UnclearWrite('500')
        return change({ launches, ledger: { uid: cluster.uid, seq } })
      },
      issueCertificates: nothing,
      removeCertificates: nothing,
      prepare: async () => ({
        scope: here,
        offerings: [''],
        hash: '',
        send: async () => [machineId(`i-${state.sent++}`)],
      }),
      console: async () => '',
      terminate: nothing,
      reserveAddress: async () => {
        state.isReserved = true
        return { internal: { host: '', port: 1 }, external: { host: '', port: 1 } }
      },
      releaseAddress: nothing,
      drain: async () => [],
      close: async () => [],
      publish: async (_subject, status, _call, held) => {
        state.writes += 1
        if (refusal !== undefined) throw refusal
        if (held !== undefined) state.recorded += 1
        if (held !== undefined && lostWrites.includes(state.recorded)) throw new UnclearWrite('500')
        change({ status, ...(held && { launches: held.launches }) })
      },
      report: (_subject, event) => void state.reports.push(event),
      measure: () => undefined,
      forget: () => undefined,
    },
    clock: { now: () => state.now },
    installation: ours,
    joinLimitMs: 900_000,
    newLaunchId: () => launchId('0000000000000001'),
    log: () => undefined,
  }
  const passes = new Passes(desk)
  return {
    state,
    get resource() {
      return resource
    },
    /** So many passes, each when the one before asked for it. */
    async run(count: number): Promise<readonly Next[]> {
      const results: Next[] = []
      for (let pass = 0; pass < count; pass++) {
        const next = await passes.run(cluster.key, call)
        results.push(next)
        state.now += next.kind === 'again' ? next.afterMs : 1_000
      }
      return results
    },
  }
}

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
    scheduler: { kind: 'answering', id: 'x', workers: [], idleness: { kind: 'idle', since: now - 1e9 } },
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

  test('does not put to sleep whom somebody has come to meanwhile', async () => {
    const desk = aDesk({ ...idle, confirmIdle: () => Promise.reject(new StaleWrite('used')) })
    const results = await desk.run(5)
    expect(results.filter(({ kind }) => kind === 'retry').length).toBeGreaterThan(1)
    expect(desk.resource.cluster.sleep.kind).toBe('awake')
  })
})
