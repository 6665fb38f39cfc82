import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

interface Check {
  readonly name: string
  readonly package: string
  readonly bin: string
  readonly args: readonly string[]
}

const fix = process.argv.includes('--fix')
const checks: readonly Check[] = [
  { name: 'types', package: 'typescript', bin: 'tsc', args: ['-p', '.'] },
  { name: 'lint', package: 'oxlint', bin: 'oxlint', args: ['--type-aware', ...(fix ? ['--fix'] : []), '.'] },
  {
    name: 'format',
    package: '@biomejs/biome',
    bin: 'biome',
    args: fix ? ['check', '--write', '.'] : ['ci', '.'],
  },
]

const passed = await (fix ? inTurn(checks) : Promise.all(checks.map(run)))
process.exitCode = passed.every(Boolean) ? 0 : 1

/** Fixes are made one tool after the other: two of them would write the same file. */
async function inTurn(all: readonly Check[]): Promise<readonly boolean[]> {
  const results: boolean[] = []
  for (const check of all) results.push(await run(check))
  return results
}

/** Runs one tool and prints everything it said once it has ended, so that tools that run together do not mix. */
async function run({ name, args, ...tool }: Check): Promise<boolean> {
  const began = Date.now()
  const child = spawn(process.execPath, [program(tool), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [output, complaints, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const seconds = ((Date.now() - began) / 1_000).toFixed(1)
  if (code !== 0) console.log(`${output}${complaints}`.trimEnd())
  console.log(`${name}: ${code === 0 ? 'good' : `failed (${code})`}, ${seconds} s`)
  return code === 0
}

function program(tool: Pick<Check, 'package' | 'bin'>): string {
  const folder = join(import.meta.dirname, '..', 'node_modules', tool.package)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, bin[tool.bin])
}
