import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isThere } from '../../model/machine.ts'
import type { MachineId } from '../../model/names.ts'
import type { Ours } from '../marks.ts'
import { end, type Place } from './ends.ts'
import { instancesIn, machineOf, named, zoneOf } from './machines.ts'
import { isName } from './names.ts'
import type { GcpProject } from './project.ts'
import type { GcpSession } from './session.ts'

/** Google may not list a machine yet that it has just made. */
const newbornMs = 60_000
/** Names in one filter. */
const atOnce = 50

/** An installation's machines of a project, as far as this process has seen them: a stranger's is never touched. */
export class OwnMachines {
  readonly #session: GcpSession
  readonly #project: GcpProject
  readonly #ours: Ours

  constructor(session: GcpSession, project: GcpProject, ours: Ours) {
    this.#session = session
    this.#project = project
    this.#ours = ours
  }

  /** They carry a good seal, or were made by this process; one whose zone is not known yet was made wherever there was room. */
  meet(machines: Iterable<readonly [MachineId, string | undefined]>): void {
    const all = [...machines]
    for (const [id, zone] of all) if (zone !== undefined) this.#project.found(id, zone)
    this.#project.machines.meet(
      this.#ours.installation,
      all.map(([id]) => id),
    )
  }

  /** What a list has not shown for an hour is forgotten, and where it was. */
  keepOnly(listed: ReadonlySet<MachineId>): void {
    this.#project.machines.keepOnly(this.#ours.installation, listed)
    this.#project.keepOnly(id => this.#ageMs(id) !== undefined)
  }

  /** Asks for their end. Machines that this process has not seen yet are looked at first: they might be a stranger's. */
  async end(machines: readonly MachineId[], call: Call): Promise<void> {
    const real = machines.filter(isName)
    const wasKnown = new Set(real.filter(id => this.#ageMs(id) !== undefined))
    const places = await this.#placesOf(real, call)
    await end(this.#session, places, call)
    const isHidden = (id: MachineId): boolean =>
      wasKnown.has(id) && this.#project.zoneOf(id) === undefined && (this.#ageMs(id) ?? Infinity) < newbornMs
    if (real.some(isHidden))
      throw new CloudError(
        'conflict',
        'instances.delete: Google does not list machines yet that it has just made; it is tried again',
      )
  }

  /** Undefined where it is not there, or not ours. */
  async placeOf(machine: MachineId, call: Call): Promise<Place | undefined> {
    return (await this.#placesOf([machine], call))[0]
  }

  async #placesOf(machines: readonly MachineId[], call: Call): Promise<readonly Place[]> {
    const unseen = machines.filter(id => this.#place(id).length === 0)
    for (let from = 0; from < unseen.length; from += atOnce) {
      const found = await instancesIn(this.#session, named(unseen.slice(from, from + atOnce)), call)
      this.meet(
        found.flatMap(instance => {
          const machine = machineOf(instance, this.#ours)
          return machine !== undefined && isThere(machine) ? [[machine.id, zoneOf(instance)] as const] : []
        }),
      )
    }
    return machines.flatMap(id => this.#place(id))
  }

  #place(id: MachineId): readonly Place[] {
    const zone = this.#project.zoneOf(id)
    return zone === undefined || this.#ageMs(id) === undefined ? [] : [{ id, zone }]
  }

  #ageMs(id: MachineId): number | undefined {
    return this.#project.machines.ageMs(this.#ours.installation, id)
  }
}
