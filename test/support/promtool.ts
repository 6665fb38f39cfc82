import { beforeEach } from 'vitest'
import { findPromtool, NoPromtool } from '../../scripts/alert-tools/index.ts'

const progress = (line: string): void => console.error(line)

/** Its path, to be asked for once at the top of a test file: where it cannot be had, every test of the file is skipped with the reason. */
export async function promtoolHere(): Promise<string> {
  try {
    return await findPromtool({ signal: AbortSignal.timeout(900_000), progress })
  } catch (error) {
    if (!(error instanceof NoPromtool)) throw error
    beforeEach(({ skip }) => skip(error.message))
    return ''
  }
}
