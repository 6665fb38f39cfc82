import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Integration tests that wait more than they work, the longest first: of each, most of the time nothing runs but a clock.
 * Several of these files run at once. Who measures, or needs the processor, is not among them and has it alone.
 */
export const waitingTests: readonly string[] = [
  'operator-outage',
  'operator-ec2-slow',
  'operator-rehearsals',
  'operator-restore',
  'operator-rest',
  'operator-watches',
  'operator-faults',
  'operator-lifetime',
  'operator-sweeper',
  'operator-credentials',
  'operator-rolling',
  'operator-strangers',
  'operator-rights',
  'kube-plugins',
  'kube-credentials',
].map(name => `test/integration/${name}.test.ts`)

/** So many on two cores: the longest waits beside all of the others. */
export const waitingAtOnce = 4

/** As vitest would, but those that wait begin in the order in which they are named: who begins last should not take long. */
export class LongestWaitFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own method of this name, which returns another list
    const usual = await super.sort(files)
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

/** -1 for those that do not wait. */
const placeOf = ({ moduleId }: TestSpecification): number =>
  waitingTests.findIndex(each => moduleId.endsWith(`/${each}`))
