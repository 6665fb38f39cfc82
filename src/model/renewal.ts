import type { Requested } from './cluster.ts'
import type { Role } from './names.ts'

/** What machines are to hold, and how far a roll of the authority has come. Times in milliseconds since the epoch. */
export interface RotationView {
  /** Whom they are to trust, all of them: as `HeldCertificates` tells it. */
  readonly authorities: readonly string[]
  /** A leaf that begins before is to be replaced, however old. */
  readonly leavesFrom: number
  /** What new machines are launched with. */
  readonly launchedWith: Readonly<Record<Role, Validity>>
  readonly stage: RotationStage
  /** Which requests have been heard: marks of the annotations' values. */
  readonly heard: Requested
}

export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

export type RotationStage =
  | { readonly kind: 'settled' }
  /** The next authority is made known, and signs nothing yet. */
  | { readonly kind: 'introducing'; readonly since: number }
  /** It signs, and the one before is trusted still. */
  | { readonly kind: 'leaving'; readonly since: number }

/** What Dask on a machine presents and whom it trusts, as it says itself. A certificate is told by the beginning of its SHA-256. */
export interface HeldCertificates extends Validity {
  readonly certificate: string
  /** Sorted. */
  readonly authorities: readonly string[]
}

/** What machines are to hold where nobody here signs: what they are given, by role. */
export type GivenMarks = Readonly<Record<Role, Pick<HeldCertificates, 'certificate' | 'authorities'>>>

/**
 * What workers were given before what they are launched with now: all of it has ended by `until`, and nobody was launched
 * with any of it since `replacedAt`. Milliseconds since the epoch.
 */
export interface Superseded {
  readonly until: number
  readonly replacedAt: number
}

/** A machine that trusts more tells of so many, in the order of their marks. */
export const maxAuthorities = 8

/** A certificate begins so long before it is signed: two clocks, each five minutes wrong in its own direction, are ten minutes apart. */
export const backdateMs = 15 * 60_000

/** What became of giving a running machine new certificates. Problems are words for a person, and the machine's own among them. */
export type Renewal =
  | { readonly kind: 'done' }
  /** It never will be, for as long as this machine lives. */
  | { readonly kind: 'unable'; readonly problem: string }
  | { readonly kind: 'failed'; readonly problem: string }

/** The last of it, of one machine. */
export interface RenewalMemory {
  readonly at: number
  /** Tries in a row that came to nothing; one of which a machine said that it was done counts once it tells the same as before. */
  readonly failures: number
  /** Whether the last one was done, as the machine said. */
  readonly isDone: boolean
  /** Why it never will, for as long as this machine lives; undefined where it may. */
  readonly hindrance: string | undefined
  /** What the machine held before, as `heldText` says it: until it tells of something else, what it was given counts. */
  readonly before: string
}
