import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { connectScheduler, type SchedulerConnection } from '../../src/dask/connection.ts'
import { type NewMaterial, renewScheduler, renewWorkers } from '../../src/dask/renewal.ts'
import { identity, type SchedulerIdentity } from '../../src/dask/scheduler.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Renewal } from '../../src/model/renewal.ts'
import { type Authority, createAuthority } from '../../src/pki/authority.ts'
import { authorityName, type LeafRole, leafNames, schedulerServerName } from '../../src/pki/identity.ts'
import { certifyLeaf, issueLeaf } from '../../src/pki/leaf.ts'
import { requestedKey } from '../../src/pki/request.ts'
import { DaskProcesses, freePort, inTime, type Running } from './dask-processes.ts'
import { anIdentity } from './pki-fixture.ts'
import { daskPython, tell } from './python.ts'

const preload = resolve('src/bootstrap/machine/dask_tls.py')

/** What a client is let in with: whom it trusts, and who signed for it. */
export interface Shown {
  readonly ca: string
  readonly issuer: Authority
}

/** A scheduler, a worker `w-alone` and one under a nanny, `w-nannied`, that take certificates as on a machine. */
export class RenewedDask implements AsyncDisposable {
  readonly processes: DaskProcesses
  readonly port: number
  readonly running: readonly Running[]

  private constructor(processes: DaskProcesses, port: number, running: readonly Running[]) {
    this.processes = processes
    this.port = port
    this.running = running
  }

  static async start(): Promise<RenewedDask> {
    const python = await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell })
    const processes = await DaskProcesses.create(python)
    const port = await freePort()
    const home = (name: string): Promise<Environment> => homeIn(processes, name)
    const running = [
      await processes.scheduler(port, await home('scheduler')),
      await processes.worker(port, 'w-alone', processes.bundle.worker, await home('w-alone')),
      await processes.nanny(port, 'w-nannied', preload, await home('w-nannied')),
    ]
    const dask = new RenewedDask(processes, port, running)
    await dask.told(isUp, dask.first).catch(async (cause: unknown) => {
      await processes[Symbol.asyncDispose]()
      throw new Error(running.map(({ output }) => output.slice(-2_000)).join('\n'), { cause })
    })
    return dask
  }

  /** One more worker, on a machine that has no openssl, or that has never heard of renewals. */
  async worker(name: string, how: 'without openssl' | 'of an older version'): Promise<Running> {
    const env = how === 'without openssl' ? { ...(await homeIn(this.processes, name)), PATH: '' } : {}
    return this.processes.worker(this.port, name, this.processes.bundle.worker, env)
  }

  /** What all of them begin with. */
  get first(): Shown {
    const { authority } = this.processes.bundle
    return { ca: authority.certificate, issuer: authority }
  }

  /** A connection of a client with a leaf made now, to the scheduler or to a worker. */
  async connect({ ca, issuer }: Shown, worker?: string): Promise<SchedulerConnection> {
    const own = issueLeaf(issuer, { ...anIdentity, role: 'client', now: Date.now(), days: 90 })
    const tls = { ca, cert: own.certificate, key: own.key }
    const [workerName = ''] = leafNames('worker', anIdentity)
    const target =
      worker === undefined
        ? { port: this.port, serverName: schedulerServerName(anIdentity.uid) }
        : { port: Number(new URL(worker).port), serverName: workerName }
    return connectScheduler({ host: '127.0.0.1', tls, ...target }, inTime(10_000))
  }

  async look(shown: Shown): Promise<SchedulerIdentity> {
    using connection = await this.connect(shown)
    return await identity(connection, inTime(10_000))
  }

  /** What is told once it is as wanted: workers tell with their next heartbeat. */
  told(isSo: (seen: SchedulerIdentity) => boolean, shown: Shown): Promise<SchedulerIdentity> {
    const asked = async (): Promise<SchedulerIdentity | undefined> => {
      const seen = await this.look(shown).catch(() => undefined)
      return seen !== undefined && isSo(seen) ? seen : undefined
    }
    return poll(asked, 100, inTime(60_000))
  }

  /** Has the scheduler and all workers trust `ca` and, where there is an issuer, take new leaves of it. */
  async renew(ca: string, issuer: Authority | undefined, shown = this.first): Promise<readonly Renewal[]> {
    const { workers } = await this.look(shown)
    using connection = await this.connect(shown)
    const scheduler = await renewScheduler(connection, material(ca, issuer, 'scheduler'), inTime(20_000))
    const addresses = workers.map(({ address }) => address)
    const found = await renewWorkers(connection, addresses, material(ca, issuer, 'worker'), inTime(20_000))
    return [scheduler, ...found.values()]
  }

  /** Gives the scheduler a certificate with its key, if what it shows is among the holders. */
  async give(shown: Shown, holders: (print: string) => readonly string[]) {
    using connection = await this.connect(shown)
    const leaf = issueLeaf(shown.issuer, { ...anIdentity, role: 'scheduler', now: Date.now(), days: 90 })
    const { certificate: cert, key } = leaf
    const given = { cert, key, holders: holders(connection.print ?? '') }
    const { ca } = shown
    const outcome = await renewScheduler(connection, { ca, certify: undefined, given }, inTime(20_000))
    return { cert, outcome }
  }

  /** A client that does something with `client` and `folder`, which is named after it. */
  async client(name: string, shown: Shown, deed: string): Promise<Running> {
    const own = issueLeaf(shown.issuer, { ...anIdentity, role: 'client', now: Date.now(), days: 90 })
    const files = { 'ca.crt': shown.ca, 'tls.crt': own.certificate, 'tls.key': own.key }
    const folder = join(this.processes.folder, name)
    await mkdir(folder)
    for (const [file, text] of Object.entries(files))
      await writeFile(join(folder, file), text, { mode: 0o600 })
    return this.processes.run(preamble + deed, { FOLDER: folder, ADDRESS: `tls://127.0.0.1:${this.port}` })
  }

  /** Ends a client that counts; returns its tasks, and how often any was run. Throws where anything went wrong. */
  async counted(name: string, client: Running): Promise<{ readonly tasks: number; readonly runs: number }> {
    const folder = join(this.processes.folder, name)
    await writeFile(join(folder, 'over'), '')
    const code = await client.ended(inTime(60_000))
    const tasks = Number(/^tasks (\d+)$/m.exec(client.output)?.[1])
    if (code !== 0 || Number.isNaN(tasks)) throw new Error(`the client ended with ${code}: ${client.output}`)
    const ran = (await readdir(folder)).filter(each => each.startsWith('ran-'))
    const texts = await Promise.all(ran.map(each => readFile(join(folder, each), 'utf8')))
    return { tasks, runs: texts.join('').length }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes[Symbol.asyncDispose]()
  }
}

