import type { ClusterKey, ClusterUid, Fingerprint, LaunchId, MachineId, Role } from './names.ts'

/** A machine as its cloud lists it. Only machines that carry this installation's tags become one. */
export interface Machine {
  readonly id: MachineId
  readonly owner: ClusterUid
  /** What its cluster is called: whoever finds it unclaimed must know whether that namespace is theirs to look after. */
  readonly key: ClusterKey
  readonly role: Role
  readonly group: string
  readonly launch: LaunchId
  /** The launch's number in its cluster's ledger; one higher than status knows means that status was rolled back. */
  readonly seq: number
  readonly fingerprint: Fingerprint
  /** Milliseconds since the epoch, by the cloud's clock: used to order machines, never to time them. */
  readonly createdAt: number
  readonly state: MachineState
}

export type MachineState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly addresses: Addresses }
  /** Switched off by somebody, and perhaps still paid for: of no use, and to be ended. */
  | { readonly kind: 'stopped' }
  /** `problem` is why its cloud ended it, where nobody had asked for that: it came to nothing. */
  | { readonly kind: 'leaving' | 'gone'; readonly problem?: string }

/** Where Dask on a machine is reached: `internal` by its own cluster, `external` by the operator and clients. */
export interface Addresses {
  readonly internal: Endpoint
  readonly external: Endpoint
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** A machine that costs money or may do so again. */
export const isAlive = ({ state }: Machine): boolean =>
  state.kind === 'starting' || state.kind === 'running' || state.kind === 'stopped'

/** A machine that is not yet certain to have ended. */
export const isThere = ({ state }: Machine): boolean => state.kind !== 'gone'

/** The order in which machines are preferred to stay: oldest first, the id deciding between twins. */
export const byAge = (a: Machine, b: Machine): number => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)

/** The scheduler's address, made before its machine and kept for the next one. */
export interface ReservedAddress extends ReservedNetwork, Addresses {}

export interface KeptAddress extends KeptNetwork, Addresses {}

/** What is made in its cloud for one cluster before any machine. */
export interface ReservedNetwork extends KeptNetwork {
  readonly owner: ClusterUid
  readonly key: ClusterKey
}

export interface KeptNetwork {
  /** What the cloud calls it, and what belongs to it: only its own folder reads this. A launch gets it back. */
  readonly handle?: string
  /** Whom its firewall lets through to the scheduler from outside, as CIDRs, sorted; undefined where the cloud has no firewall of ours. */
  readonly admitted?: readonly string[]
  /** Whom it lets through to the scheduler's dashboard from outside, the same way; undefined for nobody. */
  readonly viewers?: readonly string[]
  /** How it is made, in a word of its cloud: another than its cluster asks for has to be made so. */
  readonly network?: string
  /** Something of it was made twice, since an answer was lost: reserving it again takes away what is not in use. */
  readonly hasSurplus?: true
}

/** How Dask writes where something listens: `tls://host:port`, or `tcp://` where nothing is encrypted. */
export const daskAddress = ({ host, port }: Endpoint, tls: { readonly kind: string }): string =>
  `${tls.kind === 'disabled' ? 'tcp' : 'tls'}://${host.includes(':') ? `[${host}]` : host}:${port}`
