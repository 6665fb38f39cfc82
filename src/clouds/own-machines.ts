import type { Call } from '../lib/call.ts'
import { CloudError } from '../model/faults.ts'
import type { InstallationId, MachineId } from '../model/names.ts'
import type { KnownMachines } from './known-machines.ts'
import { isName } from './machine-names.ts'

/** A cloud may not list a machine yet that it has just made. */
const newbornMs = 60_000

/** A machine and where it is. */
export interface Place {
  readonly id: MachineId
  readonly place: string
}

interface Sight {
  readonly known: KnownMachines
  readonly installation: InstallationId
  /** Asks the cloud where machines are; what is not there, or not ours, is not in the answer. */
  readonly look: (machines: readonly MachineId[], call: Call) => Promise<readonly Place[]>
}

/**
 * An installation's machines, in a cloud where a machine's name is not enough to find it, as far as this process has seen
 * them: a stranger's is never touched.
 */
export class OwnMachines {
  readonly #sight: Sight

  constructor(sight: Sight) {
    this.#sight = sight
  }

  /** They carry a good seal, or were made by this process; one whose place is not known yet was made wherever there was room. */
  meet(machines: Iterable<readonly [MachineId, string | undefined]>): void {
    const { known, installation } = this.#sight
    for (const [id, place] of machines) known.found(installation, id, place)
  }

  /** What a list has not shown for an hour is forgotten, and where it was. */
  keepOnly(listed: ReadonlySet<MachineId>): void {
    this.#sight.known.keepOnly(this.#sight.installation, listed)
  }

  /** Asks for their end by `end`. Machines that this process has not seen yet are looked at first: they might be a stranger's. */
  async end(
    machines: readonly MachineId[],
    end: (places: readonly Place[]) => Promise<void>,
    call: Call,
  ): Promise<void> {
    const real = machines.filter(isName)
    const wasKnown = new Set(real.filter(id => this.#ageMs(id) !== undefined))
    await end(await this.#placesOf(real, call))
    const isHidden = (id: MachineId): boolean =>
      wasKnown.has(id) && this.#place(id) === undefined && (this.#ageMs(id) ?? Infinity) < newbornMs
    if (real.some(isHidden))
      throw new CloudError(
        'conflict',
        'The cloud does not list machines yet that it has just made; their end is tried again',
      )
  }

  /** Undefined where it is not there, or not ours. */
  async placeOf(machine: MachineId, call: Call): Promise<Place | undefined> {
    return (await this.#placesOf([machine], call))[0]
  }

  async #placesOf(machines: readonly MachineId[], call: Call): Promise<readonly Place[]> {
    const unseen = machines.filter(id => this.#place(id) === undefined)
    if (unseen.length > 0)
      this.meet((await this.#sight.look(unseen, call)).map(({ id, place }) => [id, place] as const))
    return machines.flatMap(id => {
      const place = this.#place(id)
      return place === undefined ? [] : [{ id, place }]
    })
  }

  #place(id: MachineId): string | undefined {
    return this.#sight.known.placeOf(this.#sight.installation, id)
  }

  #ageMs(id: MachineId): number | undefined {
    return this.#sight.known.ageMs(this.#sight.installation, id)
  }
}
