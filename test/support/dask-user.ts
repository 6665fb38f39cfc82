import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { poll } from '../../src/lib/wait.ts'
import type { SecretResource } from './cluster-e2e.ts'

export interface PythonRun {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** What a job of counted tasks came to. */
export interface Count {
  readonly tasks: number
  /** The sum of all results: of the squares of the tasks' numbers. */
  readonly total: number
  /** How often any task was begun. */
  readonly runs: number
}

/** A job of many tasks, which each write their number to a file when they begin. Results stay on the workers until the end. */
export class CountedJob {
  readonly #running: Promise<PythonRun>
  readonly #runs: string
  readonly #over: string

  constructor(running: Promise<PythonRun>, runs: string, over: string) {
    this.#running = running
    this.#runs = runs
    this.#over = over
  }

  /** Resolves once so many tasks have begun, in all. */
  async reached(tasks: number): Promise<void> {
    const found = async (): Promise<true | undefined> => ((await this.#begun()) >= tasks ? true : undefined)
    await poll(found, 50, { signal: AbortSignal.timeout(60_000) })
  }

  /** Resolves once so many more tasks have begun than by now. */
  async goesOn(tasks = 20): Promise<void> {
    await this.reached((await this.#begun()) + tasks)
  }

  /** Lets the tasks that are there be the last; throws where anything went wrong at the client. */
  async end(): Promise<Count> {
    await writeFile(this.#over, '')
    const { tasks, total } = answerOf(await this.#running) as Pick<Count, 'tasks' | 'total'>
    return { tasks, total, runs: await this.#begun() }
  }

  async #begun(): Promise<number> {
    const lines = await readFile(this.#runs, 'utf8').catch(() => '')
    return lines.split('\n').length - 1
  }
}

/** A Dask cluster as a client inside sees it. */
export interface DaskSight {
  readonly scheduler: string
  /** The pid of each worker, by its name. */
  readonly workers: Readonly<Record<string, number>>
}

const jobMs = 120_000

const connected = `
import json, os, sys, time
from distributed import Client, Security, get_worker
tls, address = os.environ['TLS'], os.environ['SCHEDULER']
security = None if address.startswith('tcp:') else Security(require_encryption=True,
    tls_ca_file=f'{tls}/ca.crt', tls_client_cert=f'{tls}/tls.crt', tls_client_key=f'{tls}/tls.key')
client = Client(address, timeout=20, security=security)
`

const counted = `${connected}
from distributed import wait

def task(number, seconds, runs):
    with open(runs, 'a') as file:
        file.write(f'{number}\\n')
    time.sleep(seconds)
    return number * number

seconds, runs, over = float(sys.argv[1]), sys.argv[2], sys.argv[3]
futures = []
while not os.path.exists(over):
    more = range(len(futures), len(futures) + 40)
    futures += client.map(task, more, seconds=seconds, runs=runs)
    wait(futures[:-20])
print(json.dumps({'tasks': len(futures), 'total': client.submit(sum, futures).result()}))
`

const visit = `${connected}
here, over = sys.argv[1:]
open(here, 'w').close()
while not os.path.exists(over):
    time.sleep(0.1)
client.close()
print('null')
`

const sight = `${connected}
wanted, deadline = set(sys.argv[1].split(',')), time.time() + 60
while True:
    workers = client.scheduler_info(n_workers=-1)['workers']
    pids = client.run(os.getpid, on_error='ignore')
    named = {workers[address]['name']: pid for address, pid in pids.items() if address in workers}
    if set(named) == wanted:
        break
    if time.time() > deadline:
        sys.exit(f'there are {sorted(named)}, not {sorted(wanted)}')
    time.sleep(0.2)
print(json.dumps({'scheduler': client.scheduler_info()['id'], 'workers': named}))
`

/** Somebody with a Python of their own and the files of one cluster's client Secret. */
export class DaskUser {
  /** Holds `dask/` with the Secret's files, as a pod that mounts it has them below /etc. */
  readonly folder: string
  readonly #python: string
  readonly #scheduler: string

  private constructor(python: string, folder: string, scheduler: string) {
    this.#python = python
    this.folder = folder
    this.#scheduler = scheduler
  }

  static async create(
    python: string,
    folder: string,
    {
      secret,
      scheduler = '',
    }: { readonly secret: Pick<SecretResource, 'data'> | undefined; readonly scheduler?: string | undefined },
  ): Promise<DaskUser> {
    await mkdir(join(folder, 'dask'), { recursive: true })
    for (const [name, value] of Object.entries(secret?.data ?? {}))
      await writeFile(join(folder, 'dask', name), Buffer.from(value, 'base64'), { mode: 0o600 })
    return new DaskUser(python, folder, scheduler)
  }

  /** Runs a program and returns what it says, whatever becomes of it; SIGKILL after two minutes. */
  run(program: string, args: readonly string[] = [], before: readonly string[] = []): Promise<PythonRun> {
    const [command = this.#python, ...rest] = [...before, this.#python, '-c', program, ...args]
    const child = spawn(command, rest, {
      cwd: this.folder,
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        SCHEDULER: this.#scheduler,
        TLS: join(this.folder, 'dask'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.timeout(jobMs),
      killSignal: 'SIGKILL',
    })
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return Promise.all([ended, text(child.stdout), text(child.stderr)]).then(([status, output, errors]) => ({
      status,
      output,
      errors,
    }))
  }

  /** What a program that is connected as `client` prints as JSON; throws where it says that anything went wrong. */
  async ask(program: string, args: readonly string[] = []): Promise<unknown> {
    return answerOf(await this.run(connected + program, args))
  }

  /** Begins a job of tasks of so many seconds that goes on until it is told to end. */
  count(seconds: number, name: string): CountedJob {
    const [runs, over] = [join(this.folder, `${name}.runs`), join(this.folder, `${name}.over`)]
    const running = this.run(counted, [String(seconds), runs, over])
    running.catch(() => undefined)
    return new CountedJob(running, runs, over)
  }

  /** Connects, and resolves then; stays connected and does nothing until it is told to leave. */
  async visit(name: string): Promise<{ leave(): Promise<void> }> {
    const [here, over] = [join(this.folder, `${name}.here`), join(this.folder, `${name}.over`)]
    const running = this.run(visit, [here, over])
    running.catch(() => undefined)
    const isHere = () =>
      readFile(here).then(
        () => true as const,
        () => undefined,
      )
    await poll(isHere, 50, { signal: AbortSignal.timeout(30_000) })
    return {
      leave: async () => {
        await writeFile(over, '')
        answerOf(await running)
      },
    }
  }

  /** The cluster once its workers are exactly these. */
  async see(machines: readonly string[]): Promise<DaskSight> {
    const names = machines.map(id => `w-${id}`).join(',')
    return answerOf(await this.run(sight, [names])) as DaskSight
  }
}

/** The sum of the squares of all numbers below. */
export const squaresBelow = (count: number): number => ((count - 1) * count * (2 * count - 1)) / 6

/** What a program printed last; throws where it failed, or complained to the person who ran it. */
export function answerOf({ status, output, errors }: PythonRun): unknown {
  if (status !== 0 || /Traceback|ERROR|CRITICAL/.test(errors))
    throw new Error(
      `the Python program ended with ${status}: ${output.slice(-1_000)}\n${errors.slice(-4_000)}`,
    )
  return JSON.parse(output.trim().split('\n').at(-1) ?? '')
}

/**
 * The words before a command with which it sees `FOLDER/dask` as /etc/dask, and nobody else does; undefined where this
 * machine does not let us. What lies below /etc stays as it is: the mount is seen by that command alone.
 */
export async function mountedAtEtc(user: DaskUser): Promise<readonly string[] | undefined> {
  const mount = 'mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"'
  for (const unshare of [
    ['unshare', '--mount'],
    ['unshare', '--user', '--map-root-user', '--mount'],
  ]) {
    const words = [...unshare, 'sh', '-c', mount, user.folder]
    const found = await user
      .run('import os; print(os.path.exists("/etc/dask/dask.yaml"))', [], words)
      .catch(() => undefined)
    if (found?.status === 0 && found.output.trim() === 'True') return words
  }
  return undefined
}
