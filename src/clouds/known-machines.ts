import type { InstallationId, MachineId } from '../model/names.ts'

const forgetMs = 3_600_000

/** Machines that are certainly of an installation: listed with a good seal, or made by this process. */
export class KnownMachines {
  readonly #now: () => number
  readonly #machines = new Map<InstallationId, Map<MachineId, number>>()

  constructor(now: () => number) {
    this.#now = now
  }

  meet(installation: InstallationId, machines: Iterable<MachineId>): void {
    const known = this.#machines.get(installation) ?? new Map<MachineId, number>()
    for (const id of machines) known.set(id, known.get(id) ?? this.#now())
    this.#machines.set(installation, known)
  }

  /** How long this process has known a machine, in milliseconds; undefined where it does not. */
  ageMs(installation: InstallationId, machine: MachineId): number | undefined {
    const at = this.#machines.get(installation)?.get(machine)
    return at === undefined ? undefined : this.#now() - at
  }

  /** What a list does not show any more is forgotten after an hour. */
  keepOnly(installation: InstallationId, listed: ReadonlySet<MachineId>): void {
    const known = this.#machines.get(installation)
    for (const [id, at] of known ?? []) if (!listed.has(id) && this.#now() - at > forgetMs) known?.delete(id)
  }
}
