import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

import type { Call } from '../../src/lib/call.ts'
import { cachedFolder, exists, keyOf } from './cached-folder.ts'

const run = promisify(execFile)

const requirements = ['dask==2026.8.0', 'distributed==2026.8.0']

export interface PythonCall extends Call {
  /** Told in one line what takes time. */
  readonly progress: (line: string) => void
}

/** The path of a Python that has Dask, made once and kept in the cache directory. */
export const daskPython = (call: PythonCall): Promise<string> => pythonWith(requirements, call)

/** The same for other packages, as pip writes them. */
export async function pythonWith(
  packages: readonly string[],
  { signal, progress }: PythonCall,
): Promise<string> {
  const version = await pythonVersion({ signal })
  const key = keyOf([version, packages])
  const make = (folder: string, call: Call): Promise<void> => install(folder, packages, { ...call, progress })
  return join(await cachedFolder(`python-${key}`, make, { signal }), 'bin', 'python')
}

/** Progress of a test's preparations, where a person looks for it. */
export const tell = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

async function install(
  folder: string,
  packages: readonly string[],
  { signal, progress }: PythonCall,
): Promise<void> {
  const began = performance.now()
  const python = join(folder, 'bin', 'python')
  const uv = await onPath('uv')
  progress(`installing ${packages.join(' ')} into ${folder} with ${uv === undefined ? 'venv and pip' : 'uv'}`)
  if (uv === undefined) {
    await step('python3', ['-m', 'venv', folder], { signal })
    await step(python, ['-m', 'pip', 'install', '--quiet', ...packages], { signal })
  } else {
    await step(uv, ['venv', '--quiet', '--allow-existing', folder], { signal })
    await step(uv, ['pip', 'install', '--quiet', '--python', python, ...packages], { signal })
  }
  progress(`installed in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

async function pythonVersion({ signal }: Call): Promise<string> {
  if ((await onPath('python3')) === undefined)
    throw new Error('no python3 on PATH: install Python 3.10 or later to run the tests that need Dask')
  const { stdout } = await run('python3', ['-c', 'import sys; print(sys.version, sys.prefix)'], { signal })
  return stdout.trim()
}

export async function step(command: string, args: readonly string[], { signal }: Call): Promise<void> {
  try {
    await run(command, [...args], { signal })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-2000) : ''
    throw new Error(`${command} ${args.join(' ')} failed\n${said}`, { cause: error })
  }
}

export async function onPath(command: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  for (const folder of folders) if (await exists(join(folder, command))) return join(folder, command)
  return undefined
}
