import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { summary } from './test-summary-reporter.ts'

/** Everything that continuous integration runs, cheapest first; whatever fails ends it. The last line is the tests' counts. */
const steps = ['check', 'verify', 'audit', 'test'] as const

for (const step of steps) {
  console.log(`--- ${step}`)
  const code = await run(join(import.meta.dirname, `${step}.ts`))
  if (code === 0) continue
  if (step !== 'test') {
    console.log(`${step} failed, so no test was run`)
    console.log(summary({ passed: 0, failed: 1, skipped: 0 }))
  }
  process.exitCode = 1
  break
}

function run(script: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script], { stdio: 'inherit' })
    child.once('error', reject)
    child.once('close', resolve)
  })
}
