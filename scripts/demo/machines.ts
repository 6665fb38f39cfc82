import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import {
  installationPaths,
  machinePaths,
  machinesIn,
  readProcesses,
  readSupervisor,
} from '../../src/clouds/local/folders.ts'
import { isRunning, kill, type ProcessMark, processesOf } from '../../src/clouds/local/processes.ts'
import { LocalCloud } from '../../src/clouds/local/provider.ts'
import type { Call } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import { isThere, type Machine } from '../../src/model/machine.ts'
import { installationId } from '../../src/model/names.ts'

/** A scheduler waits for its workers, and a machine that does not end by itself is ended after 20 s. */
const endMs = 40_000

/** The local cloud's machines, looked at past the operator: as its console and `ps` would show them. */
export class Machines {
  readonly #stateDirectory: string

  constructor(stateDirectory: string) {
    this.#stateDirectory = stateDirectory
  }

  async there(call: Call): Promise<readonly Machine[]> {
    const listings = await Promise.all((await this.#clouds()).map(cloud => cloud.list(call)))
    return listings.flatMap(({ machines }) => machines).filter(isThere)
  }

  /** Every process of every machine. */
  async processes(): Promise<readonly ProcessMark[]> {
    const found = (await this.#homes()).map(async home => {
      const supervisor = await readSupervisor(home)
      if (supervisor === undefined) return []
      return processesOf({ folder: home, supervisor, known: await readProcesses(home) })
    })
    return (await Promise.all(found)).flat()
  }

  /** The Python that the machines made for themselves, which the client uses as well. */
  async python(): Promise<string> {
    for (const home of await this.#homes()) {
      const environment = await realpath(join(machinePaths(home).root, 'opt/dask-venv')).catch(
        () => undefined,
      )
      if (environment !== undefined) return join(environment, 'bin', 'python')
    }
    throw new Error('no machine has a Python environment')
  }

  /** What the machines' programs said last, all in one. */
  async journals(): Promise<string> {
    const texts = (await this.#homes()).map(home =>
      readFile(machinePaths(home).journal, 'utf8').catch(() => ''),
    )
    return (await Promise.all(texts)).join('')
  }

  /** Folders of machines, and files of addresses, that are still there. */
  async leftovers(): Promise<readonly string[]> {
    const places = (await this.#installations()).map(installationPaths)
    const left = await Promise.all(
      places.flatMap(({ machines, addresses, drafts }) => [machines, addresses, drafts].map(entries)),
    )
    return left.flat()
  }

  /** Ends every machine and gives its addresses back, with no operator. What does not end in time is killed. */
  async end(): Promise<void> {
    const call = { signal: AbortSignal.timeout(endMs) }
    const seen = await this.processes()
    for (const cloud of await this.#clouds()) {
      const { machines } = await cloud.list(call)
      const ids = machines.filter(isThere).map(({ id }) => id)
      await cloud.terminate(ids, call)
    }
    const gone = async (): Promise<true | undefined> =>
      (await this.there(call)).length === 0 && (await running(seen)).length === 0 ? true : undefined
    await poll(gone, 100, call).catch(() => kill(seen))
    for (const cloud of await this.#clouds()) {
      for (const { owner } of (await cloud.list(call)).addresses) await cloud.releaseAddress(owner, call)
    }
  }

  async #installations(): Promise<readonly string[]> {
    return entries(this.#stateDirectory)
  }

  async #homes(): Promise<readonly string[]> {
    const places = (await this.#installations()).map(folder => installationPaths(folder).machines)
    const homes = places.map(async place => (await machinesIn(place)).map(id => join(place, id)))
    return (await Promise.all(homes)).flat()
  }

  async #clouds(): Promise<readonly LocalCloud[]> {
    const names = await readdir(this.#stateDirectory).catch(() => [])
    return names.map(
      name =>
        new LocalCloud({
          installation: installationId(name),
          stateDirectory: this.#stateDirectory,
          cacheDirectory: this.#stateDirectory,
          python: undefined,
        }),
    )
  }
}

/** Those of these processes that run, and never others that got their ids. */
export async function running(marks: readonly ProcessMark[]): Promise<readonly ProcessMark[]> {
  const states = await Promise.all(marks.map(isRunning))
  return marks.filter((_, at) => states[at])
}

const entries = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).map(name => join(folder, name))
