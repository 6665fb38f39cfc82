import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../scripts/remains.ts'
import type { MetadataService } from '../../src/bootstrap/boot.ts'
import { watchSettings } from '../../src/bootstrap/watch.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Role } from '../../src/model/names.ts'
import type { Bundle } from '../../src/pki/bundle.ts'
import { aBoot, bundle } from './boots.ts'
import { azureDatasource } from './machines/azure-datasource.ts'
import type { Datasource, Described } from './machines/datasource.ts'
import { digitalOceanDatasource } from './machines/digitalocean-datasource.ts'
import { ec2Datasource } from './machines/ec2-datasource.ts'
import { gceDatasource } from './machines/gce-datasource.ts'

const patienceMs = 20_000

const sources: Readonly<Record<MetadataService, () => Datasource>> = {
  ec2: ec2Datasource,
  gce: gceDatasource,
  azure: azureDatasource,
  digitalocean: digitalOceanDatasource,
}
const programs = fileURLToPath(new URL('../../src/bootstrap/machine/', import.meta.url))
const watchers: Readonly<Record<MetadataService, readonly string[]>> = {
  ec2: ['watch.py'],
  gce: ['gce.py', 'watch'],
  azure: ['azure.py', 'watch'],
  digitalocean: ['digitalocean.py', 'watch'],
}

/** A folder that stands for a machine, its watcher, and a metadata service that answers as that cloud's does. */
export class WatchedMachine implements AsyncDisposable {
  readonly folder: string
  readonly notices = new Map<string, string>()
  /** What its cloud calls it. */
  id = 'i-1'
  /** Requests that were refused, and tokens that were given. */
  readonly heard = { refused: 0, tokens: 0 }
  readonly #metadata: MetadataService
  #source: Datasource
  readonly #service: Server
  #watcher: ChildProcess | undefined
  #said = ''

  private constructor(folder: string, service: Server, metadata: MetadataService) {
    this.folder = folder
    this.#service = service
    this.#metadata = metadata
    this.#source = sources[metadata]()
  }

  static async create(metadata: MetadataService = 'ec2'): Promise<WatchedMachine> {
    const folder = await temporaryFolder('watched')
    await mkdir(join(folder, 'dask'))
    const service = createServer().listen(0, '127.0.0.1')
    await once(service, 'listening')
    const machine = new WatchedMachine(folder, service, metadata)
    service.on('request', (request, response) => {
      const { method = '', url = '', headers } = request
      const [path = '', query = ''] = url.split('?')
      const asked = { method, path, query, headers }
      const { status, body } = machine.#source.answer(asked, machine.#described)
      if (status === 400 || status === 401 || status === 403) machine.heard.refused += 1
      if (method === 'PUT' && status === 200) machine.heard.tokens += 1
      response.writeHead(status).end(body)
    })
    return machine
  }

  get #described(): Described {
    const { notices } = this
    const place = { mac: '02:00:00:00:00:01', ip: '10.0.0.8', publicIp: undefined, zone: 'us-east-1a' }
    const name = { id: this.id, uuid: '0', hostname: 'ip-10-0-0-8', size: 'm7i.large' }
    return { ...name, ...place, userData: Buffer.from(''), notices }
  }

  /** What the machine's user data would say, but quick, and at home in the folder. */
  async settle(role: Role, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { port } = this.#service.address() as AddressInfo
    const settings = {
      ...(JSON.parse(watchSettings(aBoot(role), this.#metadata)) as Record<string, unknown>),
      metadata: `http://127.0.0.1:${port}`,
      lookEveryS: 0.05,
      notice: join(this.folder, 'notice'),
      runtime: join(this.folder, 'dask'),
      heartbeat: join(this.folder, 'dask', 'heartbeat'),
      console: join(this.folder, 'console'),
      renewed: join(this.folder, 'renewed.pem'),
      journal: ['sh', '-c', 'cat "$0" 2>/dev/null; rm -f "$0"', join(this.folder, 'journal')],
      powerOff: ['sh', '-c', 'echo off >"$0"', join(this.folder, 'off')],
      ...changes,
    }
    await writeFile(this.#settings, JSON.stringify(settings))
  }

  async start({ authority, worker }: Bundle = bundle): Promise<void> {
    await writeFile(join(this.folder, 'ca.pem'), authority.certificate)
    await writeFile(join(this.folder, 'node.pem'), worker.certificate)
    await writeFile(join(this.folder, 'node.key'), worker.key)
    const [program = '', ...words] = watchers[this.#metadata]
    this.#watcher = spawn('python3', ['-I', join(programs, program), ...words, this.#settings], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#watcher.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
  }

  /** Runs another of the programs that go by the watcher's settings, and returns its status. */
  async run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> {
    const args = ['-I', join(programs, program), ...words, this.#settings]
    const child = spawn('python3', args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    const [status] = await once(child, 'close')
    return status
  }

  get #settings(): string {
    return join(this.folder, 'watch')
  }

  /** Another service that knows none of the tokens. */
  forgetTokens(): void {
    this.#source = sources[this.#metadata]()
  }

  /** As Dask does while somebody is there. */
  async beat(): Promise<void> {
    const path = join(this.folder, 'dask', 'heartbeat')
    await writeFile(path, '')
    await utimes(path, new Date(), new Date())
  }

  get isOff(): boolean {
    return existsSync(join(this.folder, 'off'))
  }

  async read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8').catch(() => '')
  }

  async until(isMet: () => boolean | Promise<boolean>): Promise<void> {
    const met = async (): Promise<true | undefined> => ((await isMet()) ? true : undefined)
    await poll(met, 20, { signal: AbortSignal.timeout(patienceMs) }).catch((cause: unknown) => {
      throw new Error(`it did not come to it; the watcher said:\n${this.#said}`, { cause })
    })
  }

  /** So many more looks have been taken. */
  async looks(count: number): Promise<void> {
    let taken = 0
    const seen = (): void => {
      taken += 1
    }
    this.#service.on('request', seen)
    await this.until(() => taken >= count * 2)
    this.#service.off('request', seen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.kill('SIGKILL')
    this.#service.closeAllConnections()
    this.#service.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}
