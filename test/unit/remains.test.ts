import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'

const config = `export default { test: { include: ['*.test.ts'] } }`
const idle = 'setInterval(() => undefined, 1_000)'
/** A test that begins a process of another session, which knows its folder and nothing else of the run, and that then waits. */
const waiting = `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { test } from 'vitest'
import { temporaryFolder } from '${resolve('scripts/remains.ts')}'
test('waits', async () => {
  const folder = await temporaryFolder('remains')
  const env = { PATH: process.env['PATH'] }
  const child = spawn(process.execPath, ['-e', "${idle}", folder], { env, detached: true, stdio: 'ignore' })
  writeFileSync('begun.tmp', JSON.stringify({ pid: child.pid, folder }))
  await new Promise(resolve => setTimeout(resolve, 600_000))
}, 600_000)`

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'a run that is ended by %s leaves no process that has a folder of it, and no such folder',
  async signal => {
    await using directory = await runnable()
    const run = spawn(process.execPath, [resolve('scripts/test.ts')], {
      cwd: directory.path,
      env: withoutVitest(),
      stdio: 'ignore',
    })
    const { pid, folder } = await begun(directory.path)
    expect([isAlive(pid), existsSync(folder)]).toEqual([true, true])
    run.kill(signal)
    await once(run, 'exit')
    const gone = (): true | undefined => (isAlive(pid) || existsSync(folder) ? undefined : true)
    expect(await poll(gone, 20, { signal: AbortSignal.timeout(20_000) })).toBe(true)
  },
)

async function runnable(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'run-'))
  await mkdir(join(path, 'test'))
  await symlink(resolve('node_modules'), join(path, 'node_modules'))
  await writeFile(join(path, 'vitest.config.ts'), config)
  await writeFile(join(path, 'waits.test.ts'), waiting)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** What the run has begun, once it is all written. */
function begun(directory: string): Promise<{ readonly pid: number; readonly folder: string }> {
  const read = async () => {
    const text = await readFile(join(directory, 'begun.tmp'), 'utf8').catch(() => '')
    return text.endsWith('}') ? (JSON.parse(text) as { pid: number; folder: string }) : undefined
  }
  return poll(read, 20, { signal: AbortSignal.timeout(20_000) })
}

const withoutVitest = (): NodeJS.ProcessEnv => {
  const { VITEST: _, ...env } = process.env
  return env
}

/** Who has ended and is not yet noticed by its parent has no words. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}
