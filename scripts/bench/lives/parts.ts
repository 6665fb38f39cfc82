/** A request that a cloud has heard, as far as lives are counted by it. */
export interface Heard {
  /** In milliseconds since the epoch. */
  readonly at: number
  /** Makes machines. */
  readonly isCreate: boolean
  /** Was refused for the number of requests. */
  readonly isThrottled: boolean
  /** Was refused for whatever reason. */
  readonly isRefused: boolean
  /** A page of a list of machines: its first, or a further one. */
  readonly page: 'first' | 'further' | undefined
}

/** What a part of a cluster's life came to. */
export interface Part {
  /** Requests to the cloud of every kind. */
  readonly calls: number
  /** Of these, the ones that it refused for their number. */
  readonly throttled: number
  readonly seconds: number
}

/** The life of a cluster of so many workers, and its scheduler. */
export interface Life {
  readonly workers: number
  /** Requests that make machines. */
  readonly creates: number
  /** From its beginning to the last request that made machines. */
  readonly launch: Part
  /** From then on, until whoever launched it has been told that all of them run. */
  readonly start: Part
  /** From the wish to end it until nothing is left. */
  readonly end: Part
}

export interface SingleLife extends Life {
  /** `broken` where a request was refused: nothing in it is tried again. */
  readonly kind: 'whole' | 'broken'
  /** Machines that were made. */
  readonly made: number
}

export interface Span {
  /** In milliseconds since the epoch. */
  readonly from: number
  readonly to: number
}

export function partOf(heard: readonly Heard[], { from, to }: Span): Part {
  const within = heard.filter(({ at }) => at > from && at <= to)
  return {
    calls: within.length,
    throttled: within.filter(({ isThrottled }) => isThrottled).length,
    seconds: (to - from) / 1_000,
  }
}

/** When the last of the requests that made machines was heard. */
export const lastCreateAt = (heard: readonly Heard[]): number =>
  heard.findLast(each => each.isCreate && !each.isRefused)?.at ?? Number.NaN

/** When the last page was asked for of the first list in `heard`; a list is whole when another one has begun. */
export function listedAt(heard: readonly Heard[]): number | undefined {
  const pages = heard.filter(({ page }) => page !== undefined)
  const begins = pages.flatMap(({ page }, at) => (page === 'first' ? [at] : []))
  const [first, next] = begins
  return first === undefined || next === undefined ? undefined : pages[next - 1]?.at
}
