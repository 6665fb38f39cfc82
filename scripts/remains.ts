import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const variable = 'DASK_TEST_REMAINS'

/**
 * Sees to it that this run of tests leaves no process and no folder, however it ends: by itself, by Ctrl-C or killed. A process
 * of its own, which outlives it, ends whatever has one of the run's folders in its words or its environment.
 */
export function watchRemains(): void {
  const run = `${process.pid}-${randomBytes(4).toString('hex')}`
  process.env[variable] = run
  const child = spawn(process.execPath, [join(import.meta.dirname, 'remains-watcher.ts'), run], {
    // What ends this process's group must not end the one who cleans up after it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => undefined)
  child.unref()
}

/** A new folder for temporary files, named so that the end of the run finds it and whoever was started with it. */
export function temporaryFolder(name: string, parent = tmpdir()): Promise<string> {
  const run = process.env[variable]
  return mkdtemp(join(parent, run === undefined ? `${name}-` : `${name}${markOf(run)}`))
}

/** What names of a run's folders hold, and its own environment does not. */
export const markOf = (run: string): string => `-${run}-`
