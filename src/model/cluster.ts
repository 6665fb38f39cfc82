import type { ClusterKey, ClusterUid, Fingerprint, Role } from './names.ts'

/** What the user asked for: the custom resource, parsed, with nothing of its wire shape left. */
export interface Cluster {
  readonly key: ClusterKey
  readonly namespace: string
  readonly name: string
  readonly uid: ClusterUid
  readonly generation: number
  /** Milliseconds since the epoch, by the API server's clock. */
  readonly createdAt: number
  /** `deleting` and `suspended` end every machine; only `deleting` ends the rest. */
  readonly phase: 'wanted' | 'suspended' | 'deleting'
  readonly cloud: CloudChoice
  /**
   * The Secret with the cloud's credentials: of its namespace, or of the operator's where a class has it (`operatorSecret`);
   * undefined for the operator's own identity.
   */
  readonly credentials: { readonly name: string } | undefined
  /** The platform's class by which it runs; undefined where it names none. */
  readonly class?: ClassView
  readonly software: Software
  readonly env: Readonly<Record<string, string>>
  readonly scheduler: Group
  /** Worker groups by name; `default` is the one that `spec.workers` describes. */
  readonly groups: readonly Group[]
  /** The value of the annotation that asks for a new scheduler, or '' where nobody asked. */
  readonly restart: string
  readonly network: Network
  readonly tls: Tls
  readonly dashboard: Dashboard
  readonly lifetime: Lifetime
  /** Stands for the value of the annotation that wakes a sleeping cluster; '' where nobody asked. */
  readonly resume: string
  /** Stand for the values of the annotations that ask for new certificates; nobody asked unless given. */
  readonly renewal?: Requested
  /** Of its own accord: `spec.suspend` is another matter. */
  readonly sleep: Sleep
  /** Somebody who may has said that its cloud is out of reach for good: its machines are not waited for. */
  readonly isAbandoned: boolean
}

/** What a class means to one cluster. */
export interface ClassView {
  readonly record: ClassRecord
  /** What was asked for since and is not let be: it runs on as it was accepted. */
  readonly refusal?: { readonly reason: string; readonly problem: string } | undefined
  /** What the class, as it is now, would make of it and does not. */
  readonly pending?: { readonly reason: string; readonly problem: string } | undefined
}

/** By what a cluster runs: written to its status before anything is made, so that a change of the class changes nothing. */
export interface ClassRecord {
  readonly name: string
  readonly generation: number
  /** The class's spec, as the API server had it. */
  readonly spec: Readonly<Record<string, unknown>>
  /** The cluster's own spec, as it was last let be. */
  readonly accepted: Readonly<Record<string, unknown>>
}

export interface Network {
  /** Whether the scheduler has an address that the internet reaches. */
  readonly exposure: Exposure
  /** Who may reach it there, beside the operator: ranges of addresses as the cloud would write them, sorted. */
  readonly allowedCIDRs: readonly string[]
}

/** Where the cluster's certificates come from. */
export type Tls =
  /** An authority of its own, which the operator keeps. */
  | { readonly kind: 'generated' }
  /** Secrets of its namespace, by name. */
  | { readonly kind: 'provided'; readonly secrets: Readonly<Record<Bearer, string>> }
  | { readonly kind: 'issuer'; readonly issuer: IssuerRef }
  /** Plain TCP, and nobody is asked who they are. */
  | { readonly kind: 'disabled' }

/** Whom a certificate is for. */
export type Bearer = Role | 'client'

/** An issuer of cert-manager, as its resources name one. */
export interface IssuerRef {
  readonly name: string
  readonly kind: string
  readonly group: string
}

export interface Dashboard {
  /** Whether those who are admitted reach it from outside, by mutual TLS. */
  readonly isExposed: boolean
  /** What the scheduler's fingerprint would be if it were the other way round. */
  readonly otherwise?: Fingerprint
}

export type Exposure = 'Public' | 'Private'

/** How machines are paid for: `SpotOrOnDemand` takes spot machines while there are any. */
export type Purchasing = 'OnDemand' | 'Spot' | 'SpotOrOnDemand'

/** In milliseconds; Infinity where there is no limit. */
export interface Lifetime {
  /** Without a task or a connected client, until the cluster goes to sleep. */
  readonly idleTimeoutMs: number
  /** From its creation until it is deleted. */
  readonly ttlMs: number
}

/** '' where nobody asked. */
export interface Requested {
  readonly leaves: string
  readonly authority: string
}

export type Sleep =
  | { readonly kind: 'awake' }
  | { readonly kind: 'asleep'; readonly since: number }
  /** It has been asked for again since: what is written of its sleep is out of date. */
  | { readonly kind: 'woken' }

/** One cloud, with settings that only its own folder can read. */
export interface CloudChoice {
  readonly name: string
  readonly settings: unknown
}

export type Software = (PythonSoftware | ImageSoftware) & Extras

export interface PythonSoftware {
  readonly kind: 'python'
  /** `3.12`, or undefined for the interpreter the machine has. */
  readonly pythonVersion: string | undefined
  /** Requirements as pip reads them (`dask==2026.8.0`), in the user's order. */
  readonly packages: readonly string[]
}

export interface ImageSoftware {
  readonly kind: 'image'
  /** A reference that names its registry: `ghcr.io/dask/dask:2026.8.0-py3.13`. */
  readonly image: string
}

/** What a machine has and does before its software is there; left out where it is nothing. */
export interface Extras {
  readonly files?: readonly UserFile[]
  /** For /bin/sh, as root, in this order, each once a boot. */
  readonly setup?: readonly string[]
}

export interface UserFile {
  readonly path: string
  /** Four octal digits. */
  readonly mode: string
  readonly content: string
}

/** The scheduler's group among them. */
export const groupsOf = ({ scheduler, groups }: Pick<Cluster, 'scheduler' | 'groups'>): readonly Group[] => [
  scheduler,
  ...groups,
]

export const groupNamed = (cluster: Pick<Cluster, 'scheduler' | 'groups'>, name: string): Group | undefined =>
  groupsOf(cluster).find(each => each.name === name)

/** Machines of one kind: how many, and what each runs. */
export interface Group {
  readonly name: string
  readonly role: Role
  readonly replicas: number
  /** The cloud's own names, in the order they are tried; empty for the cloud's usual one. */
  readonly sizes: readonly string[]
  readonly purchasing: Purchasing
  readonly threads: number | undefined
  /** Bytes, as Dask reads them (`4GiB`), or undefined for what the machine has. */
  readonly memory: string | undefined
  readonly resources: Readonly<Record<string, number>>
  /** Whether Dask's nanny, a process of its own, looks after each worker. */
  readonly nanny?: boolean
  /** Environment of this group alone: it goes over the cluster's. */
  readonly env?: Readonly<Record<string, string>>
  /** Of everything above that a machine of this group must be launched anew for. */
  readonly fingerprint: Fingerprint
}
