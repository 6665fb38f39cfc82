import type { MachineId } from '../../model/names.ts'

/** A power cycle, a resize and DigitalOcean's own maintenance switch a droplet off and on again: longer than this it stays off. */
const doubtMs = 45_000
/** One that DigitalOcean has locked is being worked on. */
const lockedMs = 600_000

/** Since when droplets are seen to be off. */
export class Off {
  readonly #now: () => number
  readonly #since = new Map<MachineId, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Of a droplet as it is listed: whether it is off for good. */
  isLasting(
    id: MachineId,
    { status, locked }: { readonly status: string; readonly locked: boolean },
  ): boolean {
    if (status !== 'off') {
      this.#since.delete(id)
      return false
    }
    const since = this.#since.get(id) ?? this.#now()
    this.#since.set(id, since)
    return this.#now() - since >= (locked ? lockedMs : doubtMs)
  }

  /** What is not listed any more is forgotten. */
  keepOnly(listed: ReadonlySet<MachineId>): void {
    for (const id of this.#since.keys()) if (!listed.has(id)) this.#since.delete(id)
  }
}
