import type { ClusterUid, Fingerprint, LaunchId, MachineId, Role, Scope } from './names.ts'

/** How to read a launch: written to `status.launches` before its cloud hears of it; see "Launches" in the design. */
export interface Launch {
  readonly id: LaunchId
  readonly owner: ClusterUid
  readonly generation: number
  readonly scope: Scope
  readonly role: Role
  readonly group: string
  readonly count: number
  readonly fingerprint: Fingerprint
  /** Its number in the cluster's ledger, counted from 1 and never used twice. */
  readonly seq: number
  /** The round's offerings, in the order they are tried; `offering` is the one in use. Names are the cloud's own. */
  readonly offerings: readonly string[]
  readonly offering: number
  /** Of the whole request: it is sent again only while it would be the same request. */
  readonly requestHash: string
  /** Milliseconds since the epoch, by the operator's clock. */
  readonly recordedAt: number
  readonly state: LaunchState
}

export type LaunchState =
  /** Written, and perhaps sent. */
  | { readonly kind: 'open' }
  /** The cloud made these; they count until a complete list that began after `at` has shown them. */
  | { readonly kind: 'accepted'; readonly at: number; readonly machines: readonly MachineId[] }
  /** Nobody knows whether the cloud made anything. */
  | { readonly kind: 'unknown'; readonly since: number }
  /** The cloud said yes and then never showed a machine: alarming, so it is kept, and creation stops at a cap of these. */
  | { readonly kind: 'forgotten'; readonly since: number }

/** The idempotency token of a launch's current offering. */
export const tokenOf = ({ id, offering }: Pick<Launch, 'id' | 'offering'>): string => `${id}-${offering}`

/** Records that may stand open at once; at the cap, creation stops with a condition. */
export const maxLaunches = 16
/** A launch is sent again for an hour at most. */
export const resendMs = 3_600_000

/** How many machines of a launch count as living that no list has shown. */
export function unseen(launch: Launch, seen: (id: MachineId) => boolean, listed: number): number {
  switch (launch.state.kind) {
    case 'open':
    case 'unknown':
      return Math.max(0, launch.count - listed)
    case 'accepted':
      return launch.state.machines.filter(id => !seen(id)).length
    case 'forgotten':
      return 0
    default:
      return launch.state satisfies never
  }
}
