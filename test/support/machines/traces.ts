import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { poll } from '../../../src/lib/wait.ts'
import { step } from '../python.ts'
import { isLeft } from './run-name.ts'

/** Where this kernel keeps cgroups, of either version. */
const cgroups = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd'].filter(each => existsSync(each))
export const cgroupRoots = cgroups.length > 0 ? cgroups : ['/sys/fs/cgroup']
export const namespaces = '/run/netns'
const tidyMs = 20_000

/** What there is of a run by now, each in a line: processes but its own, mounts, cgroups, folders and network namespaces. */
export function tracesOf(run: string): readonly string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return [
    ...processesOf(run, ['cmdline', 'cgroup']),
    ...mounts.filter(line => line.includes(run)).map(line => `mount ${line}`),
    ...named('cgroup', cgroupRoots, run),
    ...named('folder', [tmpdir()], run),
    ...named('namespace', [namespaces], run),
  ]
}

/** Processes that name a run in one of these files of theirs; `environ` finds those too that only belong to it. */
export function processesOf(
  run: string,
  files: readonly string[] = ['cmdline', 'cgroup', 'environ'],
): readonly string[] {
  const pids = readdirSync('/proc').filter(name => /^[0-9]+$/.test(name))
  return pids
    .filter(pid => files.some(file => read(`/proc/${pid}/${file}`).includes(run)))
    .map(pid => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, 200)}`)
}

/**
 * Takes away what a run leaves that was killed: cgroups and folders. Processes, mounts and network namespaces end with the
 * run's first process, which the kernel sees to; what is still ending is waited for. `ended` is a run of this process.
 */
export async function tidy(ended?: string): Promise<void> {
  const isOver = (name: string): boolean => isLeft(name) || (ended !== undefined && name.startsWith(ended))
  const left = entries([...cgroupRoots, tmpdir()]).filter(({ name }) => isOver(name))
  await Promise.all(left.map(({ path }) => remove(path)))
}

async function remove(path: string): Promise<void> {
  const gone = async (): Promise<true | undefined> => {
    await (path.startsWith(tmpdir()) ? rm(path, { recursive: true, force: true }) : removeGroup(path)).catch(
      () => undefined,
    )
    return existsSync(path) ? undefined : true
  }
  await poll(gone, 50, { signal: AbortSignal.timeout(tidyMs) }).catch((cause: unknown) => {
    throw new Error(`${path} of an earlier run cannot be removed`, { cause })
  })
}

/** A cgroup goes from its leaves up, once no process is in it. */
export async function removeGroup(path: string): Promise<void> {
  await step('find', [path, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], {
    signal: AbortSignal.timeout(tidyMs),
  })
}

const named = (kind: string, folders: readonly string[], run: string): readonly string[] =>
  entries(folders)
    .filter(({ name }) => name.startsWith(run))
    .map(({ path }) => `${kind} ${path}`)

const entries = (folders: readonly string[]) =>
  folders.flatMap(folder => names(folder).map(name => ({ name, path: join(folder, name) })))

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
