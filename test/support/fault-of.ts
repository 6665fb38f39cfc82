import { CloudError } from '../../src/model/faults.ts'

/** `none` where it succeeds. */
export const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof CloudError ? error.fault : error),
  )
