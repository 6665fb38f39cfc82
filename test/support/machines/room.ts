import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, inject } from 'vitest'
import type { Datasource, Described } from './datasource.ts'
import type { Ground } from './ground.ts'
import { IndexServer } from './index-server.ts'
import { BootedMachine, type Place } from './machine.ts'
import { addressOf, gateway, MachineNetwork, macOf } from './network.ts'
import { currentRun } from './run-name.ts'
import { tracesOf } from './traces.ts'

/**
 * What machines are made of. To be called once at the top of a test file: where none can be booted every test of the file
 * is skipped with the reason, and undefined comes back.
 */
export function machines(): Ground | undefined {
  const given = inject('machines')
  if (given.kind === 'ready') return given.ground
  beforeEach(({ skip }) => skip(given.reason))
  return undefined
}

/** What a cloud says of a machine that it starts. */
export interface Start {
  readonly id: string
  readonly ip: string
  readonly mac: string
  readonly size: string
  readonly zone: string
  readonly publicIp?: string | undefined
  readonly userData: Buffer
}

/** How the images of this room find packages: by their own configuration, never by user data. */
const image = {
  '/etc/pip.conf': '[global]\nindex-url = http://pypi.internal/simple\ntrusted-host = pypi.internal\n',
  '/etc/uv/uv.toml': '[[index]]\nurl = "http://pypi.internal/simple"\ndefault = true\n',
}

export interface RoomOptions {
  /** Whether its machines have Docker's engine. Default false. */
  readonly hasEngine?: boolean
  /** Files of its machines' image beside those that say where packages are, by path. */
  readonly files?: Readonly<Record<string, string>>
}

/** Machines that boot, in one network with this process, with a package index and a metadata service. */
export class MachineRoom implements AsyncDisposable {
  readonly index: IndexServer
  readonly #place: Place
  readonly #files: Readonly<Record<string, string>>
  readonly #machines = new Map<string, BootedMachine>()
  readonly #notices = new Map<string, Map<string, string>>()

  private constructor(place: Place, index: IndexServer, files: Readonly<Record<string, string>>) {
    this.#place = place
    this.#files = files
    this.index = index
  }

  static async open(
    ground: Ground,
    source: Datasource,
    { hasEngine = false, files = {} }: RoomOptions = {},
  ): Promise<MachineRoom> {
    const folder = await mkdtemp(join(tmpdir(), `${currentRun()}-`))
    const network = await MachineNetwork.open(folder, source)
    const root = hasEngine ? ground.engineRoot : ground.root
    const place = { root, folder, network, hasEngine }
    const index = new IndexServer(ground.wheels, gateway)
    await index.start()
    return new MachineRoom(place, index, { ...image, ...files })
  }

  /** A place in the network that nobody has. */
  static place(index: number): { readonly ip: string; readonly mac: string } {
    return { ip: addressOf(index), mac: macOf(index) }
  }

  async start({ publicIp, ...start }: Start): Promise<BootedMachine> {
    const notices = new Map<string, string>()
    this.#notices.set(start.id, notices)
    const described: Described = {
      ...start,
      publicIp,
      uuid: randomUUID(),
      hostname: `ip-${start.ip.replaceAll('.', '-')}`,
      notices,
    }
    const machine = await BootedMachine.start(described, this.#place, this.#files)
    this.#machines.set(start.id, machine)
    void machine.gone.then(() => this.#machines.delete(start.id))
    return machine
  }

  /** Where what belongs to it is kept while it is open. */
  get folder(): string {
    return this.#place.folder
  }

  /** The ids of machines that are on. */
  get running(): readonly string[] {
    return [...this.#machines.keys()]
  }

  machine(id: string): BootedMachine {
    const found = this.#machines.get(id)
    if (found === undefined) throw new Error(`there is no machine ${id}`)
    return found
  }

  /** Has the metadata service say something more to one machine, at a path below its version. */
  notify(id: string, path: string, body: string): void {
    this.#notices.get(id)?.set(path, body)
  }

  async console(id: string): Promise<string> {
    return this.#machines.get(id)?.console() ?? ''
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#machines.values()].map(each => each.kill()))
    await this.index.stop()
    await this.#place.network[Symbol.asyncDispose]()
    await rm(this.#place.folder, { recursive: true, force: true })
  }

  /** What there is of rooms of this run outside this process: nothing, once all are closed. */
  traces(): readonly string[] {
    return tracesOf(String(currentRun()))
  }
}
