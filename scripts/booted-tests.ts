import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type GroundCall, hindrance, prepareGround } from '../test/support/machines/ground.ts'
import { runInside } from '../test/support/machines/namespaces.ts'
import { groundVariables, isInside, withoutMachines } from '../test/support/machines/suite.ts'
import { daskPython } from '../test/support/python.ts'
import { findSource, NoControlPlane } from './controlplane/source.ts'
import { Interrupt } from './interrupt.ts'
import { type Counts, none, readSummary } from './test-summary-reporter.ts'

/** Of the project that is tested: whoever has none is not asked for machines. */
const folder = 'test/booted'
const groundMs = 900_000

/** Whether machines are to boot, and can: else their tests are skipped where they are, with the reason. */
export async function wantsBooted(projects: readonly string[]): Promise<boolean> {
  if (isInside(process.env) || (projects.length > 0 && !projects.includes('booted'))) return false
  if (!existsSync(folder)) return false
  const reason = await hindrance()
  if (reason === undefined) return true
  Object.assign(process.env, withoutMachines(reason))
  return false
}

/** Fetches what machines are made of, and then runs the tests where no packet can leave. */
export async function runBooted(files: readonly string[]): Promise<Counts> {
  try {
    const call = { signal: AbortSignal.timeout(groundMs), progress: console.log }
    const ground = await prepareGround(call)
    await prepareOthers(call)
    return await inside(files, groundVariables(ground))
  } catch (error) {
    console.log(`no machine can be booted: ${error instanceof Error ? error.message : String(error)}`)
    return { ...none, failed: 1 }
  }
}

/** What a run in the namespace looks for in the cache: there is nowhere to fetch it from. */
async function prepareOthers(call: GroundCall): Promise<void> {
  await daskPython(call)
  await findSource(call).catch((error: unknown) => {
    if (!(error instanceof NoControlPlane)) throw error
  })
}

/** A signal ends the run inside at once: nothing of it is worth keeping, and all of it is gone before this process is. */
async function inside(
  files: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Counts> {
  const script = join(import.meta.dirname, 'test.ts')
  const words = [process.execPath, script, 'booted', ...(files.length > 0 ? ['--', ...files] : [])]
  const interrupt = new Interrupt(name => console.log(`ended by ${name}`))
  let last = ''
  const heard = (text: string): void => {
    process.stdout.write(text)
    last = (last + text).slice(-500)
  }
  await runInside(words, { signal: interrupt.signal, variables, heard })
  if (interrupt.exitCode !== undefined) process.exit(interrupt.exitCode)
  return readSummary(last) ?? { ...none, failed: 1 }
}
