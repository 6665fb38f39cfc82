import type { MachineId } from '../../model/names.ts'

/** A droplet is gone within seconds of its end; one that is listed for longer has to be ended again. */
const believeMs = 300_000

/** Droplets whose end DigitalOcean has taken: lists may show them for a while, as if nothing had been asked. */
export class Ending {
  readonly #now: () => number
  readonly #since = new Map<MachineId, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  asked(machine: MachineId): void {
    this.#since.set(machine, this.#now())
  }

  has(machine: MachineId): boolean {
    const since = this.#since.get(machine)
    if (since !== undefined && this.#now() - since < believeMs) return true
    this.#since.delete(machine)
    return false
  }
}
