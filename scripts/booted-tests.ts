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

type Heard = (text: string) => void

/** Fetches what machines are made of, and then runs the tests where no packet can leave. */
export async function runBooted(
  files: readonly string[],
  heard: Heard = text => process.stdout.write(text),
): Promise<Counts> {
  try {
    const call = { signal: AbortSignal.timeout(groundMs), progress: console.log }
    await prepareOthers(call)
    return await inside(files, groundVariables(await prepareGround(call)), heard)
  } catch (error) {
    console.log(`no machine can be booted: ${error instanceof Error ? error.message : String(error)}`)
    return { ...none, failed: 1 }
  }
}

/**
 * Beside other tests, of which the first need the processor and these wait for machines: all of it together takes less than
 * an hour on two cores. What they say comes as one piece.
 */
export async function runBootedBeside(
  files: readonly string[],
  others: () => Promise<Counts>,
): Promise<readonly Counts[]> {
  await prepareOthers({ signal: AbortSignal.timeout(groundMs), progress: console.log })
  const booted = async (): Promise<Counts> => {
    let said = ''
    const counts = await runBooted(files, text => {
      said += text
    })
    console.log(`\nmachines that boot, beside the tests above and below:\n${said}`)
    return counts
  }
  return Promise.all([others(), booted()])
}

/** What others than machines need of the cache, fetched before two runs ask for it at once, or ask where it cannot be fetched. */
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
  say: Heard,
): Promise<Counts> {
  const script = join(import.meta.dirname, 'test.ts')
  const words = [process.execPath, script, 'booted', ...(files.length > 0 ? ['--', ...files] : [])]
  const interrupt = new Interrupt(name => console.log(`ended by ${name}`))
  let last = ''
  const heard = (text: string): void => {
    say(text)
    last = (last + text).slice(-500)
  }
  await runInside(words, { signal: interrupt.signal, variables, heard })
  if (interrupt.exitCode !== undefined) process.exit(interrupt.exitCode)
  return readSummary(last) ?? { ...none, failed: 1 }
}
