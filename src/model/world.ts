import type { CertificatesView } from './certificates.ts'
import type { Cluster } from './cluster.ts'
import type { Fault } from './faults.ts'
import type { Launch } from './launch.ts'
import type { KeptAddress, KeptNetwork, Machine } from './machine.ts'
import type { Fingerprint, LaunchId, MachineId } from './names.ts'
import type { HeldCertificates, RenewalMemory } from './renewal.ts'
import type { ServiceView } from './service.ts'

/** One immutable look at everything a plan may depend on. It holds no secret, so it can be printed. */
export interface World {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The same by the wall clock, which may be set: for what rests on another clock's times. */
  readonly wallNow: number
  readonly cluster: Cluster
  readonly enrolment: Enrolment
  readonly certificates: CertificatesView
  readonly credentials: CredentialsView
  /** Secrets that are in use because of this cluster, as far as that was written down. */
  readonly heldSecrets: readonly string[]
  readonly inventory: InventoryView
  readonly scheduler: SchedulerView
  readonly service: ServiceView
  readonly launches: readonly Launch[]
  readonly promises: CloudPromises
  readonly memory: Memory
  /** A machine on which Dask has not come up for so long is given up. */
  readonly joinLimitMs: number
  /** Each step of a roll of the authority lasts at least so long, for clients that run on; nothing unless given. */
  readonly authorityOverlapMs?: number
  /** Who is to be let through to the scheduler from outside: whom the user allows, and the operator itself. CIDRs, sorted. */
  readonly admitted: readonly string[]
  /** Who is to be let through to its dashboard from outside. CIDRs, sorted. */
  readonly viewers: readonly string[]
  /** How its address is to be made, in a word of its cloud; undefined where that has nothing to choose. */
  readonly network: string | undefined
  /** Whether the operator's configuration says where it comes from. */
  readonly namesOperator: boolean
  /** Whether all wanted workers once answered since the cluster was launched or woken. */
  readonly hasServed: boolean
}

/** How far this cluster has been taken into the operator's care. */
export type Enrolment =
  /** No finalizer yet: nothing that costs money may be made. */
  | { readonly kind: 'new'; readonly stamped: boolean }
  /** In care; the ledger's last number is `seq`. */
  | { readonly kind: 'enrolled'; readonly seq: number }
  /** In care, but its status was lost or is another cluster's: adopt, create nothing and let nothing go until the horizon. */
  | { readonly kind: 'lost'; readonly since: number }
  /** Another installation of the operator has it. */
  | { readonly kind: 'foreign'; readonly installation: string }
  /** The cluster is being deleted and this operator has nothing to do with it any more. */
  | { readonly kind: 'released' }

/** What lets the operator into the cluster's cloud. It shows nothing of what is inside. */
export type CredentialsView =
  /** The cloud asks for none. */
  | { readonly kind: 'unneeded' }
  /** `secret` is undefined for the operator's own identity; a Secret is held while it carries our finalizer. */
  | {
      readonly kind: 'ready'
      readonly secret: string | undefined
      /** Another one with every change of the Secret. */
      readonly version: string
      readonly isHeld: boolean
    }
  /** A person has to change something. */
  | { readonly kind: 'refused'; readonly reason: string; readonly problem: string }
  /** The Secret could not be read. */
  | { readonly kind: 'silent'; readonly problem: string }

export type InventoryView =
  /** No complete list could be had yet, or the last tries failed; `untried` while the first one has not ended. */
  | { readonly kind: 'silent'; readonly problem: string; readonly fault: Fault; readonly untried?: true }
  | InventorySeen

export interface InventorySeen {
  readonly kind: 'seen'
  /** This cluster's machines in either of the last two complete lists, as the newer one has them, and those that are `missing`. */
  readonly machines: readonly Machine[]
  /** How many of them are shown as they were last seen, since lists miss too many machines at once to be believed. */
  readonly missing: number
  /** Every machine of this cluster that any list has shown this process. */
  readonly listed: ReadonlySet<MachineId>
  /** The scheduler's kept address, where it has been made. */
  readonly address: KeptAddress | undefined
  /** What has been made of its network, in a cloud that keeps no address. */
  readonly network?: KeptNetwork | undefined
  /** Whether anything else of the cluster is left in the cloud: part of an address, a firewall group. */
  readonly remains: boolean
  /** When the newest complete list began. */
  readonly startedAt: number
  /** When the one before it began, or -Infinity. What is in neither is gone. */
  readonly previousStartedAt: number
}

/** What was made before the first machine, with an address in it or without. */
export const networkIn = ({ address, network }: InventorySeen): KeptNetwork | undefined => address ?? network

