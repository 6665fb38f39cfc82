import { join } from 'node:path'
import { type Audit, audit } from './audit/advisories.ts'

/**
 * Compares the packages of the lock file with the advisories of the registry that npm is configured for. Fails where
 * one is found; with `--required` also where nothing could be compared, which is otherwise said and nothing more.
 */
const limitMs = 60_000
const isRequired = process.argv.includes('--required')

const found = await asked()
if (typeof found === 'string') tell(found)
else for (const [what, verdict] of Object.entries(found)) report(what, verdict)

async function asked(): Promise<Audit | string> {
  const folder = join(import.meta.dirname, '..')
  try {
    return await audit({ folder, env: process.env }, { signal: AbortSignal.timeout(limitMs) })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.name === 'AbortError') return `there was no answer within ${limitMs / 1_000} s`
    if ('code' in error && error.code === 'ENOENT') return 'there is no npm on the PATH'
    throw error
  }
}

function report(what: string, verdict: Audit[keyof Audit]): void {
  if (verdict.kind === 'unchecked') return tell(verdict.why, what)
  if (verdict.kind === 'clean')
    return console.log(`audit: ${what}: no advisory against any of ${verdict.packages} packages`)
  console.log(`audit: ${what}: ${verdict.findings.length} packages with advisories`)
  for (const each of verdict.findings) console.log(`  ${each}`)
  process.exitCode = 1
}

function tell(why: string, what = 'all'): void {
  console.log(`audit: ${what}: NOT CHECKED: ${why}`)
  if (isRequired) process.exitCode = 1
}
