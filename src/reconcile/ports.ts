import type { Call } from '../lib/call.ts'
import type { RenewedPart, RotationStep } from '../model/action.ts'
import type { CertificatesView } from '../model/certificates.ts'
import type { Cluster } from '../model/cluster.ts'
import type { Launch } from '../model/launch.ts'
import type { Addresses, KeptAddress } from '../model/machine.ts'
import type {
  ClusterKey,
  ClusterUid,
  InstallationId,
  LaunchId,
  MachineId,
  Role,
  Scope,
} from '../model/names.ts'
import type { Renewal } from '../model/renewal.ts'
import type { Route, ServiceView } from '../model/service.ts'
import type { Status } from '../model/status.ts'
import type { CloudPromises, CredentialsView, InventoryView, SchedulerView } from '../model/world.ts'
import type { StageTime } from './stages.ts'

/** The resource as the API server last had it: the wish, and what was written down about it. */
export interface Seen {
  readonly cluster: Cluster
  readonly resourceVersion: string
  readonly hasFinalizer: boolean
  /** All of them, others' too. */
  readonly finalizers: readonly string[]
  /** Which installation has taken it into care; undefined before. */
  readonly placement: { readonly installation: InstallationId; readonly scope: Scope } | undefined
  readonly ledger: { readonly uid: ClusterUid; readonly seq: number } | undefined
  /** Undefined where status holds records that cannot be read: then the ledger counts as lost. */
  readonly launches: readonly Launch[] | undefined
  /** Secrets that are in use because of it; none unless given. */
  readonly heldSecrets?: readonly string[]
  readonly status: Status
}

export type Sighting =
  | { readonly kind: 'absent' }
  /** The resource cannot be understood by this version; nothing of it is touched. */
  | { readonly kind: 'invalid'; readonly subject: Subject; readonly reason: string; readonly problem: string }
  | { readonly kind: 'seen'; readonly seen: Seen }

/** Whom a status or an event is about. */
export interface Subject {
  readonly key: ClusterKey
  readonly uid: ClusterUid
  readonly generation: number
  readonly resourceVersion: string
  readonly status: Status
}

/** What a pass looks with. A failed look is a view, never an exception; nothing here waits for a machine. */
export interface Eyes {
  /** From the cache, or live where the last write's end is unclear. */
  cluster(key: ClusterKey, call: Call): Promise<Sighting>
  certificates(cluster: Cluster, call: Call): Promise<CertificatesView>
  /** By which pods know the scheduler. */
  service(cluster: Cluster, call: Call): Promise<ServiceView>
  /** Asked before the inventory, which rests on it. */
  credentials(cluster: Cluster, call: Call): Promise<CredentialsView>
  inventory(cluster: Cluster, call: Call): Promise<InventoryLook>
  /** How soon the next list is needed: `busy` while something of this cluster is under way. */
  attend(cluster: Cluster, pace: 'busy' | 'resting'): void
  /** The pool's last answer; begins to poll where nobody did yet. */
  scheduler(cluster: Cluster, address: Addresses | undefined): SchedulerView
}

export interface InventoryLook {
  /** How the cluster's address is to be made, in a word of its cloud. */
  readonly network?: string | undefined
  /** What the list can see; undefined where the cloud could not be connected. */
  readonly scope: Scope | undefined
  readonly view: InventoryView
  readonly promises: CloudPromises & {
    readonly listEveryMs: { readonly busy: number; readonly resting: number }
  }
}

