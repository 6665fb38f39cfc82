import type { GivenMarks, RotationStage, RotationView, Superseded } from './renewal.ts'

export type CertificatesView =
  | { readonly kind: 'missing' }
  | { readonly kind: 'broken'; readonly problem: string }
  /** A Secret of a name we need belongs to somebody else; it is never overwritten. */
  | { readonly kind: 'foreign'; readonly secret: string }
  /**
   * Times in milliseconds since the epoch, of whichever leaf comes first; Infinity where nothing ends, or where somebody
   * else renews. These serve whatever `concern` says of those that are to come after them.
   */
  | {
      readonly kind: 'valid'
      readonly notAfter: number
      readonly renewAt: number
      readonly concern?: CertificatesConcern
      /** Undefined where nobody here signs for machines: theirs are not renewed while they run. */
      readonly rotation?: RotationView | undefined
      /** There instead of that, where they were given. */
      readonly marks?: GivenMarks
      /** While another authority takes the place of one that was given before. */
      readonly stage?: RotationStage
      readonly superseded?: Superseded
      /** Why they are to be written anew, where it is not for their age. */
      readonly flaw?: string
    }
  /** A person has to change something before there can be any. */
  | ({ readonly kind: 'refused' } & CertificatesConcern)
  /** Somebody else was asked for them. */
  | { readonly kind: 'awaited'; readonly problem: string }
  | { readonly kind: 'silent'; readonly problem: string }
  /** Gone, all of them: what a deleted cluster must come to. */
  | { readonly kind: 'removed' }

/** A stable word, and what is wrong for a person. */
export interface CertificatesConcern {
  readonly reason: string
  readonly problem: string
}
