import type { Fingerprint, LaunchId, MachineId, Role } from './names.ts'
import type { Route } from './service.ts'

/** One step that can be taken now, with its reason. It holds no secret: plans are logged. */
export type Action = {
  readonly because: string
} /** Write `status.ledger`, so that a later loss of status can be seen. */ & (
  | { readonly type: 'stamp-ledger'; readonly seq: number }
  /** Take the cluster into care: finalizer and placement in one patch. */
  | { readonly type: 'enrol' }
  /** Write down that a Secret is used, then have the Secret wait for us: nothing is asked of the cloud with it before. */
  | { readonly type: 'hold-credentials'; readonly secret: string }
  /** Let these Secrets go, unless other clusters use them. */
  | { readonly type: 'drop-credentials'; readonly secrets: readonly string[] }
  /** Make whatever certificates and Secrets are missing; keep what is good. */
  | { readonly type: 'issue-certificates' }
  /** The next step of what was asked for, or of a roll of the authority, in the cluster's Secrets. */
  | { readonly type: 'rotate-certificates'; readonly step: RotationStep }
  /** Give running machines of one role what they lack. */
  | {
      readonly type: 'renew-machine-certificates'
      readonly role: Role
      readonly part: RenewedPart
      readonly machines: readonly MachineId[]
    }
  /** Have the name that pods use lead there, or nowhere. */
  | { readonly type: 'publish-service'; readonly route: Route | undefined }
  | { readonly type: 'remove-service' }
  | { readonly type: 'reserve-address' }
  /** Make the scheduler's address elsewhere, in place of the one it has: nobody who knows that one is left. */
  | { readonly type: 'move-address' }
  /** Write launches to status in one write, ahead of their cloud. */
  | { readonly type: 'record-launches'; readonly launches: readonly PlannedLaunch[] }
  /** Ask the cloud for what these records say; each with the same token as ever. */
  | { readonly type: 'send-launches'; readonly launches: readonly LaunchId[] }
  /** Take records out of status whose machines are accounted for, and mark those the cloud forgot. */
  | {
      readonly type: 'settle-launches'
      readonly drop: readonly LaunchId[]
      readonly forget: readonly LaunchId[]
    }
  /** Let workers finish what they run and move their results away. Cannot be undone. */
  | { readonly type: 'drain-workers'; readonly machines: readonly MachineId[] }
  /** Have the scheduler close drained workers; their machines may go afterwards. */
  | { readonly type: 'close-workers'; readonly machines: readonly MachineId[] }
  | { readonly type: 'terminate'; readonly machines: readonly MachineId[] }
  /** End machines on which Dask never came up, tell what their consoles say, and let the group rest for a while. */
  | { readonly type: 'give-up'; readonly group: string; readonly machines: readonly MachineId[] }
  /** Write `status.sleep`: from then on the cluster is suspended, until it is asked for anew. */
  | { readonly type: 'fall-asleep' }
  /** Take an outdated `status.sleep` away. */
  | { readonly type: 'wake-up' }
  /** Delete the resource; everything else of it goes as with any deletion. */
  | { readonly type: 'delete-cluster' }
  | { readonly type: 'release-address' }
  | { readonly type: 'remove-certificates' }
  /** Let the cluster go: the last step of a deletion. */
  | { readonly type: 'release' }
)

/** All leaves anew; make the next authority known; let it sign; trust the one before no more. */
export type RotationStep = 'renew-leaves' | 'introduce-authority' | 'change-authority' | 'drop-authority'

/** A certificate for a key of its own; only whom to trust; or key and all, as somebody has given them. */
export type RenewedPart = 'certificate' | 'authorities' | 'given'

export interface PlannedLaunch {
  readonly role: Role
  readonly group: string
  readonly count: number
  readonly fingerprint: Fingerprint
}
