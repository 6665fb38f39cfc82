import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { integer, list, optional, record, text } from '../../lib/parse.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import type { BootPlan } from './boot-text.ts'
import { codeOf, unlessMissing } from './faults.ts'
import { readJson, writeWhole } from './files.ts'
import type { Loopback } from './loopback.ts'
import type { ProcessMark } from './processes.ts'
import { parseTags, type Tags } from './tags.ts'

/** Where everything of one installation is. */
export const installationPaths = (folder: string) => ({
  machines: join(folder, 'machines'),
  /** Tags of machines that have ended, so that their tokens make no others. */
  ended: join(folder, 'ended'),
  addresses: join(folder, 'addresses'),
  /** What is being made, and what is being taken away: nobody looks there. */
  drafts: join(folder, 'drafts'),
})

/** Where everything of one machine is. */
export const machinePaths = (home: string) => ({
  tags: join(home, 'tags.json'),
  boot: join(home, 'boot.json'),
  /** Who looks after the machine; there from the moment somebody does. */
  supervisor: join(home, 'supervisor.json'),
  processes: join(home, 'processes.json'),
  /** There once the machine is to end. */
  leaving: join(home, 'leaving'),
  /** There once Dask has been active. */
  running: join(home, 'running'),
  journal: join(home, 'journal.log'),
  root: join(home, 'root'),
})

/** What a supervisor needs to boot its machine. It holds a private key. */
export interface BootRecord extends BootPlan {
  /** The interpreter to begin with, or undefined for the one of the PATH. */
  readonly python: string | undefined
  /** Where environments are kept that machines share. */
  readonly cache: string
  /** Where it is written whose which address is. */
  readonly claims: string
}

const idPattern = /^m-[0-9a-f]{16}$/

/** The same for the same token, and another's for another installation. */
export function idOf(installation: string, token: string, index: number): MachineId {
  const hash = createHash('sha256').update(JSON.stringify([installation, token, index]))
  return machineId(`m-${hash.digest('hex').slice(0, 16)}`)
}

/** A name from outside is a machine's only if it looks like one: it becomes part of a path. */
export const isMachineId = (name: string): boolean => idPattern.test(name)

export async function machinesIn(folder: string): Promise<readonly MachineId[]> {
  const names = (await unlessMissing(readdir(folder))) ?? []
  return names
    .map(name => name.replace(/\.json$/, ''))
    .filter(isMachineId)
    .map(machineId)
}

export const readTags = (home: string): Promise<Tags | undefined> =>
  readJson(machinePaths(home).tags, parseTags)

export const readSupervisor = (home: string): Promise<ProcessMark | undefined> =>
  readJson(machinePaths(home).supervisor, raw => parseMark(raw, 'supervisor'))

export async function readProcesses(home: string): Promise<readonly ProcessMark[]> {
  const found = await readJson(machinePaths(home).processes, raw =>
    list(raw, 'processes').map((each, at) => parseMark(each, `processes[${at}]`)),
  )
  return found ?? []
}

export async function readBoot(home: string): Promise<BootRecord | undefined> {
  return readJson(machinePaths(home).boot, raw => {
    const { files, units, python, cache, claims } = record(raw, 'boot')
    return {
      files: list(files, 'boot.files').map((each, at) => parseFile(each, `boot.files[${at}]`)),
      units: list(units, 'boot.units').map((each, at) => text(each, `boot.units[${at}]`)),
      python: optional(python, 'boot.python', text),
      cache: text(cache, 'boot.cache'),
      claims: text(claims, 'boot.claims'),
    }
  })
}

export async function exists(path: string): Promise<boolean> {
  return (await unlessMissing(stat(path))) !== undefined
}

/**
 * Takes a machine's folder away after its tags have been put among the ended: from then on its token makes no other.
 * Nothing of it may run any more. May be done by several at once.
 */
export async function bury(home: string, tags: Tags, loopback: Loopback): Promise<void> {
  const { ended } = installationPaths(dirname(dirname(home)))
  await writeWhole(join(ended, `${basename(home)}.json`), JSON.stringify(tags))
  await discard(home, tags, loopback)
}

/** Takes a machine's folder away as if it had never been: for one of which nothing ever ran. */
export async function discard(home: string, { endpoint }: Tags, loopback: Loopback): Promise<void> {
  await loopback.release(endpoint, home)
  const draft = draftPath(dirname(dirname(home)), basename(home))
  try {
    await rename(home, draft)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  await rm(draft, { recursive: true, force: true, maxRetries: 3 })
}

/** A path that nobody else has, on the same disk. */
export const draftPath = (folder: string, name: string): string =>
  join(installationPaths(folder).drafts, `${name}.${randomBytes(6).toString('hex')}`)

export async function makeFolders(folder: string): Promise<void> {
  for (const path of Object.values(installationPaths(folder)))
    await mkdir(path, { recursive: true, mode: 0o700 })
}

/** Ended machines are remembered for longer than a launch may be sent again, and drafts for longer than any takes. */
const rememberedMs = 2 * 3_600_000

/** Forgets what is old enough. Nothing that anybody still asks for is. */
export async function tidy(folder: string, now: number): Promise<void> {
  const { ended, drafts } = installationPaths(folder)
  for (const place of [ended, drafts])
    for (const name of (await unlessMissing(readdir(place))) ?? []) {
      const path = join(place, name)
      const found = await unlessMissing(stat(path))
      if (found === undefined || now - found.mtimeMs < rememberedMs) continue
      await (found.isDirectory() ? rm(path, { recursive: true, force: true }) : unlessMissing(unlink(path)))
    }
}

function parseMark(raw: unknown, path: string): ProcessMark {
  const { pid, startedAt } = record(raw, path)
  return {
    pid: integer(pid, `${path}.pid`, { min: 2, max: 2 ** 31 }),
    startedAt: text(startedAt, `${path}.startedAt`),
  }
}

function parseFile(raw: unknown, at: string): BootPlan['files'][number] {
  const { path, mode, content } = record(raw, at)
  return {
    path: text(path, `${at}.path`),
    mode: integer(mode, `${at}.mode`, { min: 0, max: 0o777 }),
    content: content === '' ? '' : text(content, `${at}.content`),
  }
}
