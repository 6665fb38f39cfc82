import type { Launch } from '../model/launch.ts'
import { schedulerGroup } from '../model/names.ts'
import type { BootTimes } from '../model/world.ts'
import { conditionOf, isNow, type SeenCluster, type SeenGroup } from './cluster.ts'
import type { SeenEvent } from './events.ts'
import { newsOf, type Wait, waitsOf } from './waiting.ts'
import type { Crew, Worker } from './workers.ts'

/** What was found out, or why it was not. */
export type Look<T> =
  | { readonly kind: 'seen'; readonly seen: T }
  | { readonly kind: 'unseen'; readonly problem: string }

export interface Sight {
  readonly cluster: SeenCluster
  readonly crew: Look<Crew>
  readonly events: Look<readonly SeenEvent[]>
}

/** How far machines have come, as launches, counts and Dask tell it together. */
export type Stage =
  /** The cloud is asked for it. */
  | 'asked'
  /** The cloud made it, and no list shows it yet. */
  | 'made'
  /** Nobody knows whether the cloud made it. */
  | 'unclear'
  /** It starts or runs; Dask has not joined. */
  | 'starting'
  | 'joined'

export interface MachineRow {
  /** Of Dask; undefined for machines that are known by their number alone. */
  readonly name: string | undefined
  readonly group: string | undefined
  readonly count: number
  readonly stage: Stage
  readonly boot: BootTimes | undefined
  readonly worker: Worker | undefined
  /** When its stage began, where anybody knows. */
  readonly since: number | undefined
}

/** All that `describe` tells, as it is printed for programs. */
export interface Description {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly createdAt: string
  readonly cloud: string | undefined
  readonly phase: 'deleting' | 'asleep' | 'ready' | 'not-ready'
  readonly ready: { readonly status: string; readonly reason: string; readonly message: string }
  readonly certificates: {
    readonly mode: string
    readonly reason: string
    readonly message: string
    readonly notAfter: string | undefined
    readonly renewAt: string | undefined
    readonly secret: string | undefined
  }
  readonly scheduler: {
    readonly status: string
    readonly reason: string
    readonly message: string
    readonly address: string | undefined
    readonly internalAddress: string | undefined
    readonly dashboard: string | undefined
  }
  readonly groups: readonly SeenGroup[]
  readonly machines: readonly MachineRow[]
  readonly waitsFor: readonly Wait[]
  readonly news: readonly Wait[]
  readonly events: readonly SeenEvent[]
  /** What could not be looked at, and why. */
  readonly unseen: readonly { readonly what: string; readonly problem: string }[]
}

const mostEvents = 8

export function describeCluster({ cluster, crew, events }: Sight): Description {
  const { status, name, namespace, uid, createdAt, tlsMode, groups } = cluster
  const certificates = verdictOf(cluster, 'CertificatesReady')
  const waitsFor = waitsOf(cluster)
  return {
    name,
    namespace,
    uid,
    createdAt,
    cloud: status.cloud,
    phase: phaseOf(cluster),
    ready: verdictOf(cluster, 'Ready'),
    certificates: {
      mode: tlsMode,
      reason: tlsMode === 'Disabled' ? 'Disabled' : certificates.reason,
      message: certificates.message,
      notAfter: status.certificates?.notAfter,
      renewAt: status.certificates?.renewAt,
      secret: status.clientSecretName,
    },
    scheduler: {
      ...verdictOf(cluster, 'SchedulerReady'),
      address: status.schedulerAddress,
      internalAddress: status.internalSchedulerAddress,
      dashboard: status.dashboardURL,
    },
    groups,
    machines: machinesOf(cluster, crew),
    waitsFor,
    // What is waited for is no news under another name.
    news: newsOf(cluster).filter(({ message }) => waitsFor.every(wait => wait.message !== message)),
    events: events.kind === 'seen' ? events.seen.slice(-mostEvents) : [],
    unseen: [
      ...(crew.kind === 'unseen' ? [{ what: 'workers', problem: crew.problem }] : []),
      ...(events.kind === 'unseen' ? [{ what: 'events', problem: events.problem }] : []),
      ...(cluster.launches === undefined
        ? [{ what: 'launches', problem: 'status.launches cannot be read' }]
        : []),
    ],
  }
}

function phaseOf(cluster: SeenCluster): Description['phase'] {
  if (cluster.isDeleting) return 'deleting'
  if (cluster.isAsleep) return 'asleep'
  return isNow(cluster, 'Ready') ? 'ready' : 'not-ready'
}

function verdictOf({ status }: SeenCluster, type: string) {
  const found = conditionOf(status, type)
  return found === undefined
    ? { status: 'Unknown', reason: 'Pending', message: '' }
    : { status: found.status, reason: found.reason, message: found.message }
}

/** Those that Dask knows by name, and the others by their number: what the cloud calls them is the operator's business. */
function machinesOf(cluster: SeenCluster, crew: Look<Crew>): readonly MachineRow[] {
  const launched = (cluster.launches ?? []).map(launchRow).filter(({ count }) => count > 0)
  const starting = cluster.groups
    .map(({ name, machines, ready }) => row({ group: name, count: machines - ready, stage: 'starting' }))
    .filter(({ count }) => count > 0)
  if (crew.kind === 'unseen') return [...launched, ...starting]
  const { boot, startedAt, workers } = crew.seen
  const only = cluster.groups.length === 1 ? cluster.groups[0]?.name : undefined
  return [
    row({ name: 'scheduler', group: schedulerGroup, stage: 'joined', boot, since: startedAt }),
    ...workers.map(worker =>
      row({ name: worker.name, group: only, stage: 'joined', boot: worker.boot, worker }),
    ),
    ...launched,
    ...starting,
  ]
}

const row = (known: Partial<MachineRow> & Pick<MachineRow, 'stage'>): MachineRow => ({
  name: undefined,
  group: undefined,
  count: 1,
  boot: undefined,
  worker: undefined,
  since: undefined,
  ...known,
})

function launchRow({ group, count, state, recordedAt }: Launch): MachineRow {
  switch (state.kind) {
    case 'open':
      return row({ group, count, stage: 'asked', since: recordedAt })
    case 'accepted':
      return row({ group, count: state.machines.length, stage: 'made', since: state.at })
    case 'unknown':
    case 'forgotten':
      return row({ group, count, stage: 'unclear', since: state.since })
    default:
      return state satisfies never
  }
}
