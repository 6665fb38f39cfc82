import { startVitest } from 'vitest/node'
import { summary, TestSummaryReporter } from './test-summary-reporter.ts'

/**
 * Runs the tests and ends with one line: `N passed, N failed`, and how many were skipped where any were.
 * `npm test -- unit contract` runs these projects alone; `npm test -- unit -- backoff` the files of one that match.
 */
const asked = process.argv.slice(2)
const split = asked.indexOf('--')
const projects = split === -1 ? asked : asked.slice(0, split)
const files = split === -1 ? [] : asked.slice(split + 1)

const reporter = new TestSummaryReporter()
const problem = await run()
for (const skipped of reporter.skipped) console.log(skipped)
if (problem !== undefined) console.log(problem)
const { counts } = reporter
const failed = counts.failed + (problem === undefined ? 0 : 1)
console.log(summary({ ...counts, failed }))
process.exit(failed === 0 ? 0 : 1)

/** What went wrong beside the tests, or undefined. */
async function run(): Promise<string | undefined> {
  try {
    const project = projects.length > 0 ? { project: projects } : {}
    const reporters = ['default', reporter]
    const vitest = await startVitest(files, { run: true, watch: false, reporters, ...project })
    await vitest.close()
  } catch (error) {
    return `the run broke off: ${error instanceof Error ? error.message : String(error)}`
  }
  if (reporter.counts.passed + reporter.counts.failed === 0) return 'no test ran'
  const idle = projects.filter(name => !reporter.projects.has(name))
  if (idle.length > 0) return `no test ran in ${idle.join(', ')}`
  const silent = process.exitCode !== undefined && process.exitCode !== 0 && reporter.counts.failed === 0
  return silent ? 'vitest failed, and no test did' : undefined
}
