import { execFile } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../../scripts/remains.ts'
import { renderCloudConfig } from '../../src/bootstrap/cloud-config.ts'
import { renderUnit } from '../../src/bootstrap/unit.ts'
import type { LaunchRequest } from '../../src/clouds/contract.ts'
import { readSupervisor } from '../../src/clouds/local/folders.ts'
import { Loopback } from '../../src/clouds/local/loopback.ts'
import { kill, processesOf } from '../../src/clouds/local/processes.ts'
import { LocalCloud } from '../../src/clouds/local/provider.ts'
import type { Call } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Machine } from '../../src/model/machine.ts'
import { installationId, type MachineId } from '../../src/model/names.ts'
import { aLaunchRequest } from './launch-request.ts'

const run = promisify(execFile)

export const patience: Call = { signal: AbortSignal.timeout(500_000) }

/** A state directory of its own in which local clouds are opened; nothing that ran there outlives it. */
export class LocalGround implements AsyncDisposable {
  readonly folder: string
  readonly cache: string
  readonly #python: string | undefined

  private constructor(folder: string, python: string | undefined) {
    this.folder = folder
    this.cache = join(folder, 'cache')
    this.#python = python
  }

  static async create(python?: string): Promise<LocalGround> {
    return new LocalGround(await temporaryFolder('local-ground'), python)
  }

  open(installation = 'ours'): LocalCloud {
    return new LocalCloud({
      installation: installationId(installation),
      stateDirectory: join(this.folder, 'state'),
      cacheDirectory: this.cache,
      python: this.#python,
      loopback: this.loopback,
    })
  }

  get loopback(): Loopback {
    return new Loopback(join(this.folder, 'claims'))
  }

  home(id: MachineId, installation = 'ours'): string {
    return join(this.folder, 'state', installation, 'machines', id)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const state = join(this.folder, 'state')
    for (const installation of await readdir(state).catch(() => []))
      for (const id of await readdir(join(state, installation, 'machines')).catch(() => [])) {
        const home = join(state, installation, 'machines', id)
        const supervisor = await readSupervisor(home)
        if (supervisor !== undefined) await kill(await processesOf({ folder: home, supervisor, known: [] }))
      }
    await rm(state, { recursive: true, force: true, maxRetries: 5 })
    // Supervisors without a folder end by themselves, and write Node's compile cache on their way out.
    const quiet = async (): Promise<true | undefined> => {
      const { stdout } = await run('ps', ['-A', '-o', 'args='])
      return stdout.includes(`${state}/`) ? undefined : true
    }
    await poll(quiet, 50, soon())
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export const aRequest = (changes: Partial<LaunchRequest> = {}): LaunchRequest =>
  aLaunchRequest({ offering: 'local', userData: programUserData('exec sleep 3600'), ...changes })

/** A boot text whose service is this shell program instead of Dask. */
export function programUserData(program: string, install = ':'): string {
  return renderCloudConfig(
    [
      ...['ca.pem', 'node.pem', 'node.key'].map(name => file(`/etc/dask/${name}`, `${name}\n`)),
      file('/etc/dask/env', ''),
      script('gpu.sh', ':'),
      script('install.sh', install),
      script('run.sh', program),
      file('/etc/systemd/system/dask.service', renderUnit('worker')),
    ],
    [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'dask.service'],
    ],
  )
}

/** Lists until all of these machines are of one of the kinds. */
export function become(
  cloud: LocalCloud,
  ids: readonly MachineId[],
  ...kinds: readonly Machine['state']['kind'][]
): Promise<readonly Machine[]> {
  return poll(
    async () => {
      const { machines } = await cloud.list(patience)
      const found = machines.filter(({ id }) => ids.includes(id))
      return found.length === ids.length && found.every(({ state }) => kinds.includes(state.kind))
        ? found
        : undefined
    },
    30,
    { signal: AbortSignal.timeout(60_000) },
  )
}

/** The pids of whatever runs of a machine, its supervisor first. */
export async function pidsOf(home: string): Promise<readonly number[]> {
  const supervisor = await readSupervisor(home)
  if (supervisor === undefined) return []
  const all = (await processesOf({ folder: home, supervisor, known: [] })).map(({ pid }) => pid)
  return [supervisor.pid, ...all.filter(pid => pid !== supervisor.pid)]
}

const script = (name: string, text: string) => ({
  path: `/etc/dask/${name}`,
  permissions: '0755',
  content: `#!/bin/sh\n${text}\n`,
})

const file = (path: string, content: string) => ({ path, permissions: '0644', content })

/** Enough for a step of a machine, on a busy computer. */
export const soon = (): Call => ({ signal: AbortSignal.timeout(20_000) })

export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** True once none of them runs; rejects where one still does after a while. */
export const untilDead = (pids: readonly number[]): Promise<true> =>
  poll(() => (pids.some(lives) ? undefined : true), 20, soon())
