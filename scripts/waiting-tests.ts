import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Integration tests that wait more than they work, of which several files run at once, in this order: the longest first, but
 * for the simulated EC2, which needs the processor most when it begins, as all of them do, and has a deadline of ten seconds.
 */
export const waitingTests: readonly string[] = [
  'operator-gce-late',
  'operator-azure-slow',
  'operator-digitalocean-slow',
  'operator-azure-late',
  'operator-digitalocean-late',
  'operator-outage',
  'operator-rehearsals',
  'operator-restore',
  'operator-watches',
  'operator-ec2-slow',
  'operator-gce-slow',
  'operator-faults',
  'operator-digitalocean',
  'operator-lifetime',
  'operator-sweeper',
  'operator-credentials',
  'operator-rolling',
  'operator-strangers',
  'operator-class',
  'operator-tenant',
  'operator-rights',
  'chart',
  'cert-manager',
  'image',
  'operator-namespaced',
  'operator-service',
  'operator-gitops',
  'bench-azure',
  'bench-digitalocean',
  'bench-gcp',
  'kube-plugins',
  'kube-credentials',
].map(name => `test/integration/${name}.test.ts`)

/** So many on two cores: the longest waits beside all of the others. */
export const waitingAtOnce = 5

/** Those that measure, or keep the processor busy by themselves: each has it alone. The rest go two by two, since each waits for half of its time. */
export const busyTests: readonly string[] = [
  'operator-crashes',
  'bench',
  'bench-aws',
  'kube-events-crowd',
].map(name => `test/integration/${name}.test.ts`)

/** As vitest would, but those that wait begin in the order in which they are named. */
export class WaitingInOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own method of this name, which returns another list
    const usual = await super.sort(files)
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

/** -1 for those that do not wait. */
const placeOf = ({ moduleId }: TestSpecification): number =>
  waitingTests.findIndex(each => moduleId.endsWith(`/${each}`))
