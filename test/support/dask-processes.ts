import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { temporaryFolder } from '../../scripts/remains.ts'
import { type Call, within } from '../../src/lib/call.ts'
import { type Bundle, createBundle } from '../../src/pki/bundle.ts'
import type { Credential } from '../../src/pki/x509.ts'
import { anIdentity } from './pki-fixture.ts'

/** Dask at rest, so that a test machine has its processor for the tests. */
const quiet = {
  DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED: 'False',
  DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL: '500ms',
  DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL: '2s',
  DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES: '[]',
}

/** A process and all it has said. */
export class Running {
  readonly child: ChildProcess
  output = ''

  constructor(child: ChildProcess) {
    this.child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-100_000)
      })
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Its exit code, or its signal; rejects when the signal of the call comes first. */
  async ended({ signal }: Call): Promise<number | string> {
    if (!this.hasEnded) await once(this.child, 'exit', { signal })
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown'
  }

  /** Dask can hang for ever after SIGTERM. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.hasEnded) return
    this.child.kill(signal)
    await this.ended({ signal: AbortSignal.timeout(5_000) }).catch(() => this.child.kill('SIGKILL'))
    await this.ended({ signal: AbortSignal.timeout(5_000) })
  }
}

/** Real Dask processes on 127.0.0.1 that speak mutual TLS with certificates of our own. */
export class DaskProcesses implements AsyncDisposable {
  readonly python: string
  readonly folder: string
  readonly bundle: Bundle
  readonly #started: Running[] = []

  private constructor(python: string, folder: string, bundle: Bundle) {
    this.python = python
    this.folder = folder
    this.bundle = bundle
  }

  /** In a folder of its own below `parent`, which its disposal removes. */
  static async create(python: string, parent?: string): Promise<DaskProcesses> {
    const folder = await temporaryFolder('dask-processes', parent)
    await mkdir(join(folder, 'config'))
    return new DaskProcesses(python, folder, createBundle(anIdentity, Date.now()))
  }

  /** Listens at once or ends: wait for it by connecting. */
  scheduler(port: number, env: Readonly<Record<string, string>> = {}): Promise<Running> {
    const here = `--protocol tls --host 127.0.0.1 --port ${port} --dashboard-address 127.0.0.1:0`
    return this.#dask('dask_scheduler', this.bundle.scheduler, here.split(' '), env)
  }

  worker(
    port: number,
    name: string,
    credential: Credential = this.bundle.worker,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Running> {
    return this.#dask('dask_worker', credential, [...this.#asWorker(port, name), '--no-nanny'], env)
  }

  /** A worker that a nanny looks after, which is the process that is started and loads `preload`. */
  nanny(
    port: number,
    name: string,
    preload: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Running> {
    const args = [...this.#asWorker(port, name), '--nanny', '--preload-nanny', preload]
    return this.#dask('dask_worker', this.bundle.worker, args, env)
  }

  #asWorker(port: number, name: string): readonly string[] {
    const alone = '--host 127.0.0.1 --nthreads 1 --dashboard-address 127.0.0.1:0 --death-timeout 60'
    const own = ['--name', name, '--local-directory', join(this.folder, name)]
    return [`tls://127.0.0.1:${port}`, ...alone.split(' '), ...own]
  }

  /** Runs a Python program; `env` is added to what it needs. */
  run(program: string, env: Readonly<Record<string, string>> = {}): Running {
    return this.#start(['-c', program], env)
  }

  /** The stopping order in which no worker hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#started.toReversed()) await running.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #dask(
    command: string,
    credential: Credential,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<Running> {
    const folder = await mkdtemp(join(this.folder, 'tls-'))
    const files = { ca: join(folder, 'ca.crt'), cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    await writeFile(files.ca, this.bundle.authority.certificate)
    await writeFile(files.cert, credential.certificate)
    await writeFile(files.key, credential.key, { mode: 0o600 })
    const tls = ['--tls-ca-file', files.ca, '--tls-cert', files.cert, '--tls-key', files.key]
    return this.#start(['-m', `distributed.cli.${command}`, ...args, ...tls], env)
  }

  #start(args: readonly string[], env: Readonly<Record<string, string>>): Running {
    const child = spawn(this.python, [...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'], DASK_CONFIG: join(this.folder, 'config'), ...quiet, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const running = new Running(child)
    this.#started.push(running)
    return running
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A deadline for a test's step. */
export const inTime = (ms: number): Call => within({ signal: new AbortController().signal }, ms)
