import type { InstallationId, MachineId } from '../model/names.ts'

const forgetMs = 3_600_000

interface Known {
  readonly since: number
  /** Where its cloud has it, as far as a list has shown that. */
  readonly place: string | undefined
}

/** Machines that are certainly of an installation: listed with a good seal, or made by this process. */
export class KnownMachines {
  readonly #now: () => number
  readonly #machines = new Map<InstallationId, Map<MachineId, Known>>()

  constructor(now: () => number) {
    this.#now = now
  }

  meet(installation: InstallationId, machines: Iterable<MachineId>): void {
    for (const id of machines) this.found(installation, id, undefined)
  }

  /** The same, in a cloud that asks where a machine is: a zone, a resource group. */
  found(installation: InstallationId, machine: MachineId, place: string | undefined): void {
    const known = this.#machines.get(installation) ?? new Map<MachineId, Known>()
    const before = known.get(machine)
    known.set(machine, { since: before?.since ?? this.#now(), place: place ?? before?.place })
    this.#machines.set(installation, known)
  }

  /** How long this process has known a machine, in milliseconds; undefined where it does not. */
  ageMs(installation: InstallationId, machine: MachineId): number | undefined {
    const known = this.#machines.get(installation)?.get(machine)
    return known === undefined ? undefined : this.#now() - known.since
  }

  placeOf(installation: InstallationId, machine: MachineId): string | undefined {
    return this.#machines.get(installation)?.get(machine)?.place
  }

  /** What a list does not show any more is forgotten after an hour. */
  keepOnly(installation: InstallationId, listed: ReadonlySet<MachineId>): void {
    const known = this.#machines.get(installation)
    for (const [id, { since }] of known ?? [])
      if (!listed.has(id) && this.#now() - since > forgetMs) known?.delete(id)
  }
}
