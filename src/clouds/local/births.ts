import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Endpoint } from '../../model/machine.ts'
import type { MachineId } from '../../model/names.ts'
import { workerPort } from '../../model/ports.ts'
import type { LaunchRequest } from '../contract.ts'
import type { Ground } from './census.ts'
import { codeOf } from './faults.ts'
import { writeWhole } from './files.ts'
import {
  type BootRecord,
  discard,
  draftPath,
  exists,
  installationPaths,
  machinePaths,
  readSupervisor,
  readTags,
} from './folders.ts'
import type { Tags } from './tags.ts'

/** What machines of one launch have in common. */
export interface Birth {
  readonly request: LaunchRequest
  readonly boot: BootRecord
  /** The scheduler's, reserved before. */
  readonly endpoint: Endpoint | undefined
}

/**
 * Makes the machine of this id unless there is or was one. Its tags come into being with its folder, by one rename:
 * whatever is cut off after that leaves a machine that is listed, and that the same token finds and starts.
 */
export async function ensureMachine(ground: Ground, id: MachineId, birth: Birth): Promise<void> {
  const { machines, ended } = installationPaths(ground.folder)
  if (await exists(join(ended, `${id}.json`))) return
  const home = join(machines, id)
  const isNew = !(await exists(home)) && (await settle(ground, id, birth))
  if (!isNew && ((await readSupervisor(home)) !== undefined || (await exists(machinePaths(home).leaving))))
    return
  try {
    await start(home, birth.boot)
  } catch (error) {
    const tags = await readTags(home)
    // What could not be started must not count as made: the caller is told that nothing was.
    if (isNew && tags !== undefined) await discard(home, tags, ground.loopback)
    throw error
  }
}

/** False where somebody else was first. */
async function settle(ground: Ground, id: MachineId, { request, boot, endpoint }: Birth): Promise<boolean> {
  const home = join(installationPaths(ground.folder).machines, id)
  const draft = draftPath(ground.folder, id)
  await mkdir(draft, { mode: 0o700 })
  const claimed = endpoint ?? (await ground.loopback.claim(workerPort, home))
  try {
    const paths = machinePaths(draft)
    await writeFile(paths.boot, JSON.stringify(boot), { mode: 0o600 })
    await writeWhole(paths.tags, JSON.stringify(tagsOf(request, claimed)))
    await rename(draft, home)
    return true
  } catch (error) {
    await ground.loopback.release(claimed, home)
    await rm(draft, { recursive: true, force: true })
    if (['EEXIST', 'ENOTEMPTY'].includes(codeOf(error) ?? '')) return false
    throw error
  }
}

const tagsOf = (request: LaunchRequest, endpoint: Endpoint): Tags => ({
  token: request.token,
  owner: request.owner.uid,
  cluster: request.owner.key,
  role: request.role,
  group: request.group,
  launch: request.launch,
  seq: request.seq,
  fingerprint: request.fingerprint,
  createdAt: Date.now(),
  endpoint,
})

const program = fileURLToPath(new URL('supervisor.ts', import.meta.url))

/** A process of its own session: it outlives the operator, and has nothing of the operator's environment. */
async function start(home: string, { cache }: BootRecord): Promise<void> {
  const words = openSync(join(home, 'supervisor.log'), 'a', 0o600)
  try {
    const child = spawn(process.execPath, ['--max-semi-space-size=1', program, home], {
      cwd: home,
      detached: true,
      env: {
        PATH: process.env['PATH'],
        LANG: process.env['LANG'] ?? 'C.UTF-8',
        // Otherwise each supervisor compiles TypeScript for itself: 12 MB of its own instead of 30, and up in half the time.
        NODE_COMPILE_CACHE: join(dirname(cache), 'node'),
      },
      stdio: ['ignore', words, words],
    })
    await once(child, 'spawn')
    child.unref()
  } finally {
    closeSync(words)
  }
}
