import { poll } from '../../../src/lib/wait.ts'
import { endInstance, type Instance, type Region, stateOf } from '../aws/world.ts'
import type { BootedMachine } from './machine.ts'
import type { MachineRoom } from './room.ts'

/**
 * Has each instance of a simulated region boot as a machine of a room, with the address, the card and the user data that
 * the region gave it. What becomes of the one becomes of the other, whichever is first.
 */
export class BootedInstances implements AsyncDisposable {
  readonly #region: Region
  readonly #room: MachineRoom
  readonly #machines = new Map<string, Promise<BootedMachine>>()
  readonly #over = new AbortController()
  readonly #loop: Promise<unknown>

  constructor(region: Region, room: MachineRoom) {
    this.#region = region
    this.#room = room
    this.#loop = poll(() => this.#look(), 100, { signal: this.#over.signal }).catch((error: unknown) => {
      if (!this.#over.signal.aborted) throw error
    })
  }

  /** Once it is on; throws where no such instance was ever running. */
  async machine(id: string): Promise<BootedMachine> {
    const found = this.#machines.get(id)
    if (found === undefined) throw new Error(`no instance ${id} has been booted`)
    return found
  }

  /** Throws what went wrong with any machine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#loop
    await Promise.all(this.#machines.values())
  }

  async #look(): Promise<undefined> {
    for (const instance of this.#region.instances.values()) await this.#follow(instance)
    return undefined
  }

  async #follow(instance: Instance): Promise<void> {
    const { id, end } = instance
    const machine = this.#machines.get(id)
    if (machine === undefined) {
      if (stateOf(this.#region, instance) === 'running') this.#machines.set(id, this.#boot(instance))
    } else if (this.#room.running.includes(id)) {
      instance.console = await this.#room.console(id)
      if (end !== undefined) await this.#room.machine(id).kill()
    }
  }

  async #boot(instance: Instance): Promise<BootedMachine> {
    const { id, type, zone, network, userData } = instance
    const card = this.#region.interfaces.get(network)
    if (card === undefined) throw new Error(`instance ${id} has no interface`)
    const machine = await this.#room.start({
      id,
      ip: card.privateIp,
      mac: card.mac,
      size: type,
      zone,
      userData: Buffer.from(userData, 'base64'),
    })
    void machine.gone.then(() => endInstance(this.#region, id, 'itself'))
    return machine
  }
}
