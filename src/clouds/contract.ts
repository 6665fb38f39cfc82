import type { Call } from '../lib/call.ts'
import type { Exposure, Purchasing } from '../model/cluster.ts'
import type { KeptAddress, Machine, ReservedAddress, ReservedNetwork } from '../model/machine.ts'
import type {
  ClusterKey,
  ClusterUid,
  Fingerprint,
  InstallationId,
  LaunchId,
  MachineId,
  Role,
  Scope,
} from '../model/names.ts'
import type { Renewal } from '../model/renewal.ts'
import type { CloudPromises, SchedulerView, Use } from '../model/world.ts'
import type { MachineIdentity } from './machine-identities.ts'
import type { Rehearsals, RehearsalWish } from './rehearsing.ts'

export type { Rehearsals, RehearsalWish } from './rehearsing.ts'

/**
 * What a cloud does for the operator, and what it promises. `test/contract/suite.ts` holds every cloud to it.
 *
 * - Every call ends when its signal does, and throws nothing but a `CloudError`.
 * - Only machines and addresses of this installation are listed or ended; a stranger's are never touched.
 * - Repeating any call is safe: a launch by its token, an end of what is gone, a release of what was released.
 */
export interface Cloud {
  readonly name: string
  /** What one list can truly see; clusters of one scope share its lists. */
  readonly scope: Scope
  readonly promises: CloudPromises & {
    /** At least this long between two lists while something changes, and at most at rest. */
    readonly listEveryMs: { readonly busy: number; readonly resting: number }
    /** The largest user data the cloud takes, in bytes before any encoding. */
    readonly maxUserDataBytes: number
    /** The user data is compressed before it is counted. */
    readonly compressesUserData?: boolean
    /**
     * Machines hear of their end from this kind of metadata service, and a machine that powers itself off ends, or is
     * listed as stopped from then on.
     */
    readonly metadata?: 'ec2' | 'gce' | 'azure' | 'digitalocean'
    /** Tasks may ask that service, since the user has given the machines an identity that it hands out. */
    readonly opensMetadata?: boolean
    /** The cloud ends a machine by itself when `LaunchRequest.endsAt` has come. */
    readonly endsMachines?: boolean
    /** A create may take this long to answer. */
    readonly launchMs: number
    /** What is made and taken away of a network may take so long, and what is looked up before a launch; 30 and 10 s unless given. */
    readonly networkMs?: number
    readonly offeringsMs?: number
  }
  /** Everything of this installation in the scope, all pages, or it throws: an incomplete list is never returned. */
  list(call: Call): Promise<Listing>
  /**
   * Starts up to `count` machines with one request. The same token always means the same machines: sent again it
   * returns those, and makes none beside them. A machine made carries all its tags from its first moment.
   */
  launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer>
  /** Asks for machines to end. Returns when the cloud has taken the request, not when they have ended. */
  terminate(machines: readonly MachineId[], call: Call): Promise<void>
  /**
   * What a group may be launched as, in the order it is tried and with everything resolved: a record holds it, so that
   * the same request can be sent again. Never empty. Where a cloud's kind says it by the settings alone, it has none.
   */
  offerings?(wish: MachineWish, call: Call): Promise<readonly string[]>
  /**
   * Makes the scheduler's address with the firewall in front of it, or corrects what there is of both. Where
   * `promises.keepsNetwork`, the firewall alone. Where there is no elsewhere for `insteadOf`, it stays. It lists what it returns.
   */
  reserveAddress(wish: NetworkWish, call: Call): Promise<ReservedAddress | ReservedNetwork>
  /** How an address is made that is as wished, to compare with the `network` of a kept one; undefined where there is nothing to choose. */
  networkFor?(wish: Pick<NetworkWish, 'exposure'>): string
  /** Gives the address or the network back once its machines are gone, and whatever else was made for the cluster. */
  releaseAddress(owner: ClusterUid, call: Call): Promise<void>
  /** The end of what a machine's console says, where the cloud keeps one. */
  console?(machine: MachineId, call: Call): Promise<string>
  /** Asks whether the cloud knows its credentials, where a list by another may stand in for theirs. It needs no right. */
  prove?(call: Call): Promise<void>
  /** What can be looked at of machines as wished, one thing at a time and without making any. */
  rehearsals?(wish: RehearsalWish): Rehearsals
  /** A cloud that plays its machines plays their schedulers too; everywhere else Dask itself is asked. */
  readonly schedulers?: Schedulers
  close(): Promise<void>
}

/** How schedulers are asked: the pool's small interface. */
export interface Schedulers {
  /** The last answer, at once. Polling begins with the first question and ends with `forget`. */
  view(uid: ClusterUid): SchedulerView
  /** Whether anybody uses it at this moment: asked now, whatever was said last. */
  idleness(uid: ClusterUid, call: Call): Promise<Use>
  /** Asks workers to hand over and close gracefully; returns the machines whose workers will. */
  drain(uid: ClusterUid, machines: readonly MachineId[], call: Call): Promise<readonly MachineId[]>
  /** Has workers closed; returns the machines whose workers were. */
  close(uid: ClusterUid, machines: readonly MachineId[], call: Call): Promise<readonly MachineId[]>
  /** Gives machines of one role new certificates while they run; undefined where nobody has any. */
  renew?(uid: ClusterUid, wish: RenewalWish, call: Call): Promise<ReadonlyMap<MachineId, Renewal>>
  forget(uid: ClusterUid): void
}

export interface RenewalWish {
  readonly role: Role
  readonly machines: readonly MachineId[]
  /** Whom they are to trust, PEM. */
  readonly ca: string
  /** A certificate for the key of a signing request, both PEM; undefined where they keep the one they have. */
  readonly certify: ((request: string) => string) | undefined
  readonly given?: HandedOver
}

