import { installationId, launchId, machineId, scope } from '../../src/model/names.ts'
import type { World } from '../../src/model/world.ts'
import { type Next, Passes } from '../../src/reconcile/pass.ts'
import { type Desk, type Report, type Seen, UnclearWrite } from '../../src/reconcile/ports.ts'
import { aCluster, aWorld, now, type Wanted } from './a-world.ts'

const call = { signal: new AbortController().signal }
export const ours = installationId('ours')
export const here = scope('simulated')

export interface Scene extends Wanted {
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
export function aDesk({ seen, inventory, certificates, address, refusal, lostWrites = [], ...rest }: Scene) {
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
      service: async () => world.service,
      credentials: async () => world.credentials,
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
      holdCredentials: async (_seen, secret) =>
        change({ heldSecrets: [...(resource.heldSecrets ?? []), secret] }),
      dropCredentials: async (_seen, secrets) =>
        change({ heldSecrets: (resource.heldSecrets ?? []).filter(each => !secrets.includes(each)) }),
      writeLaunches: async (_seen, { launches, seq }) => {
        state.recorded += 1
        if (lostWrites.includes(state.recorded)) throw new UnclearWrite('500')
        return change({ launches, ledger: { uid: cluster.uid, seq } })
      },
      issueCertificates: nothing,
      removeCertificates: nothing,
      rotateCertificates: nothing,
      renewMachines: async () => new Map(),
      publishService: nothing,
      removeService: nothing,
      offerings: async () => [''],
      prepare: async () => ({
        scope: here,
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
    clock: { now: () => state.now, wall: () => state.now },
    installation: ours,
    joinLimitMs: 900_000,
    ownCIDRs: [],
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
