import { CloudError } from '../../src/model/faults.ts'

/** `none` where it succeeds. */
export const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof CloudError ? error.fault : error),
  )

/** The house's word for what went wrong, and what a person is told. */
export async function failure(
  doing: Promise<unknown>,
): Promise<{ readonly fault: string; readonly says: string }> {
  try {
    await doing
    return { fault: 'none', says: '' }
  } catch (error) {
    if (error instanceof CloudError) return { fault: error.fault, says: error.message }
    throw error
  }
}
