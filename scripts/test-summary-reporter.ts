import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 }

export const sum = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** The counts that a run ended with, from the end of what it said; undefined where it ended otherwise. */
export function readSummary(said: string): Counts | undefined {
  const found = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(said)
  if (found === null) return undefined
  const [, passed, failed, skipped = 0] = found
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}

export const summary = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/**
 * Counts tests, and what is no test and went wrong all the same: a file that cannot be loaded or holds none, a hook that
 * failed, an error nobody caught. Each of those is one more failure.
 */
export class TestSummaryReporter implements Reporter {
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  readonly #skipped: string[] = []
  readonly #kinds = new Set<string>()

  get counts(): Counts {
    return this.#counts
  }

  /** Each skipped test by name, with its reason. */
  get skipped(): readonly string[] {
    return this.#skipped
  }

  /** The kinds of test of which there was one. */
  get kinds(): ReadonlySet<string> {
    return this.#kinds
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    for (const test of tests) this.#kinds.add(kindOf(test))
    const having = (state: string): readonly TestCase[] => tests.filter(test => test.result().state === state)
    const suites = modules.flatMap(module => [module, ...module.children.allSuites()])
    const broken = suites.filter(suite => suite.errors().length > 0).length
    const skipped = having('skipped')
    this.#skipped.push(...skipped.map(named))
    this.#counts = {
      passed: having('passed').length,
      failed: having('failed').length + having('pending').length + broken + errors.length,
      skipped: skipped.length,
    }
  }
}

/** `integration:waiting` is a project of the kind `integration`. */
const kindOf = ({ project }: TestCase): string => project.name.replace(/:.*$/, '')

function named(test: TestCase): string {
  const result = test.result()
  const reason = result.state === 'skipped' ? result.note : undefined
  return `skipped: ${kindOf(test)} > ${test.fullName} (${reason ?? test.options.mode})`
}
