import type { Entry, Ledger } from '../../../test/support/gcp/desk.ts'

/** What a part of a cluster's life came to. */
export interface Part {
  /** Requests to Compute Engine of every kind. */
  readonly calls: number
  /** Of these, the ones that Google refused for their number. */
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

export interface Span {
  /** In milliseconds since the epoch. */
  readonly from: number
  readonly to: number
}

export function partOf(heard: Ledger, { from, to }: Span): Part {
  const within = heard.filter(({ at }) => at > from && at <= to)
  return {
    calls: within.length,
    throttled: within.filter(({ reason }) => reason === 'rateLimitExceeded').length,
    seconds: (to - from) / 1_000,
  }
}

export const isCreate = ({ method }: Entry): boolean => /nstances\.(insert|bulkInsert)$/.test(method)

/** When the last of the requests that made machines was heard. */
export const lastCreateAt = (heard: Ledger): number =>
  heard.findLast(each => isCreate(each) && each.reason === undefined)?.at ?? Number.NaN
