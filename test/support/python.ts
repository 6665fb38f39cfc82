import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

import { type Call, within } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'

const run = promisify(execFile)

const requirements = ['dask==2026.8.0', 'distributed==2026.8.0']

export interface PythonCall extends Call {
  /** Told in one line what takes time. */
  readonly progress: (line: string) => void
}

/**
 * The path of a Python that has Dask, made once and kept in the cache directory. Whoever comes while it is being made
 * waits; what a killed process left half made is made anew.
 */
export async function daskPython({ signal, progress }: PythonCall): Promise<string> {
  const version = await pythonVersion({ signal })
  const key = createHash('sha256')
    .update(JSON.stringify([version, requirements]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(cacheFolder(), `python-${key}`)
  const python = join(folder, 'bin', 'python')
  await poll(() => take(folder, { signal, progress }), 200, within({ signal }, 600_000))
  return python
}

/** Progress of a test's preparations, where a person looks for it. */
export const tell = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

/** True when it is there, undefined while another process makes it. */
async function take(folder: string, call: PythonCall): Promise<true | undefined> {
  if (await isDone(folder)) return true
  const lock = `${folder}.lock`
  if (!(await lockFor(lock))) return undefined
  try {
    if (!(await isDone(folder))) await make(folder, call)
    return true
  } finally {
    await rm(lock, { force: true })
  }
}

async function make(folder: string, { signal, progress }: PythonCall): Promise<void> {
  const began = performance.now()
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const python = join(folder, 'bin', 'python')
  const uv = await onPath('uv')
  progress(
    `installing ${requirements.join(' ')} into ${folder} with ${uv === undefined ? 'venv and pip' : 'uv'}`,
  )
  if (uv === undefined) {
    await step('python3', ['-m', 'venv', folder], { signal })
    await step(python, ['-m', 'pip', 'install', '--quiet', ...requirements], { signal })
  } else {
    await step(uv, ['venv', '--quiet', '--allow-existing', folder], { signal })
    await step(uv, ['pip', 'install', '--quiet', '--python', python, ...requirements], { signal })
  }
  await writeFile(join(folder, doneMarker), `${requirements.join('\n')}\n`)
  progress(`installed in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

const doneMarker = 'complete'

const isDone = (folder: string): Promise<boolean> => exists(join(folder, doneMarker))

async function pythonVersion({ signal }: Call): Promise<string> {
  if ((await onPath('python3')) === undefined)
    throw new Error('no python3 on PATH: install Python 3.10 or later to run the tests that need Dask')
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.version, sys.prefix)'], { signal })
  return stdout.trim()
}

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

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function step(command: string, args: readonly string[], { signal }: Call): Promise<void> {
  try {
    await run(command, [...args], { signal })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-2000) : ''
    throw new Error(`${command} ${args.join(' ')} failed\n${said}`, { cause: error })
  }
}

const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dask-cloud-operator')

async function onPath(command: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  for (const folder of folders) if (await exists(join(folder, command))) return join(folder, command)
  return undefined
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
