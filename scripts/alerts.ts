import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { findPromtool } from './alert-tools/index.ts'

// Has promtool check the alerts and run their tests; `alerts.ts build` makes it ready and no more.

const root = join(import.meta.dirname, '..')
const stopped = new AbortController()
const progress = (line: string): void => console.error(line)
process.once('SIGINT', () => stopped.abort(new Error('interrupted')))
process.once('SIGTERM', () => stopped.abort(new Error('terminated')))

try {
  const promtool = await findPromtool({ signal: stopped.signal, progress })
  if (process.argv[2] === 'build') console.log(`made ready: ${promtool}`)
  else
    process.exitCode =
      (await run(promtool, ['check', 'rules', 'deploy/chart/rules/alerts.yaml'])) ||
      (await run(promtool, ['test', 'rules', ...globSync('test/alerts/*.yaml', { cwd: root })]))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 1))
  })
}
