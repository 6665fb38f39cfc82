import type { Machine } from '../../model/machine.ts'
import type { MachineId } from '../../model/names.ts'

/** Azure deletes a machine within minutes; one that lists show for longer may be there in lists alone. */
const patienceMs = 300_000
/** Each is asked for by its name. */
const atOnce = 5

/** Machines that lists go on to show although they have ended. */
export class Ghosts {
  readonly #now: () => number
  /** Since when each was to end and is listed all the same, or when it was last seen to be there. */
  readonly #since = new Map<MachineId, number>()
  readonly #known = new Set<MachineId>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Their end was asked for. */
  asked(machines: readonly MachineId[]): void {
    for (const id of machines) this.#since.set(id, this.#since.get(id) ?? this.#now())
  }

  /** What a list shows: one that leaves it was none, or is none any more. */
  meet(machines: readonly Pick<Machine, 'id' | 'state'>[]): void {
    const listed = new Set(machines.map(({ id }) => id))
    for (const id of this.#since.keys()) if (!listed.has(id)) this.#since.delete(id)
    for (const id of this.#known) if (!listed.has(id)) this.#known.delete(id)
    this.asked(machines.filter(({ state }) => state.kind === 'leaving').map(({ id }) => id))
  }

  /** Some that are listed for too long. */
  get doubtful(): readonly MachineId[] {
    return [...this.#since]
      .filter(([id, at]) => this.#now() - at >= patienceMs && !this.#known.has(id))
      .slice(0, atOnce)
      .map(([id]) => id)
  }

  /** Whether it is there, asked for by its name. */
  looked(id: MachineId, isThere: boolean): void {
    if (isThere) this.#since.set(id, this.#now())
    else this.#known.add(id)
  }

  has(id: MachineId): boolean {
    return this.#known.has(id)
  }
}
