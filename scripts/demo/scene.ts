import type { Ground } from './ground.ts'
import type { Staff } from './staff.ts'
import type { Timeline } from './timeline.ts'

/** What every act of the demo plays with. */
export interface Scene {
  readonly ground: Ground
  readonly staff: Staff
  readonly timeline: Timeline
  /** For files of the demo's own; it is removed at the end. */
  readonly directory: string
  /** Whether everything stays before the end, until the signal. */
  readonly keep: boolean
}
