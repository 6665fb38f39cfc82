import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, inject } from 'vitest'
import type { Datasource, Described } from './datasource.ts'
import type { Ground } from './ground.ts'
import { IndexServer } from './index-server.ts'
import { BootedMachine } from './machine.ts'
import { addressOf, gateway, MachineNetwork, macOf, tidy } from './network.ts'

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

/** Machines that boot, in one network with this process, with a package index and a metadata service. */
export class MachineRoom implements AsyncDisposable {
  readonly index: IndexServer
  readonly #ground: Ground
  readonly #folder: string
  readonly #network: MachineNetwork
  readonly #machines = new Map<string, BootedMachine>()
  readonly #notices = new Map<string, Map<string, string>>()

  private constructor(ground: Ground, folder: string, network: MachineNetwork) {
    this.#ground = ground
    this.#folder = folder
    this.#network = network
    this.index = new IndexServer(ground.wheels, gateway)
  }

  static async open(ground: Ground, source: Datasource): Promise<MachineRoom> {
    await tidy()
    const folder = await mkdtemp(join(tmpdir(), 'dask-machines-'))
    const room = new MachineRoom(ground, folder, await MachineNetwork.open(folder, source))
    await room.index.start()
    return room
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
    const where = { root: this.#ground.root, folder: this.#folder, network: this.#network }
    const machine = await BootedMachine.start(described, where, image)
    this.#machines.set(start.id, machine)
    void machine.gone.then(() => this.#machines.delete(start.id))
    return machine
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
    await this.#network[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** What is there of this room outside this process: nothing, once it is closed. */
  async traces(): Promise<readonly string[]> {
    const names = await readdir('/run/netns').catch(() => [])
    return names.filter(name => name.startsWith(`dask${process.pid}m`))
  }
}
