import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import { codeOf } from './faults.ts'

/** One process for certain: a pid is given again, a pid with its time of start is not. */
export interface ProcessMark {
  readonly pid: number
  /** In the operating system's words; only equality means anything. */
  readonly startedAt: string
}

export interface RunningProcess extends ProcessMark {
  /** Its process group. */
  readonly group: number
}

/** Processes of a machine carry this variable with the path of its folder: so they are known wherever they went. */
export const folderVariable = 'DASK_MACHINE_FOLDER'

/** The process of this pid, or undefined where none runs; one that has ended and was not yet waited for does not run. */
export async function processOf(pid: number): Promise<RunningProcess | undefined> {
  return isLinux ? fromProc(pid) : (await fromPs(['-p', String(pid)])).at(0)
}

export async function isRunning({ pid, startedAt }: ProcessMark): Promise<boolean> {
  return (await processOf(pid))?.startedAt === startedAt
}

/** Sends a signal to this process and never to another that got its pid. Returns whether it was there. */
export async function signalProcess(mark: ProcessMark, signal: NodeJS.Signals): Promise<boolean> {
  return (await isRunning(mark)) && sent(mark.pid, signal)
}

/**
 * What runs of a machine: those of its supervisor's group that it may be held to, and on Linux whatever carries its
 * folder's name. A group is not trusted once its leader's pid belongs to somebody else.
 */
export async function processesOf(machine: {
  readonly folder: string
  readonly supervisor: ProcessMark
  /** Processes the supervisor wrote down. */
  readonly known: readonly ProcessMark[]
}): Promise<readonly RunningProcess[]> {
  const { folder, supervisor, known } = machine
  const all = await allProcesses()
  const leader = all.find(({ pid }) => pid === supervisor.pid)
  const isLed = leader?.startedAt === supervisor.startedAt
  const found: RunningProcess[] = []
  for (const each of all) {
    const isKnown = known.some(({ pid, startedAt }) => pid === each.pid && startedAt === each.startedAt)
    const isOurs = isKnown || (isLed && each.group === supervisor.pid) || (await carries(each.pid, folder))
    if (isOurs) found.push(each)
  }
  return found
}

/** Ends processes without asking; returns when none of them runs, or throws when the signal comes first. */
export async function kill(processes: readonly ProcessMark[]): Promise<void> {
  for (const each of processes) await signalProcess(each, 'SIGKILL')
}

const isLinux = process.platform === 'linux'

async function allProcesses(): Promise<readonly RunningProcess[]> {
  if (!isLinux) return fromPs(['-A'])
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.map(fromProc))
  return found.filter(each => each !== undefined)
}

/** See proc_pid_stat(5): the command may hold anything, so that fields count from its closing bracket. */
async function fromProc(pid: number): Promise<RunningProcess | undefined> {
  const stat = await readGone(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, group, ticks] = [fields?.[0], fields?.[2], fields?.[19]]
  if (state === undefined || 'ZX'.includes(state) || group === undefined || ticks === undefined)
    return undefined
  return { pid, group: Number(group), startedAt: `${await bootId()}/${ticks}` }
}

let boot: Promise<string> | undefined
function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(id => id.trim())
  return boot
}

async function carries(pid: number, folder: string): Promise<boolean> {
  if (!isLinux) return false
  const environment = await readGone(`/proc/${pid}/environ`)
  return environment?.split('\0').includes(`${folderVariable}=${folder}`) ?? false
}

/** A process may end, or turn out to be another user's, while it is looked at. */
async function readGone(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}

const run = promisify(execFile)

async function fromPs(selection: readonly string[]): Promise<readonly RunningProcess[]> {
  const args = [...selection, ...['pid=', 'pgid=', 'stat=', 'lstart='].flatMap(field => ['-o', field])]
  const { stdout } = await run('ps', args, {
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  }).catch(
    // ps ends with 1 where it has nothing to show.
    () => ({ stdout: '' }),
  )
  return stdout.split('\n').flatMap(line => {
    const [, pid, group, state, startedAt] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line) ?? []
    if (pid === undefined || startedAt === undefined || state?.startsWith('Z')) return []
    return [{ pid: Number(pid), group: Number(group), startedAt }]
  })
}

function sent(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
    throw error
  }
}
