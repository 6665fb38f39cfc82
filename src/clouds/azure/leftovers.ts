import type { ClusterUid, MachineId } from '../../model/names.ts'
import type { Owner } from '../contract.ts'

/** Something that was made with a machine and is there without it. */
export interface Leftover {
  readonly id: string
  readonly kind: 'interface' | 'address' | 'disk'
  readonly name: string
  /** Its resource group. */
  readonly group: string
  readonly machine: MachineId
  readonly owner: Owner
}

/** Azure makes a machine's parts before lists show the machine, sometimes by minutes, and takes them away after it. */
const patienceMs = 180_000

/** What lists have shown without its machine, and for how long. */
export class Leftovers {
  readonly #now: () => number
  readonly #since = new Map<string, number>()
  #seen: readonly Leftover[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** What a list shows now. */
  meet(seen: readonly Leftover[]): void {
    const ids = new Set(seen.map(({ id }) => id))
    for (const id of this.#since.keys()) if (!ids.has(id)) this.#since.delete(id)
    for (const id of ids) this.#since.set(id, this.#since.get(id) ?? this.#now())
    this.#seen = seen
  }

  /** Those that have been alone for so long that nobody is about to make or to end their machine. */
  get lasting(): readonly Leftover[] {
    return this.#seen.filter(({ id }) => this.#now() - (this.#since.get(id) ?? Infinity) >= patienceMs)
  }

  /** What there is of a machine. */
  of(machine: MachineId): readonly Leftover[] {
    return this.#seen.filter(each => each.machine === machine)
  }

  /** What there is of all machines of a cluster. */
  ofOwner(owner: ClusterUid): readonly Leftover[] {
    return this.#seen.filter(each => each.owner.uid === owner)
  }
}
