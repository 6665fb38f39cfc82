import { backoffMs } from '../lib/backoff.ts'
import type { Group } from '../model/cluster.ts'
import { retryPace } from '../model/faults.ts'
import type { Pause } from '../model/world.ts'

const soon = { firstMs: 2_000, capMs: 30_000 }
const slowly = { firstMs: 5_000, capMs: 600_000 }
const pace = {
  soon,
  'backing-off': slowly,
  'when-spec-changes': { firstMs: 600_000, capMs: 600_000 },
  'when-credentials-change': { firstMs: 60_000, capMs: 60_000 },
} as const

/** What the groups of one cluster rest for, by their names. */
export class Pauses {
  readonly #all = new Map<string, Pause>()
  #credentials = ''

  snapshot(): ReadonlyMap<string, Pause> {
    return new Map(this.#all)
  }

  begin(
    group: Pick<Group, 'name' | 'fingerprint'>,
    because: Pick<Pause, 'fault' | 'problem'>,
    now: number,
  ): void {
    const { name, fingerprint } = group
    const before = this.#all.get(name)
    const attempts = before?.fingerprint === fingerprint ? before.attempts + 1 : 1
    const until = now + backoffMs(pace[retryPace[because.fault]], attempts)
    this.#all.set(name, { ...because, until, attempts, fingerprint })
  }

  /** What was refused to other credentials is not refused to these. */
  meetCredentials(version: string): void {
    for (const [group, { fault }] of this.#all)
      if (fault === 'unauthorized' && version !== this.#credentials) this.#all.delete(group)
    this.#credentials = version
  }

  /** A launch was answered. What failed to come up before rests as long as it has not come up. */
  answered(group: string): void {
    if (this.#all.get(group)?.fault !== 'not-started') this.#all.delete(group)
  }

  /** Dask came up on one of its machines. */
  cameUp(group: string): void {
    if (this.#all.get(group)?.fault === 'not-started') this.#all.delete(group)
  }

  /** What it was refused where its address was is tried elsewhere when the pause ends. */
  moved(group: string): void {
    const pause = this.#all.get(group)
    if (pause !== undefined) this.#all.set(group, { ...pause, isMoved: true })
  }
}
