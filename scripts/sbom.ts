import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { npm } from './audit/npm.ts'
import { production } from './sbom/bill.ts'

/**
 * Prints what the operator runs on, as CycloneDX: every package of the lock file's production tree, by version, licence
 * and checksum. Nothing has to be installed. The image brings Node and Debian's files besides: their bill is made with it.
 */
const folder = join(import.meta.dirname, '..')
const args = [
  'sbom',
  '--sbom-format=cyclonedx',
  '--sbom-type=application',
  '--package-lock-only',
  '--include=dev',
]
const where = { folder, env: process.env }
const { output, complaints, code } = await npm(args, where, { signal: AbortSignal.timeout(60_000) })
if (code === 0) {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const { name } = read('package.json')
  console.log(
    JSON.stringify(production(JSON.parse(output), { name, lock: read('package-lock.json') }), null, 2),
  )
} else {
  console.error(`${complaints.trimEnd()}\nsbom: npm sbom failed (${code})`)
  process.exitCode = 1
}