export type SchedulerView =
  | { readonly kind: 'unasked' }
  /**
   * `unreached`: nobody there even took the connection, or said no to it: it may be the way there that is not open.
   * `expired`: its certificate has ended, so that nobody can connect to it any more.
   */
  | {
      readonly kind: 'silent'
      readonly problem: string
      readonly unreached?: true
      readonly expired?: true
    }
  | {
      readonly kind: 'answering'
      /** New with every scheduler process. */
      readonly id: string
      readonly workers: readonly DaskWorker[]
      readonly idleness: Idleness
      /** Of the scheduler's own machine. */
      readonly boot?: BootTimes | undefined
      readonly holds?: HeldCertificates | undefined
      /** Nothing runs there and nobody has a certificate. */
      readonly isPlayed?: true
    }

/** Whether anybody uses a scheduler, at the moment it is asked: a task that runs or waits, or a client that is connected. */
export type Use =
  /** Nobody has asked, or it could not tell. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'busy' }
  /** `since` is the scheduler's own time of its last task, in milliseconds since the epoch: another one is another idleness. */
  | { readonly kind: 'idle'; readonly since: number }

/** What was seen of that by who asks again and again. */
export type Idleness =
  | Extract<Use, { kind: 'unknown' | 'busy' }>
  /**
   * `seenSince` is when this process first saw it so, by a clock of its own, and nothing else since: a client that comes
   * and goes, or a scheduler that is silent for a while, leaves no mark in the scheduler's own time.
   */
  | (Extract<Use, { kind: 'idle' }> & { readonly seenSince: number })

/** A worker as the scheduler tells of it. */
export interface DaskWorker {
  readonly name: string
  readonly status: string
  /** Tasks that run now; undefined until the first heartbeat has told. */
  readonly executing: number | undefined
  readonly threads: number
  /** Of its machine, where that told. */
  readonly boot?: BootTimes | undefined
  readonly holds?: HeldCertificates | undefined
}

/** How long a machine took to come up, as it says itself, in seconds: each from the end of the one before. */
export interface BootTimes {
  /** From its files at its first boot until its software was there. */
  readonly installed: number
  /** Until Dask was up. */
  readonly up: number
}

/** What a cloud promises, as far as a plan depends on it. */
export interface CloudPromises {
  /** The longest time after which a create that nobody answered may still make machines, or lists may still hide them. */
  readonly horizonMs: number
  /** The most machines that one launch may ask for. */
  readonly maxBatch: number
  /** Where false, workers learn the scheduler's address from its machine: they come after it, and go with it. */
  readonly stableAddress: boolean
  /** No address is kept, but a firewall is made before the first machine. */
  readonly keepsNetwork?: true
  /** The address keeps its scheduler to a part of the cloud that may run out of machines; another one can be made elsewhere. */
  readonly movesAddress?: true
}

/** What this process has done or seen lately. A crash forgets it, and nothing may rest on it but patience. */
export interface Memory {
  /** When this process first saw this cluster. */
  readonly since: number
  /** Machines this process asked the cloud to end, and when it last asked. */
  readonly terminated: ReadonlyMap<MachineId, number>
  /** Machines whose workers were closed by the scheduler: they may go. */
  readonly dismissed: ReadonlySet<MachineId>
  /** When each worker was asked to drain. */
  readonly draining: ReadonlyMap<MachineId, number>
  /** When each worker was to be closed by the scheduler, for the first time. */
  readonly closing: ReadonlyMap<MachineId, number>
  /** Since when the scheduler has been silent, or undefined while it is not. */
  readonly silentSince: number | undefined
  /** Since when nobody has used the cluster as it is asked for now, as far as this process saw; undefined while somebody does. */
  readonly idleSince: number | undefined
  /** Since when Dask has been missing on a living machine, as far as somebody was there who would know. */
  readonly unjoined: ReadonlyMap<MachineId, number>
  readonly launches: ReadonlyMap<LaunchId, LaunchMemory>
  readonly pauses: ReadonlyMap<string, Pause>
  /** What became of the last try to renew a machine's certificates while it runs. */
  readonly renewals: ReadonlyMap<MachineId, RenewalMemory>
  /** The highest number of the written ledger that this process has seen. */
  readonly seq: number
  /** When this process last changed something in the cloud for this cluster. */
  readonly lastCloudWrite: number
  /** Since when an address may be on its way of which nobody has heard, or undefined where none can be. */
  readonly reservingSince: number | undefined
}

export interface LaunchMemory {
  /** When this process first saw the record or last heard back from sending it, whichever is later. */
  readonly quietSince: number
  readonly verdict: Verdict
}

export type Verdict =
  /** Written by this process and not sent. */
  | 'unsent'
  /** Sent by this process only, and refused for certain each time. */
  | 'refused'
  /** The cloud may have heard of it. */
  | 'unclear'
  /** The cloud may have heard of it, and must not hear of it again: only looked for. */
  | 'spent'
  /** Certainly nothing was made of it, and nothing ever will be. */
  | 'void'

/** A group's creation rests until `until`, because of `fault`. */
export interface Pause {
  readonly until: number
  readonly attempts: number
  readonly fault: Fault
  readonly problem: string
  /** What was asked for when it failed: a change of it ends the pause. */
  readonly fingerprint: Fingerprint
  /** Since it began, the scheduler's address was made elsewhere. */
  readonly isMoved?: true
}
