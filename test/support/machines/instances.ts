import { poll } from '../../../src/lib/wait.ts'
import type { BootedMachine } from './machine.ts'
import type { MachineRoom } from './room.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

/**
 * Has each machine of a simulated cloud boot as one of a room, with the address, the card and the user data that the cloud
 * gave it. What becomes of the one becomes of the other, whichever is first.
 */
export class BootedInstances implements AsyncDisposable {
  readonly #cloud: SimulatedCloud
  readonly #room: MachineRoom
  readonly #machines = new Map<string, Promise<BootedMachine>>()
  readonly #over = new AbortController()
  readonly #loop: Promise<unknown>

  constructor(cloud: SimulatedCloud, room: MachineRoom) {
    this.#cloud = cloud
    this.#room = room
    this.#loop = poll(() => this.#look(), 100, { signal: this.#over.signal }).catch((error: unknown) => {
      if (!this.#over.signal.aborted) throw error
    })
  }

  /** Once it is on; throws where no such machine was ever running. */
  async machine(id: string): Promise<BootedMachine> {
    const found = this.#machines.get(id)
    if (found === undefined) throw new Error(`no machine ${id} has been booted`)
    return found
  }

  /** Waits until Dask's unit has failed for the first time on a machine. */
  async failsOnce(id: string, withinMs: number): Promise<void> {
    const machine = await this.machine(id)
    const tried = async () => {
      const said = await machine.run('journalctl', '--no-pager', '-u', 'dask').catch(() => '')
      return said.includes('status=') ? true : undefined
    }
    await poll(tried, 200, { signal: AbortSignal.timeout(withinMs) })
  }

  /** Throws what went wrong with any machine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#loop
    await Promise.all(this.#machines.values())
  }

  async #look(): Promise<undefined> {
    for (const machine of this.#cloud.machines()) await this.#follow(machine)
    return undefined
  }

  async #follow(simulated: SimulatedMachine): Promise<void> {
    const { id, state } = simulated
    const machine = this.#machines.get(id)
    if (machine === undefined) {
      if (state === 'running') this.#machines.set(id, this.#boot(simulated))
    } else if (this.#room.running.includes(id)) {
      simulated.say(await this.#room.console(id))
      if (state === 'ended') await this.#room.machine(id).kill()
    }
  }

  async #boot(simulated: SimulatedMachine): Promise<BootedMachine> {
    const machine = await this.#room.start(simulated.start)
    void machine.gone.then(() => simulated.end('itself'))
    return machine
  }
}
