import { createHash } from 'node:crypto'
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Call, within } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'

const doneMarker = 'complete'
const makeMs = 900_000

export const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dask-cloud-operator')

/** What something was made of, short enough for its name. */
export const keyOf = (madeOf: unknown): string =>
  createHash('sha256').update(JSON.stringify(madeOf)).digest('hex').slice(0, 16)

/**
 * A folder of the user's cache, made once: its name should tell what it was made of. Whoever comes while it is being made
 * waits; what a killed process left half made is made anew.
 */
export async function cachedFolder(
  name: string,
  make: (folder: string, call: Call) => Promise<void>,
  { signal }: Call,
): Promise<string> {
  const folder = join(cacheFolder(), name)
  await poll(() => take(folder, make, { signal }), 200, within({ signal }, makeMs))
  return folder
}

/** True when it is there, undefined while another process makes it. */
async function take(
  folder: string,
  make: (folder: string, call: Call) => Promise<void>,
  call: Call,
): Promise<true | undefined> {
  if (await isDone(folder)) return true
  const lock = `${folder}.lock`
  if (!(await lockFor(lock))) return undefined
  try {
    if (await isDone(folder)) return true
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await make(folder, call)
    await writeFile(join(folder, doneMarker), '')
    return true
  } finally {
    await rm(lock, { force: true })
  }
}

const isDone = (folder: string): Promise<boolean> => exists(join(folder, doneMarker))

/** Whether the lock is ours now. A lock whose process has ended is taken away, by one of those who see it. */
async function lockFor(lock: string): Promise<boolean> {
  await mkdir(cacheFolder(), { recursive: true })
  try {
    await using file = await open(lock, 'wx')
    await file.writeFile(String(process.pid))
    return true
  } catch {
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
    if (owner > 0 && !isRunning(owner)) {
      const aside = `${lock}.${process.pid}`
      await rename(lock, aside).catch(() => undefined)
      await rm(aside, { force: true })
    }
    return false
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
