import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  exists,
  machinePaths,
  machinesIn,
  readProcesses,
  readSupervisor,
  readTags,
} from '../../src/clouds/local/folders.ts'
import { kill, processesOf } from '../../src/clouds/local/processes.ts'
import type { MachineId, Role } from '../../src/model/names.ts'
import { pidsOf } from './local-ground.ts'

/** A machine of the local cloud, as its folder tells of it. */
export interface LocalMachine {
  readonly id: MachineId
  readonly role: Role
  readonly home: string
  /** The leader of its process group. */
  readonly supervisor: number
  /** The program it started last: Dask, once it runs. */
  readonly program: number
  /** Whether it was told to end. */
  readonly isLeaving: boolean
}

/** All that the local cloud of one state directory holds, read from outside of the operator. */
export class LocalFleet {
  readonly #state: string

  constructor(state: string) {
    this.#state = state
  }

  /** In no order that means anything. */
  async machines(): Promise<readonly LocalMachine[]> {
    const homes = await this.homes()
    const found = await Promise.all(homes.map(machineAt))
    return found.filter(each => each !== undefined)
  }

  async workers(): Promise<readonly LocalMachine[]> {
    return (await this.machines()).filter(({ role }) => role === 'worker')
  }

  async scheduler(): Promise<LocalMachine> {
    const found = (await this.machines()).find(({ role }) => role === 'scheduler')
    if (found === undefined) throw new Error('there is no scheduler machine')
    return found
  }

  /** Every pid of every machine. */
  async pids(): Promise<readonly number[]> {
    return (await Promise.all((await this.homes()).map(pidsOf))).flat()
  }

  /** The folders that are there under machines/. */
  async homes(): Promise<readonly string[]> {
    const folders = (await this.#installations()).map(each => join(each, 'machines'))
    const found = await Promise.all(
      folders.map(async each => (await machinesIn(each)).map(id => join(each, id))),
    )
    return found.flat()
  }

  /** The files that are there under addresses/. */
  async addresses(): Promise<readonly string[]> {
    const folders = (await this.#installations()).map(each => join(each, 'addresses'))
    return (await Promise.all(folders.map(each => readdir(each).catch(() => [])))).flat()
  }

  /** Loopback addresses that are still claimed for something of this fleet. */
  async claims(): Promise<readonly string[]> {
    const folder = join(tmpdir(), `dask-cloud-operator-${process.getuid?.() ?? 0}`)
    const names = await readdir(folder).catch(() => [])
    const holders = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8').catch(() => '')))
    return names.filter((_, at) => holders[at]?.startsWith(`${this.#state}/`))
  }

  async killAll(): Promise<void> {
    for (const home of await this.homes()) {
      const supervisor = await readSupervisor(home)
      if (supervisor === undefined) continue
      const known = await readProcesses(home)
      await kill(await processesOf({ folder: home, supervisor, known }))
    }
  }

  async #installations(): Promise<readonly string[]> {
    const names = await readdir(this.#state).catch(() => [])
    return names.map(name => join(this.#state, name))
  }
}

async function machineAt(home: string): Promise<LocalMachine | undefined> {
  const tags = await readTags(home)
  const supervisor = await readSupervisor(home)
  const processes = await readProcesses(home)
  if (tags === undefined) return undefined
  return {
    id: basename(home) as MachineId,
    role: tags.role,
    home,
    supervisor: supervisor?.pid ?? 0,
    program: processes.at(-1)?.pid ?? 0,
    isLeaving: await exists(machinePaths(home).leaving),
  }
}

export const ids = (machines: readonly LocalMachine[]): readonly string[] =>
  machines.map(({ id }) => id).toSorted()
