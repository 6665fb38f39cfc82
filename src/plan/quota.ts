/** What all clusters of a class in one namespace may be together; undefined where there is no limit. */
export interface Quota {
  readonly clusters?: number | undefined
  readonly workers?: number | undefined
}

/** What one of them asks for, and what it has been let have. */
export interface Claim {
  readonly uid: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly workers: number
  /** Undefined for one that waits to be let in. */
  readonly held: number | undefined
}

/**
 * Whose claims are let be: whoever has been let in keeps that, and what is left is given to the oldest first. One that is too
 * large for it does not hold up those behind it.
 */
export function within(quota: Quota, claims: readonly Claim[]): ReadonlySet<string> {
  const { clusters = Infinity, workers = Infinity } = quota
  const inside = claims.filter(({ held }) => held !== undefined)
  let [used, left] = [
    inside.length,
    workers - sum(inside.map(claim => Math.min(claim.held ?? 0, claim.workers))),
  ]
  const granted = new Set<string>()
  for (const { uid, workers: wanted, held } of claims.toSorted(byAge)) {
    const more = wanted - (held ?? 0)
    const isNew = held === undefined
    if ((isNew && used >= clusters) || (more > 0 || isNew ? more > left : false)) continue
    used += isNew ? 1 : 0
    left -= Math.max(0, more)
    granted.add(uid)
  }
  return granted
}

const byAge = (a: Claim, b: Claim): number => a.createdAt - b.createdAt || (a.uid < b.uid ? -1 : 1)

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
