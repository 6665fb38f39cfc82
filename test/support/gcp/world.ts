import type { Catalog } from './catalog.ts'
import type { Operation } from './operations.ts'
import type { Rates } from './rates.ts'

/** How fast the world moves and how late it tells of it, in milliseconds. */
export interface Tempo {
  /** An operation is PENDING so long, and RUNNING as long again. */
  readonly operationMs: number
  /** PROVISIONING, and then STAGING. */
  readonly startMs: number
  /** STOPPING, before it is TERMINATED or gone. */
  readonly endMs: number
  /** A new machine is missing from lists for so long. */
  readonly lagMs: number
  /** The same of addresses and firewalls. */
  readonly networkLagMs: number
}

export const calmTempo: Tempo = { operationMs: 10, startMs: 50, endMs: 50, lagMs: 0, networkLagMs: 0 }

export type Json = Readonly<Record<string, unknown>>

/** `zones/us-central1-a`, `regions/us-central1` or `global`. */
export type Scope = string

export interface Thing {
  readonly seq: number
  readonly at: number
  readonly name: string
  readonly scope: Scope
}

export interface Nic {
  readonly network: string
  readonly subnetwork: string
  readonly ip: string
  /** Undefined where the machine has no address outside. */
  readonly natIp: string | undefined
}

export interface Instance extends Thing {
  readonly machineType: string
  nic: Nic
  /** As it was given: whatever the world does not change. */
  readonly given: Json
  readonly isSpot: boolean
  readonly whenEnded: 'DELETE' | 'STOP'
  /** When maxRunDuration is over. */
  readonly mustEndAt: number | undefined
  labels: Readonly<Record<string, string>>
  labelRound: number
  console: string
  deletedAt: number | undefined
  stoppedAt: number | undefined
  /** A state that a test has put it into: SUSPENDED, REPAIRING. */
  forced: string | undefined
}

export interface Disk extends Thing {
  readonly sizeGb: number
  readonly type: string
  readonly image: string
  readonly kmsKey: string | undefined
  readonly autoDelete: boolean
  readonly deviceName: string
  /** Key of the instance that has it. */
  instance: string | undefined
}

export interface Address extends Thing {
  readonly address: string
  readonly kind: 'INTERNAL' | 'EXTERNAL'
  readonly subnetwork: string | undefined
  readonly description: string
  readonly readyAt: number
}

export interface Firewall extends Thing {
  rule: Json
  readonly readyAt: number
}

export interface Network extends Thing {
  readonly isAuto: boolean
}

export interface Subnetwork extends Thing {
  readonly network: string
  /** `10.128`, of its /20. */
  readonly prefix: string
}

/** What may be had of `type zone SPOT` or `type zone STANDARD`, and what is said where there is none. */
export interface Stock {
  left: number
  /** In an operation; with a `status`, instead of one. */
  readonly code: string
  readonly status?: number
}

interface Asked {
  readonly asked: string
  readonly at: number
  readonly operation: Operation
}

/** What one project has. Everything in it may be read and changed by a test. Keys are `scope/name`. */
export interface Project {
  readonly name: string
  readonly number: string
  readonly world: World
  readonly catalog: Catalog
  readonly rates: Rates
  readonly networks: Map<string, Network>
  readonly subnetworks: Map<string, Subnetwork>
  readonly instances: Map<string, Instance>
  readonly disks: Map<string, Disk>
  readonly addresses: Map<string, Address>
  readonly firewalls: Map<string, Firewall>
  readonly operations: Map<string, Operation>
  /** By requestId. */
  readonly requests: Map<string, Asked>
  readonly stock: Map<string, Stock>
  /** Limits that are not the usual, by `METRIC region`. */
  readonly limits: Map<string, number>
  /** Names of instances that are there and that no list shows. */
  readonly hidden: Set<string>
  /** Scopes that aggregated lists cannot reach. */
  readonly unreachable: Set<Scope>
  /** It says that instances were made, and there are none. */
  forgets: boolean
  /** A bulk insert that made some of its machines and no more tells why in its operation, too. */
  tellsPartial: boolean
  /** Names of instances whose delete ends well and does nothing. */
  readonly immortal: Set<string>
}

/** A key of a service account. */
export interface Key {
  readonly publicKey: string
  isRevoked: boolean
}

export interface Account {
  readonly email: string
  readonly keys: Map<string, Key>
  /** What it may do, by project; `all` is an owner. */
  readonly grants: Map<string, 'all' | ReadonlySet<string>>
  /** E-mails of those who may take it on. */
  readonly impersonators: Set<string>
  /** Service accounts that it may put on machines, or `all`. */
  actsAs: 'all' | ReadonlySet<string>
}

export interface Token {
  readonly email: string
  readonly endsAt: number
}

export interface World {
  readonly now: () => number
  tempo: Tempo
  readonly rates: 'documented' | 'unlimited'
  readonly accounts: Map<string, Account>
  readonly tokens: Map<string, Token>
  readonly projects: Map<string, Project>
  readonly privateIp: ((seq: number) => string) | undefined
  readonly publicIp: (seq: number) => string
  /** Answers a new thing's place in the order of making. */
  readonly next: () => number
  /** Made when it is first named. */
  project(name: string): Project
}

export const keyOf = ({ scope, name }: Pick<Thing, 'scope' | 'name'>): string => `${scope}/${name}`

export const born = ({ world }: Project, scope: Scope, name: string): Thing => ({
  seq: world.next(),
  at: world.now(),
  scope,
  name,
})

/** Google's ids are long numbers. */
export const idOf = ({ seq }: Pick<Thing, 'seq'>): string => String(4_000_000_000_000_000_000n + BigInt(seq))

export const time = (at: number): string => new Date(at).toISOString().replace('Z', '+00:00')

const root = 'https://www.googleapis.com/compute/v1/'

/** `projects/p/zones/z/instances/i`, as messages have it. */
export const pathOf = (
  project: Project,
  collection: string,
  { scope, name }: Pick<Thing, 'scope' | 'name'>,
) => `projects/${project.name}/${scope}/${collection}/${name}`

export const linkTo = (path: string): string => `${root}${path}`

/** What a link, whole or in part, says after `projects/`: undefined where it names no project. */
export const partsOf = (link: string): readonly string[] =>
  link.replace(/^https?:\/\/[^/]+\/compute\/v1\//, '').split('/')

export const lastOf = (link: string): string => partsOf(link).at(-1) ?? ''

/** What every resource shows. */
export const head = (project: Project, collection: string, thing: Thing, kind: string): Json => ({
  kind: `compute#${kind}`,
  id: idOf(thing),
  creationTimestamp: time(thing.at),
  name: thing.name,
  selfLink: linkTo(pathOf(project, collection, thing)),
})
