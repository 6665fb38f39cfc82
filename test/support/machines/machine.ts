import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { poll } from '../../../src/lib/wait.ts'
import type { Described } from './datasource.ts'
import { ip, type MachineNetwork } from './network.ts'
import { currentRun } from './run-name.ts'
import { cgroupRoots, removeGroup } from './traces.ts'

const run = promisify(execFile)

const endMs = 15_000

interface Parts {
  readonly described: Described
  readonly folder: string
  readonly name: string
  readonly network: MachineNetwork
  readonly hasEngine: boolean
}

/** Where machines of one room come from. */
export interface Place {
  /** What a disk begins as. */
  readonly root: string
  readonly folder: string
  readonly network: MachineNetwork
  /** Whether a container engine is to run in them: it needs more of the host than a cloud's image does. */
  readonly hasEngine: boolean
}

/** A machine that boots as one in a cloud does: systemd as PID 1, its own network card, DHCP, cloud-init. */
export class BootedMachine {
  readonly #parts: Parts
  readonly #child: ChildProcess
  readonly #gone: Promise<void>

  private constructor(parts: Parts, child: ChildProcess, console: ChildProcess) {
    this.#parts = parts
    this.#child = child
    this.#gone = once(child, 'exit').then(() => {
      console.kill()
      return clear(parts)
    })
  }

  /** Powers on. `image` are files that its cloud's image would have. */
  static async start(
    described: Described,
    { root, folder: parent, network, hasEngine }: Place,
    image: Readonly<Record<string, string>>,
  ): Promise<BootedMachine> {
    const name = `${currentRun()}-m${described.ip.split('.').at(-1)}`
    const folder = join(parent, described.id)
    const parts = { described, folder, name, network, hasEngine }
    const disk = join(folder, 'root')
    for (const each of ['root', 'upper', 'work']) await mkdir(join(folder, each), { recursive: true })
    const layers = `lowerdir=${root},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`
    await run('mount', ['-t', 'overlay', 'overlay', '-o', layers, disk])
    const { source } = network
    const dmi = Object.entries(source.dmi(described)).map(([file, text]) => [
      `/etc/emulator/dmi/${file}`,
      `${text}\n`,
    ])
    const files = {
      '/etc/cloud/cloud.cfg.d/99-emulator.cfg': source.cloudConfig,
      ...Object.fromEntries(dmi),
      ...source.files(described),
      ...image,
    }
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(disk, path)), { recursive: true })
      // What a cloud has on a drive, only root can read.
      await writeFile(join(disk, path), String(text), { mode: path.includes('/seed/') ? 0o600 : 0o644 })
    }
    await plugIn(name, described.mac)
    await network.add(described)
    const console = await keepConsole(parts)
    return new BootedMachine(parts, await powerOn(parts, disk), console)
  }

  get id(): string {
    return this.#parts.described.id
  }

  /** The folder with all that it has written since it was switched on. */
  get disk(): string {
    return join(this.#parts.folder, 'upper')
  }

  /** Resolves when it is off, by whoever's hand, and nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone
  }

  /** Everything it has written to its console. */
  async console(): Promise<string> {
    return readFile(join(this.#parts.folder, 'console.log'), 'utf8').catch(() => '')
  }

  /** Runs a program in it, as root. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const leader = await this.#leader()
    const { stdout } = await run('nsenter', ['-t', String(leader), '-a', program, ...args])
    return stdout
  }

  /** Pulls the plug. */
  async kill(): Promise<void> {
    const leader = leaderOf(this.#child.pid)
    if (leader !== undefined) process.kill(leader, 'SIGKILL')
    else this.#child.kill('SIGKILL')
    await Promise.race([this.#gone, new Promise(resolve => setTimeout(resolve, endMs).unref())])
  }

  async #leader(): Promise<number> {
    return poll(() => leaderOf(this.#child.pid), 50, { signal: AbortSignal.timeout(endMs) })
  }
}

/** A cable from the bridge to a card in a namespace of the machine's own; the machine brings it up. */
async function plugIn(name: string, mac: string): Promise<void> {
  // That of an earlier machine at this address may still be there.
  await ip('netns', 'del', name).catch(() => undefined)
  await ip('netns', 'add', name)
  const cable = `v${mac.replaceAll(':', '').slice(-6)}`
  await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  await ip('link', 'set', cable, 'master', 'br0', 'up')
  await ip('-n', name, 'link', 'set', 'lo', 'up')
  await ip('-n', name, 'link', 'set', 'eth0', 'address', mac)
}

/** What is written to a pipe that anybody may open at any time goes into a file. */
async function keepConsole({ folder }: Parts): Promise<ChildProcess> {
  await run('mkfifo', [join(folder, 'console')])
  return spawn('sh', ['-c', 'exec cat <>console >>console.log'], { cwd: folder, stdio: 'ignore' })
}

/** Each flag is needed where there is no systemd on the host and cgroups may be of version 1. */
async function powerOn({ folder, name, hasEngine }: Parts, disk: string): Promise<ChildProcess> {
  const own = hasEngine ? await engineWords(folder) : ['--capability=CAP_NET_ADMIN']
  const groups = cgroupRoots.map(each => join(each, name))
  for (const each of groups) await mkdir(each, { recursive: true })
  const joined = groups.map(each => `echo $$ >${each}/cgroup.procs`).join(' && ')
  const child = spawn(
    'sh',
    [
      '-c',
      `${joined} && exec "$@"`,
      'sh',
      'systemd-nspawn',
      '--quiet',
      `--directory=${disk}`,
      '--register=no',
      '--keep-unit',
      `--machine=${name}`,
      `--network-namespace-path=/run/netns/${name}`,
      '--resolv-conf=off',
      '--timezone=off',
      '--link-journal=no',
      ...own,
      '--console=pipe',
      `--bind=${join(folder, 'console')}:/dev/console`,
      '--boot',
    ],
    {
      stdio: 'ignore',
      detached: true,
      env: {
        PATH: process.env['PATH'] ?? '',
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
        ...(hasEngine ? { SYSTEMD_SECCOMP: '0' } : {}),
      },
    },
  )
  return child
}

/** An engine makes namespaces, mounts and overlays of its own, and an overlay cannot lie on another. */
async function engineWords(folder: string): Promise<readonly string[]> {
  const words = ['docker', 'containerd'].map(name => {
    const path = join(folder, name)
    return { path, word: `--bind=${path}:/var/lib/${name}` }
  })
  for (const { path } of words) await mkdir(path, { recursive: true })
  return ['--capability=all', ...words.map(({ word }) => word)]
}

/** PID 1 of the machine: the child of nspawn. */
function leaderOf(pid: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return Number(children[0]) || undefined
  } catch {
    return undefined
  }
}

/** The console stays, for who wants to know why. */
async function clear({ described, folder, name, network }: Parts): Promise<void> {
  await network.remove(described)
  await run('umount', [join(folder, 'root')]).catch(() => run('umount', ['--lazy', join(folder, 'root')]))
  await ip('netns', 'del', name).catch(() => undefined)
  for (const each of ['root', 'upper', 'work', 'docker', 'containerd'])
    await rm(join(folder, each), { recursive: true, force: true })
  for (const each of cgroupRoots) await removeGroup(join(each, name)).catch(() => undefined)
}
