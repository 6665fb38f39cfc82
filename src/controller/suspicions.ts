import type { ClusterUid } from '../model/names.ts'

/** Two looks that agree lie at least so far apart. */
const apartMs = 30_000
const rememberMs = 3_600_000

interface Suspicion {
  /** By our own clock, since no cloud's can be trusted with this. */
  readonly since: number
  /** When the list began that last confirmed it, and how many have. */
  readonly listedAt: number
  readonly looks: number
  isReported: boolean
  /** Its end was asked for: what is left of it need not be watched for as long again. */
  isEnding: boolean
}

/** One owner in one place: what is unclaimed here may be claimed there. */
export interface Suspect {
  readonly place: string
  readonly owner: ClusterUid
}

/** Since when things were seen that no cluster claims, how often, and whose end was witnessed. */
export class Suspicions {
  readonly #suspicions = new Map<string, Suspicion>()
  readonly #ends = new Map<ClusterUid, number>()

  /** The API server has told of this cluster's end. */
  witness(owner: ClusterUid, now: number): void {
    this.#ends.set(owner, now)
  }

  isWitnessed(owner: ClusterUid): boolean {
    return this.#ends.has(owner)
  }

  /** Forgets whoever is not suspected any more: a suspicion that comes back begins anew. */
  keepOnly(suspects: readonly Suspect[], now: number): void {
    const kept = new Set(suspects.map(keyOf))
    for (const key of this.#suspicions.keys()) if (!kept.has(key)) this.#suspicions.delete(key)
    const owners = new Set(suspects.map(({ owner }) => owner))
    for (const [owner, at] of this.#ends)
      if (now - at > rememberMs && !owners.has(owner)) this.#ends.delete(owner)
  }

  /** Whether a list that began at `listedAt` says anything that the one before did not. */
  isWorthALook(suspect: Suspect, listedAt: number): boolean {
    const known = this.#suspicions.get(keyOf(suspect))
    if (known === undefined) return true
    return listedAt - known.listedAt >= (known.isEnding ? 1 : apartMs)
  }

  /** A complete list has shown it, and a list of all clusters that was made after it has no such owner. */
  confirm(suspect: Suspect, listedAt: number, now: number): void {
    const known = this.#suspicions.get(keyOf(suspect))
    this.#suspicions.set(keyOf(suspect), {
      since: known?.since ?? now,
      listedAt,
      looks: (known?.looks ?? 0) + 1,
      isReported: known?.isReported ?? false,
      isEnding: known?.isEnding ?? false,
    })
  }

  ending(suspect: Suspect): void {
    const known = this.#suspicions.get(keyOf(suspect))
    if (known !== undefined) known.isEnding = true
  }

  clear(suspect: Suspect): void {
    this.#suspicions.delete(keyOf(suspect))
  }

  /** Confirmed by two looks, and for long enough: at once where its end was witnessed. */
  isDue(suspect: Suspect, graceMs: number, now: number): boolean {
    const known = this.#suspicions.get(keyOf(suspect))
    if (known === undefined || known.looks < 2) return false
    return this.isWitnessed(suspect.owner) || now - known.since >= graceMs
  }

  isConfirmed(suspect: Suspect): boolean {
    return this.#suspicions.has(keyOf(suspect))
  }

  /** True once for each suspicion. */
  isNews(suspect: Suspect): boolean {
    const known = this.#suspicions.get(keyOf(suspect))
    if (known === undefined || known.isReported) return false
    known.isReported = true
    return true
  }
}

const keyOf = ({ place, owner }: Suspect): string => `${place} ${owner}`
