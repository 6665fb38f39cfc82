import type { Launch } from '../../src/model/launch.ts'
import type { Machine, MachineState } from '../../src/model/machine.ts'
import {
  clusterKey,
  clusterUid,
  fingerprint,
  launchId,
  machineId,
  type Role,
  scope,
  workerName,
} from '../../src/model/names.ts'
import type { DaskWorker, Idleness, Memory, World } from '../../src/model/world.ts'

export const now = Date.UTC(2026, 0, 1)
const uid = clusterUid('00000000-0000-4000-8000-00000000000a')
const endpoint = { host: '10.0.0.7', port: 8786 }
const addresses = { internal: endpoint, external: endpoint }
const shape = {
  sizes: [],
  purchasing: 'OnDemand',
  threads: undefined,
  memory: undefined,
  resources: {},
} as const

export interface Wanted {
  readonly replicas?: number
  readonly phase?: World['cluster']['phase']
  readonly version?: string
  readonly restart?: string
  readonly isAbandoned?: boolean
  readonly lifetime?: Partial<World['cluster']['lifetime']>
  readonly createdAt?: number
  readonly sleep?: World['cluster']['sleep']
}

export interface Seeing extends Wanted {
  readonly machines?: readonly Machine[]
  readonly launches?: readonly Launch[]
  readonly workers?: readonly DaskWorker[]
  readonly idleness?: Idleness
  readonly memory?: Partial<Memory>
  readonly world?: Partial<World>
}

export const forgetful: Memory = {
  since: now - 60_000,
  seq: 0,
  terminated: new Map(),
  dismissed: new Set(),
  draining: new Map(),
  closing: new Map(),
  silentSince: undefined,
  idleSince: undefined,
  unjoined: new Map(),
  launches: new Map(),
  pauses: new Map(),
  renewals: new Map(),
  lastCloudWrite: now - 30_000,
  reservingSince: undefined,
}

/** A cluster in care, certificates stored, address kept, listed a moment ago twice over; everything else as given. */
export function aWorld({
  machines = [],
  launches = [],
  workers,
  idleness = { kind: 'busy' },
  memory,
  world,
  ...wanted
}: Seeing = {}): World {
  return {
    now,
    wallNow: now,
    cluster: aCluster(wanted),
    enrolment: { kind: 'enrolled', seq: 1 },
    certificates: { kind: 'valid', notAfter: now + 1e9, renewAt: now + 1e8 },
    credentials: { kind: 'unneeded' },
    heldSecrets: [],
    inventory: {
      kind: 'seen',
      machines,
      listed: new Set(machines.map(({ id }) => id)),
      address: addresses,
      remains: false,
      missing: 0,
      startedAt: now - 1_000,
      previousStartedAt: now - 3_000,
    },
    scheduler:
      workers === undefined
        ? { kind: 'unasked' }
        : { kind: 'answering', id: 'Scheduler-1', workers, idleness },
    service: { kind: 'silent', problem: 'nobody has looked' },
    launches,
    promises: { horizonMs: 180_000, maxBatch: 100, stableAddress: true },
    memory: { ...forgetful, ...memory },
    joinLimitMs: 900_000,
    admitted: [],
    viewers: [],
    network: undefined,
    namesOperator: false,
    hasServed: true,
    ...world,
  }
}

export function aCluster({
  replicas = 0,
  phase = 'wanted',
  version = 'a',
  restart = '0',
  isAbandoned = false,
  lifetime,
  createdAt = now - 60_000,
  sleep = { kind: 'awake' },
}: Wanted): World['cluster'] {
  return {
    key: clusterKey('team-a', 'demo'),
    namespace: 'team-a',
    name: 'demo',
    tls: { kind: 'generated' },
    uid,
    generation: 1,
    createdAt,
    network: { exposure: 'Public', allowedCIDRs: [] },
    dashboard: { isExposed: false },
    phase,
    cloud: { name: 'simulated', settings: {} },
    credentials: undefined,
    software: { kind: 'python', pythonVersion: undefined, packages: [] },
    env: {},
    scheduler: {
      ...shape,
      name: 'scheduler',
      role: 'scheduler',
      replicas: 1,
      fingerprint: fingerprint(`v1:${version}.${restart}`),
    },
    groups: [
      { ...shape, name: 'default', role: 'worker', replicas, fingerprint: fingerprint(`v1:${version}`) },
    ],
    restart: '',
    lifetime: { idleTimeoutMs: Infinity, ttlMs: Infinity, ...lifetime },
    resume: '',
    sleep,
    isAbandoned,
  }
}

export interface Made {
  readonly role?: Role
  readonly version?: string
  readonly state?: MachineState
  readonly ageMs?: number
  readonly launch?: string
}

export function aMachine(
  id: string,
  { role = 'worker', version = 'a', state, ageMs = 60_000, launch = 'ffffffffffffffff' }: Made = {},
): Machine {
  return {
    id: machineId(id),
    owner: uid,
    key: clusterKey('team-a', 'demo'),
    role,
    group: role === 'worker' ? 'default' : 'scheduler',
    launch: launchId(launch),
    seq: 1,
    fingerprint: fingerprint(role === 'worker' ? `v1:${version}` : `v1:${version}.0`),
    createdAt: now - ageMs,
    state: state ?? { kind: 'running', addresses },
  }
}

export const aScheduler = (made: Made = {}): Machine => aMachine('s', { ...made, role: 'scheduler' })

export const aWorker = (
  id: string,
  { status = 'running', executing = 0 }: { status?: string; executing?: number } = {},
): DaskWorker => ({
  name: workerName(machineId(id)),
  status,
  executing,
  threads: 1,
})

export function aLaunch(id: string, more: Partial<Launch> = {}): Launch {
  return {
    id: launchId(id),
    owner: uid,
    generation: 1,
    scope: scope('simulated'),
    role: 'worker',
    group: 'default',
    count: 1,
    fingerprint: fingerprint('v1:a'),
    seq: 1,
    offerings: ['any'],
    offering: 0,
    requestHash: 'hash',
    recordedAt: now - 10_000,
    state: { kind: 'open' },
    ...more,
  }
}
