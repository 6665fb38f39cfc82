import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { SecretResource } from '../cluster-e2e.ts'
import { type Known, keysIn, scan } from '../scan.ts'
import { isSecret } from '../told.ts'
import type { BootedInstances } from './instances.ts'
import type { BootedMachine } from './machine.ts'
import type { SimulatedMachine } from './simulated-cloud.ts'

/** Larger files are programs and libraries. */
const largestFile = 4_000_000
/** What cloud-init keeps of the user data, for root alone, and what is made of it; on Azure the drive that it came on too. */
const homes = ['etc/dask/node.key', 'var/lib/cloud/', 'var/lib/waagent/ovf-env.xml']
/** Packages from the index, some with keys of their tests that everybody has. */
const packages = ['opt/dask-venv/lib/', 'opt/software-cache/']

interface Boarded {
  readonly machine: BootedMachine
  /** The name of its role's Secret. */
  readonly own: string
}

/** What is wrong with each machine. */
export const disksFindings = (
  machines: readonly Pick<SimulatedMachine, 'id' | 'role'>[],
  booted: BootedInstances,
  uid: string,
  secrets: readonly SecretResource[],
): Promise<readonly (readonly string[])[]> =>
  Promise.all(
    machines.map(async ({ id, role }) =>
      diskFindings({ machine: await booted.machine(id), own: `dask-${uid}-${role}` }, secrets),
    ),
  )

/**
 * Looks through everything that a machine has written since it was switched on, its journal and what its processes show of
 * themselves: its role's key is to be in its own file and in cloud-init's copy of the user data, for root alone, and nowhere else.
 */
async function diskFindings(
  { machine, own }: Boarded,
  secrets: readonly SecretResource[],
): Promise<readonly string[]> {
  const known = secrets.flatMap(({ metadata, data }) =>
    Object.entries(data).flatMap(([name, value]): Known[] =>
      isSecret(name) ? [{ name: metadata.name, value: Buffer.from(value, 'base64').toString() }] : [],
    ),
  )
  const problems: string[] = []
  const artefacts = [
    { name: 'the journal', text: await machine.run('journalctl', '--no-pager', '--output=export') },
    {
      name: 'the processes',
      text: await machine.run('sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ'),
    },
    { name: 'the console', text: await machine.console() },
  ]
  const holders: string[] = []
  for (const path of await written(machine.disk)) {
    const at = relative(machine.disk, path)
    const text = await readFile(path)
    const isHome = homes.some(home => at.startsWith(home))
    artefacts.push({ name: at, text: text.toString('latin1'), ...(isHome ? { holds: [own] } : {}) })
    if (keysIn(text).length === 0) continue
    holders.push(at)
    const { mode, uid } = await lstat(path)
    if ((mode & 0o077) !== 0 && !(await isShut(machine.disk, path)))
      problems.push(`${at}: a key in a file of mode ${(mode & 0o777).toString(8)} of user ${uid}`)
  }
  if (!holders.includes('etc/dask/node.key')) problems.push('no key was found where it belongs')
  return [...scan(artefacts, known), ...problems].map(each => `${own}: ${each}`)
}

/** Whether a folder on the way lets nobody but its owner pass. */
async function isShut(disk: string, path: string): Promise<boolean> {
  const parts = relative(disk, path).split('/').slice(0, -1)
  const folders = parts.map((_, at) => join(disk, ...parts.slice(0, at + 1)))
  const modes = await Promise.all(folders.map(async folder => (await lstat(folder)).mode))
  return modes.some(mode => (mode & 0o011) === 0)
}

async function written(disk: string): Promise<readonly string[]> {
  const entries = await readdir(disk, { recursive: true, withFileTypes: true })
  const files = entries
    .filter(each => each.isFile())
    .map(each => join(each.parentPath, each.name))
    .filter(path => !packages.some(each => relative(disk, path).startsWith(each)))
  const sizes = await Promise.all(files.map(async path => (await lstat(path)).size))
  return files.filter((_, at) => (sizes[at] ?? 0) <= largestFile)
}
