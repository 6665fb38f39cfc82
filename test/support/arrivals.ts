/** A request as a fault proxy received it. */
export interface Arrival {
  /** In milliseconds of `performance.now()`. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly isWatch: boolean
}

/** Those that came in the one second in which most came. */
export function busiestSecond<T extends Pick<Arrival, 'at'>>(arrivals: readonly T[]): readonly T[] {
  const inOrder = arrivals.toSorted((a, b) => a.at - b.at)
  let [first, most]: [number, readonly T[]] = [0, []]
  for (const [last, { at }] of inOrder.entries()) {
    while ((inOrder[first]?.at ?? at) <= at - 1_000) first++
    if (last - first + 1 > most.length) most = inOrder.slice(first, last + 1)
  }
  return most
}

/** How many requests of each kind there are, for a person to read. */
export function counted(arrivals: readonly Arrival[]): string {
  const kinds = Map.groupBy(
    arrivals,
    ({ method, path, isWatch }) =>
      `${isWatch ? 'WATCH' : method} ${path.replace(/^.*namespaces\/[^/]*\//, '').replace(/\/[^/]*/, '/NAME')}`,
  )
  return [...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(', ')
}