/** A certificate and its key, PEM, that somebody has given; for a scheduler alone. Never logged. */
export interface HandedOver {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the certificates of which one has to be shown by whoever is given the key. */
  readonly holders: readonly string[]
}

/** Whose a machine is: the UID decides, the key is for people who look at tags. */
export interface Owner {
  readonly uid: ClusterUid
  readonly key: ClusterKey
}

export interface Listing {
  readonly machines: readonly Machine[]
  readonly addresses: readonly ReservedAddress[]
  /** Where no address is kept: what was made for clusters before their machines. */
  readonly networks?: readonly ReservedNetwork[]
  /** Owners of anything else that is there: an address half made, a firewall group. */
  readonly remains?: readonly Owner[]
  /** Machines that carry our tags and are not ours: left alone, and counted. */
  readonly strangers?: number
}

export interface MachineWish {
  readonly owner: Owner
  readonly role: Role
  /** Empty for the cloud's usual one. */
  readonly sizes: readonly string[]
  readonly purchasing: Purchasing
  /** The scheduler's, where the cloud keeps addresses. */
  readonly address: KeptAddress | undefined
}

export interface NetworkWish {
  readonly owner: Owner
  readonly exposure: Exposure
  /** Who is let through to the scheduler from outside, as CIDRs, sorted. */
  readonly admitted: readonly string[]
  /** Who is let through to its dashboard from outside, the same way; nobody unless given. */
  readonly viewers?: readonly string[]
  /** Where its scheduler cannot be had at this address, and the cloud `movesAddress`: one made elsewhere takes its place. */
  readonly insteadOf?: KeptAddress | undefined
}

export interface LaunchRequest {
  readonly token: string
  readonly launch: LaunchId
  readonly owner: Owner
  readonly role: Role
  readonly group: string
  readonly count: number
  readonly seq: number
  readonly fingerprint: Fingerprint
  readonly offering: string
  /** `#cloud-config`, the same for every machine of the launch. */
  readonly userData: string
  /** The scheduler's kept address; where none is kept, that of its machine, for workers alone. */
  readonly address: KeptAddress | undefined
  readonly exposure: Exposure
  /**
   * When the cloud itself is to delete the machines, should nobody have: RFC 3339, the same for every machine of a cluster
   * whose time to live is not changed. Only where `promises.endsMachines`, of clusters with a time to live. It may have passed.
   */
  readonly endsAt?: string | undefined
}

/** At least one machine, and fewer than asked for where capacity ran out. */
export interface LaunchAnswer {
  readonly machines: readonly MachineId[]
}

/** The decoded members of the Secret that a cluster names. */
export type SecretData = Readonly<Record<string, string>>

/** One line in the registry: how a cloud reads its part of the custom resource and is connected. */
export interface CloudKind<Settings, Credentials = undefined> {
  readonly name: string
  /** Throws a ParseError whose path begins with `path`. */
  parse(raw: unknown, path: string): Settings
  /** Of settings that do not parse, what finding a cluster's machines and ending them needs; nothing unless given. */
  essentials?(raw: unknown): unknown
  /** The offerings of a group where they follow from the settings; else the connected cloud is asked. Never empty. */
  offerings?(settings: Settings, wish: Pick<MachineWish, 'sizes' | 'purchasing'>): readonly string[]
  /** The part of the settings that a running machine must be launched anew for; it goes into the fingerprint. */
  intent(settings: Settings, role: Role): unknown
  /** The part of the settings that tells one connection from another; clusters alike in it share one. */
  connection(settings: Settings): unknown
  /** What the machines would be in the cloud, beside what the operator is there; nothing unless given. */
  identities?(settings: Settings): readonly MachineIdentity[]
  /** How its credentials are read. Throws a ParseError that names a key of the Secret and never a value. Undefined where it needs none. */
  credentials?(secret: SecretData, path: string): Credentials
  /** Without credentials, with what the operator itself has. */
  connect(settings: Settings, credentials: Credentials | undefined, context: CloudContext): Promise<Cloud>
  /** A cloud that is none: only for whom the operator was told to. */
  readonly isTrial?: true
  /** Nothing of `spec.network` has an effect on its machines. */
  readonly ignoresNetwork?: true
  /** What the operator itself may reach, with its own identity: swept whether or not a cluster uses it. `places` are what its configuration names. */
  ambient?(places: readonly string[]): readonly Settings[]
}

/** What the operator's configuration gives every cloud; nothing of it comes from a resource. */
export interface CloudContext {
  readonly installation: InstallationId
  /** Kept in the operator's own namespace: what is sealed with it is this installation's. */
  readonly sealingKey: string
  /** Where the local cloud keeps its machines. */
  readonly stateDirectory: string
  /** Where the local cloud keeps the Python environments its machines share; undefined for the user's cache. */
  readonly cacheDirectory?: string
  /** The Python of the local cloud where a cluster names none: a path, or a name on the PATH. */
  readonly localPython?: string
  /** A file in which the simulated cloud outlives the process; undefined where it need not. */
  readonly simulatedState?: string | undefined
  /** How long simulated machines start where their cluster does not say; two seconds unless given. */
  readonly simulatedStartupMs?: number
  /** How long every call to the simulated cloud takes; none unless given. */
  readonly simulatedLatencyMs?: number
  /** A file of faults that the simulated cloud plays; none unless given. */
  readonly simulatedFaults?: string | undefined
  /** What goes on all the same, for the log. */
  readonly onProblem?: (error: unknown) => void
}

/** Gives a cloud's settings their type back on the way in and lets them go untyped through the house. */
export const defineCloud = <Settings, Credentials = undefined>(
  kind: CloudKind<Settings, Credentials>,
): CloudKind<Settings, Credentials> => kind
