import { runBooted, runBootedBeside, wantsBooted } from './booted-tests.ts'
import { watchRemains } from './remains.ts'
import { runTests } from './run-tests.ts'
import { type Counts, sum, summary } from './test-summary-reporter.ts'

/**
 * Runs the tests and ends with one line: `N passed, N failed`, and how many were skipped where any were.
 * `npm test -- unit contract` runs these projects alone; `npm test -- unit -- backoff` the files of one that match.
 * Machines that boot need a network of their own: those tests run in a process of their own, beside the others.
 */
const asked = process.argv.slice(2)
const split = asked.indexOf('--')
const projects = split === -1 ? asked : asked.slice(0, split)
const files = split === -1 ? [] : asked.slice(split + 1)

watchRemains()
const counts = await all()
console.log(summary(counts))
process.exit(counts.failed === 0 ? 0 : 1)

async function all(): Promise<Counts> {
  const apart = await wantsBooted(projects)
  if (!apart) return runTests(projects, files)
  const others = projects.filter(name => name !== 'booted')
  const isAlone = projects.length > 0 && others.length === 0
  if (isAlone) return runBooted(files)
  const both = await runBootedBeside(files, () => runTests(others.length > 0 ? others : ['!booted'], files))
  return both.reduce(sum)
}