type Environment = Readonly<Record<string, string>>

/** As a machine has it: a folder of its own, which Dask may write. */
async function homeIn({ folder }: DaskProcesses, name: string): Promise<Environment> {
  const path = join(folder, `home-${name}`)
  await mkdir(path)
  const loaded = JSON.stringify([preload])
  return {
    HOME: path,
    DASK_DISTRIBUTED__WORKER__PRELOAD: loaded,
    DASK_DISTRIBUTED__SCHEDULER__PRELOAD: loaded,
  }
}

const isUp = ({ workers }: SchedulerIdentity): boolean =>
  workers.length === 2 && workers.every(({ holds }) => holds !== undefined)

/** Another authority for the same cluster. */
export const anotherAuthority = (): Authority =>
  createAuthority({ name: authorityName(anIdentity.uid), now: Date.now(), days: 365 })

const material = (ca: string, issuer: Authority | undefined, role: LeafRole): NewMaterial => ({
  ca,
  certify:
    issuer &&
    (request => {
      const form = { ...anIdentity, role, now: Date.now(), days: 90 }
      return certifyLeaf(issuer, requestedKey(request), form)
    }),
})

const preamble = `
import asyncio, os, time
from distributed import Client, Security
folder = os.environ["FOLDER"]
mine = {"tls_ca_file": "ca.crt", "tls_client_cert": "tls.crt", "tls_client_key": "tls.key"}
def connect():
    security = Security(require_encryption=True, **{key: os.path.join(folder, name) for key, name in mine.items()})
    return Client(os.environ["ADDRESS"], security=security, timeout=20)
def task(number):
    with open(os.path.join(folder, f"ran-{number}"), "a") as file:
        file.write("x")
    return number
def total(numbers):
    return sum(numbers)
def batch(client, first):
    workers = ["w-alone", "w-nannied"]
    futures = [client.submit(task, first + each, pure=False, workers=workers[each % 2]) for each in range(10)]
    assert client.submit(total, futures, pure=False).result(timeout=60) == sum(range(first, first + 10))
    return first + 10
def is_over():
    return os.path.exists(os.path.join(folder, "over"))
client = connect()
client.wait_for_workers(2)
`

/** Counts tasks, each in a file of its own, until it is told to end. */
export const counting = `
count = 0
while not is_over() or count < 40:
    count = batch(client, count)
client.close()
print(f"tasks {count}", flush=True)
`

/** The same with a new client for each ten tasks, and with no connection kept between the machines. */
export const countingAnew = `
count = 0
async def collect(dask_worker):
    dask_worker.rpc.collect()
while not is_over() or count < 40:
    with connect() as each:
        count = batch(each, count)
        each.run(collect)
client.close()
print(f"tasks {count}", flush=True)
`
