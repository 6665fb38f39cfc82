import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Call } from '../../lib/call.ts'
import { digest } from '../../lib/fingerprint.ts'
import { CloudError } from '../../model/faults.ts'
import type { Endpoint, ReservedAddress } from '../../model/machine.ts'
import { type ClusterUid, type InstallationId, type MachineId, type Scope, scope } from '../../model/names.ts'
import type { Cloud, LaunchAnswer, LaunchRequest, Listing, NetworkWish } from '../contract.ts'
import { AddressBook } from './address-book.ts'
import { ensureMachine } from './births.ts'
import { interpret } from './boot-text.ts'
import { census, type Ground } from './census.ts'
import { guarded, toCloudError, unlessMissing } from './faults.ts'
import { writeWhole } from './files.ts'
import {
  exists,
  idOf,
  installationPaths,
  isMachineId,
  machinePaths,
  makeFolders,
  readSupervisor,
  readTags,
  tidy,
} from './folders.ts'
import { tailOf } from './journal.ts'
import { Loopback } from './loopback.ts'
import { signalProcess } from './processes.ts'
import { pythonOf } from './settings.ts'

const maxBatch = 64
const tidyEveryMs = 600_000
const consoleBytes = 16_384

export interface LocalPlace {
  readonly installation: InstallationId
  /** Where machines are: `<stateDirectory>/<installation>/machines/<id>`. */
  readonly stateDirectory: string
  /** Where the Python environments are that machines share; kept for good. */
  readonly cacheDirectory: string
  /** The interpreter where a cluster names none: a path or a name on the PATH; undefined for what install.sh finds there. */
  readonly python: string | undefined
  readonly loopback?: Loopback
}

/** Machines that are folders and processes of this computer. They run what a real machine runs, read by the same words. */
export class LocalCloud implements Cloud {
  readonly name = 'local'
  readonly scope: Scope
  readonly promises: Cloud['promises'] = {
    // All of a launch happens in the operator's own process before the call returns: nothing commits after its death,
    // and lists read the very folders. The rest is patience with a computer that was asleep.
    horizonMs: 10_000,
    maxBatch,
    stableAddress: true,
    listEveryMs: { busy: 250, resting: 10_000 },
    // Nothing here is too long; this is what most clouds take.
    maxUserDataBytes: 65_536,
    launchMs: 30_000,
  }
  readonly #place: LocalPlace
  readonly #ground: Ground
  readonly #addresses: AddressBook
  #tidiedAt = 0

  constructor(place: LocalPlace) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(place.installation))
      throw new CloudError('invalid', `No folder can have the name of the installation ${place.installation}`)
    const folder = join(place.stateDirectory, place.installation)
    this.#place = place
    this.#ground = { folder, loopback: place.loopback ?? new Loopback() }
    this.#addresses = new AddressBook(installationPaths(folder).addresses, this.#ground.loopback)
    this.scope = scope(`local/${place.installation}/${digest(place.stateDirectory).slice(0, 8)}`)
  }

  list(call: Call): Promise<Listing> {
    return guarded(call, async () => {
      await this.#tidy()
      return { machines: await census(this.#ground), addresses: await this.#addresses.all() }
    })
  }

  launch(request: LaunchRequest, call: Call): Promise<LaunchAnswer> {
    return guarded(call, async () => {
      const plan = interpret(request.userData)
      const python = await this.#python(pythonOf(request.offering) ?? this.#place.python)
      await makeFolders(this.#ground.folder)
      const cache = join(this.#place.cacheDirectory, 'venvs')
      const boot = { ...plan, python, cache, claims: this.#ground.loopback.claims }
      const birth = { request, boot, endpoint: await this.#kept(request) }
      const machines: MachineId[] = []
      for (let index = 0; index < Math.min(request.count, maxBatch); index++) {
        const id = idOf(this.#place.installation, request.token, index)
        try {
          call.signal.throwIfAborted()
          await ensureMachine(this.#ground, id, birth)
          machines.push(id)
        } catch (error) {
          if (machines.length === 0 || call.signal.aborted) throw toCloudError(error, call)
          break
        }
      }
      return { machines }
    })
  }

  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    return guarded(call, async () => {
      const homes = await this.#homes(machines)
      // Written of all before any is told: a scheduler waits for the workers that leave with it.
      for (const home of homes) await unlessMissing(this.#leave(home))
      for (const home of homes) {
        const supervisor = await readSupervisor(home)
        if (supervisor !== undefined) await signalProcess(supervisor, 'SIGTERM')
      }
    })
  }

  reserveAddress({ owner }: NetworkWish, call: Call): Promise<ReservedAddress> {
    return guarded(call, async () => {
      await makeFolders(this.#ground.folder)
      return this.#addresses.reserve(owner)
    })
  }

  releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    return guarded(call, () => this.#addresses.release(owner))
  }

  /** The last of what a machine's programs have said; '' where there is no such machine any more. */
  console(machine: MachineId, call: Call): Promise<string> {
    return guarded(call, async () => {
      const [home] = await this.#homes([machine])
      return home === undefined ? '' : tailOf(machinePaths(home).journal, consoleBytes)
    })
  }

  async close(): Promise<void> {}

  /** The folders of those that are machines of this installation: a name from outside reaches no other. */
  async #homes(machines: readonly MachineId[]): Promise<readonly string[]> {
    const homes = machines
      .filter(isMachineId)
      .map(id => join(installationPaths(this.#ground.folder).machines, id))
    const known = await Promise.all(homes.map(readTags))
    return homes.filter((_, at) => known[at] !== undefined)
  }

  async #leave(home: string): Promise<void> {
    const { leaving } = machinePaths(home)
    if (!(await exists(leaving))) await writeWhole(leaving, '')
  }

  /** A scheduler's address as we wrote it down, whatever the request says. */
  async #kept({ owner, role, address }: LaunchRequest): Promise<Endpoint | undefined> {
    if (role !== 'scheduler' || address === undefined) return undefined
    const kept = await this.#addresses.find(owner.uid)
    if (kept !== undefined) return kept.internal
    throw new CloudError('conflict', 'The address of the scheduler is not reserved any more')
  }

  /** The absolute path of an interpreter, or undefined where the machine may look for one itself. */
  async #python(python: string | undefined): Promise<string | undefined> {
    if (python === undefined) return undefined
    const folders = (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute)
    const paths = isAbsolute(python) ? [python] : folders.map(folder => join(folder, python))
    for (const path of paths) if (await isProgram(path)) return path
    throw new CloudError('invalid', `The Python ${python} is not a program on the operator's computer`)
  }

  async #tidy(): Promise<void> {
    const now = Date.now()
    if (now - this.#tidiedAt < tidyEveryMs) return
    this.#tidiedAt = now
    await tidy(this.#ground.folder, now)
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
