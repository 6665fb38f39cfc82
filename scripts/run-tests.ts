import { startVitest } from 'vitest/node'
import { type Counts, TestSummaryReporter } from './test-summary-reporter.ts'

/** Runs these kinds of test (`!name`: all but that one; none: all) in this process and tells what was skipped and what went wrong. */
export async function runTests(kinds: readonly string[], files: readonly string[]): Promise<Counts> {
  const reporter = new TestSummaryReporter()
  const problem = await run(kinds, files, reporter)
  for (const skipped of reporter.skipped) console.log(skipped)
  if (problem !== undefined) console.log(problem)
  const { counts } = reporter
  return { ...counts, failed: counts.failed + (problem === undefined ? 0 : 1) }
}

/** What went wrong beside the tests, or undefined. */
async function run(
  kinds: readonly string[],
  files: readonly string[],
  reporter: TestSummaryReporter,
): Promise<string | undefined> {
  try {
    const project = kinds.length > 0 ? { project: kinds.flatMap(kind => [kind, `${kind}:*`]) } : {}
    const reporters = ['default', reporter]
    const vitest = await startVitest([...files], { run: true, watch: false, reporters, ...project })
    await vitest.close()
  } catch (error) {
    return `the run broke off: ${error instanceof Error ? error.message : String(error)}`
  }
  if (reporter.counts.passed + reporter.counts.failed + reporter.counts.skipped === 0) return 'no test ran'
  const idle = kinds.filter(kind => !kind.startsWith('!') && !reporter.kinds.has(kind))
  if (idle.length > 0) return `no test ran in ${idle.join(', ')}`
  const silent = process.exitCode !== undefined && process.exitCode !== 0 && reporter.counts.failed === 0
  return silent ? 'vitest failed, and no test did' : undefined
}
