import { type Claim, type Quota, within } from './quota.ts'

interface LetIn {
  readonly quota: Quota
  readonly uids: ReadonlySet<string>
}

/**
 * The claims of a class in one namespace, counted as they come: ten thousand clusters that wait are each told so without a
 * look at the others, and who is next is worked out once for every change.
 */
export class QuotaBook {
  readonly #claims = new Map<string, Claim>()
  #clusters = 0
  #workers = 0
  #letIn: LetIn | undefined

  /** What has been let be, in all. */
  get used(): { readonly clusters: number; readonly workers: number } {
    return { clusters: this.#clusters, workers: this.#workers }
  }

  set(claim: Claim): void {
    const before = this.#claims.get(claim.uid)
    if (before !== undefined && isSame(before, claim)) return
    this.delete(claim.uid)
    this.#claims.set(claim.uid, claim)
    this.#count(claim, 1)
  }

  delete(uid: string): void {
    const claim = this.#claims.get(uid)
    if (claim === undefined) return
    this.#claims.delete(uid)
    this.#count(claim, -1)
  }

  /** Whether what one asks for is let be. */
  lets(quota: Quota, uid: string): boolean {
    const claim = this.#claims.get(uid)
    return claim !== undefined && this.#fits(quota, claim) && this.next(quota).has(uid)
  }

  /** Everybody whose claim would be let be now. */
  next(quota: Quota): ReadonlySet<string> {
    const known = this.#letIn
    if (known !== undefined && isAlike(known.quota, quota)) return known.uids
    const uids = within(quota, [...this.#claims.values()])
    this.#letIn = { quota, uids }
    return uids
  }

  /** By itself, whoever else waits. */
  #fits({ clusters = Infinity, workers = Infinity }: Quota, { held, workers: wanted }: Claim): boolean {
    if (held !== undefined && wanted <= held) return true
    const isRoom = held !== undefined || this.#clusters < clusters
    return isRoom && wanted - (held ?? 0) <= workers - this.#workers
  }

  #count({ held, workers }: Claim, sign: 1 | -1): void {
    this.#letIn = undefined
    if (held === undefined) return
    this.#clusters += sign
    this.#workers += sign * Math.min(held, workers)
  }
}

const isSame = (a: Claim, b: Claim): boolean =>
  a.createdAt === b.createdAt && a.workers === b.workers && a.held === b.held

const isAlike = (a: Quota, b: Quota): boolean => a.clusters === b.clusters && a.workers === b.workers
