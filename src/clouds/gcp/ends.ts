import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { Place } from '../own-machines.ts'
import { isGone } from './faults.ts'
import type { GcpSession } from './session.ts'

/** So many requests are on their way at once: Google knows no call for many machines. */
const atOnce = 24

/**
 * Asks for each machine's end; what Google does not know any more has ended. One that cannot be asked for does not hold up
 * the others: its failure is thrown when all of them have been.
 */
export async function end(session: GcpSession, machines: readonly Place[], call: Call): Promise<void> {
  const { project, clients } = session
  const left = [...machines]
  const failures: CloudError[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const asked = { project, zone: next.place, instance: next.id }
      await session
        .make('instances.delete', call, options => clients.instances.delete(asked, options))
        .catch((error: unknown) => {
          if (!(error instanceof CloudError)) throw error
          if (!isGone(error)) failures.push(error)
        })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, work))
  const worst = failures.find(({ fault }) => fault !== 'throttled') ?? failures[0]
  if (worst !== undefined) throw worst
}
