import type { Call } from '../../../src/lib/call.ts'
import type { Heard, SingleLife } from './parts.ts'

/** A part of a simulated cloud with limits of its own, at which nobody has looked before. */
export interface Plot {
  readonly name: string
  /** The members of a Secret that opens it. */
  readonly secret: Readonly<Record<string, string>>
  /** `spec.cloud` of a cluster in it. */
  readonly cloud: object
  /** What has been asked of it, in that order. */
  readonly heard: () => readonly Heard[]
  /** How many machines are there, and how many of them run. */
  readonly made: () => number
  readonly running: () => number
  /** What is left of what clusters have made. */
  readonly left: () => readonly string[]
}

/** A simulated cloud with as many plots as one likes. */
export interface Site<Own extends Plot = Plot> extends AsyncDisposable {
  /** What the operator needs, so that it reaches this cloud and no other. */
  readonly environment: Readonly<Record<string, string>>
  plot(): Own
  /** The life of a cluster that is asked for one machine at a time. */
  single(workers: number, call: Call): Promise<SingleLife>
}