/** What a pass acts with. Every method may be called twice, and throws where it did not do what it says. */
export interface Hands {
  /** Throws StaleWrite unless the API server still has the resource as it was seen. Asked before what cannot be undone. */
  confirm(seen: Seen, call: Call): Promise<void>
  stampLedger(seen: Seen, seq: number, call: Call): Promise<Seen>
  enrol(seen: Seen, call: Call): Promise<Seen>
  /** Writes down that a Secret is used because of the cluster, then makes the Secret stay for as long as it is. */
  holdCredentials(seen: Seen, secret: string, call: Call): Promise<Seen>
  /** Lets Secrets go that no other cluster uses. Undefined where the cluster has gone with them. */
  dropCredentials(seen: Seen, secrets: readonly string[], call: Call): Promise<Seen | undefined>
  release(seen: Seen, call: Call): Promise<void>
  /** Asks the scheduler itself; throws StaleWrite unless it still is as idle as it was seen. */
  confirmIdle(cluster: Cluster, scheduler: SchedulerView, call: Call): Promise<void>
  /** Writes that the cluster, as it is asked for in `seen`, sleeps; `since` in milliseconds since the epoch. */
  fallAsleep(seen: Seen, since: number, call: Call): Promise<Seen>
  /** Takes away what is written of its sleep. */
  wakeUp(seen: Seen, call: Call): Promise<Seen>
  /** Deletes the resource if it still is as it was seen; throws StaleWrite where it is not. */
  deleteCluster(seen: Seen, call: Call): Promise<void>
  writeLaunches(seen: Seen, written: Records, call: Call): Promise<Seen>
  issueCertificates(cluster: Cluster, because: string, call: Call): Promise<void>
  removeCertificates(cluster: Cluster, call: Call): Promise<void>
  /** Takes one step of a rotation in the cluster's Secrets, and mends what is wrong with them. */
  rotateCertificates(cluster: Cluster, step: RotationStep, call: Call): Promise<void>
  /** Gives running machines of one role certificates for new keys of their own, or only whom to trust. */
  renewMachines(cluster: Cluster, wish: MachineRenewal, call: Call): Promise<ReadonlyMap<MachineId, Renewal>>
  /** Makes the Service and, where it leads anywhere, its EndpointSlice, or mends what is not as it is to be. */
  publishService(cluster: Cluster, route: Route | undefined, call: Call): Promise<void>
  /** Takes away what is the cluster's of both. */
  removeService(cluster: Cluster, call: Call): Promise<void>
  /** What a group may be launched as, in the order it is tried: at least one. */
  offerings(
    cluster: Cluster,
    group: string,
    address: KeptAddress | undefined,
    call: Call,
  ): Promise<readonly string[]>
  /** Renders what a launch would send. Only a scheduler may have no address to know. */
  prepare(
    cluster: Cluster,
    draft: LaunchDraft,
    address: KeptAddress | undefined,
    call: Call,
  ): Promise<PreparedLaunch>
  /** The end of what a machine's console says, cut and free of secrets; '' where the cloud has none. Never throws. */
  console(cluster: Cluster, machine: MachineId, call: Call): Promise<string>
  terminate(cluster: Cluster, machines: readonly MachineId[], call: Call): Promise<void>
  reserveAddress(cluster: Cluster, wish: AddressWish, call: Call): Promise<unknown>
  releaseAddress(cluster: Cluster, call: Call): Promise<void>
  /** Asks workers to hand over; returns those that will. */
  drain(cluster: Cluster, machines: readonly MachineId[], call: Call): Promise<readonly MachineId[]>
  /** Has workers closed; returns those that were. */
  close(cluster: Cluster, machines: readonly MachineId[], call: Call): Promise<readonly MachineId[]>
  /**
   * Writes what differs from `subject.status` and, in the same write, the records as the pass leaves them, where it
   * changed any. `sleep` is never part of it.
   */
  publish(subject: Subject, status: Status, call: Call, held?: Records): Promise<void>
  /** Never waits and never fails. */
  report(subject: Subject, event: Report): void
  /** Stages of launches that have ended, for the metrics. */
  measure(cluster: Cluster, times: readonly StageTime[]): void
  /** The cluster is gone: whatever is kept of it in memory may go. */
  forget(key: ClusterKey, uid: ClusterUid): void
}

export interface MachineRenewal {
  readonly role: Role
  readonly part: RenewedPart
  readonly machines: readonly MachineId[]
}

export interface AddressWish {
  /** Who is let through to the scheduler from outside. */
  readonly admitted: readonly string[]
  /** Who is let through to its dashboard. */
  readonly viewers: readonly string[]
  /** The address that another one, made elsewhere, is to take the place of. */
  readonly insteadOf?: KeptAddress | undefined
}

/** Launches as status has them, and the ledger's last number. */
export interface Records {
  readonly launches: readonly Launch[]
  readonly seq: number
}

export type LaunchDraft = Pick<
  Launch,
  'id' | 'role' | 'group' | 'count' | 'seq' | 'fingerprint' | 'offering'
> & {
  /** The offering itself, as its cloud calls it. */
  readonly choice: string
}

/** A launch ready to go. It can hash and send itself and shows nobody the keys inside. */
export interface PreparedLaunch {
  readonly scope: Scope
  readonly hash: string
  send(call: Call): Promise<readonly MachineId[]>
}

export interface Report {
  readonly kind: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

/** Somebody else changed the resource since it was seen: look again. */
export class StaleWrite extends Error {
  override readonly name = 'StaleWrite'
}

/** Nobody knows whether a write to the API server was taken: look live before anything else. */
export class UnclearWrite extends Error {
  override readonly name = 'UnclearWrite'
}

export interface Clock {
  /** Never set back: what waits, waits by this. */
  now(): number
  wall(): number
}

export interface Desk {
  readonly eyes: Eyes
  readonly hands: Hands
  readonly clock: Clock
  readonly installation: InstallationId
  /** A machine on which Dask has not come up for so long is given up. */
  readonly joinLimitMs: number
  readonly authorityOverlapMs?: number
  /** Where the operator itself comes from when it asks a scheduler, as CIDRs. */
  readonly ownCIDRs: readonly string[]
  newLaunchId(): LaunchId
  /** One line per step taken. */
  log(level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string): void
}
