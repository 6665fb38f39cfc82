import type { Call } from '../../lib/call.ts'
import { endEach } from '../end-each.ts'
import type { Place } from '../own-machines.ts'
import { unless } from '../unless.ts'
import { isGone } from './faults.ts'
import type { GcpSession } from './session.ts'

/** So many requests are on their way at once. */
const atOnce = 24

/** Asks for each machine's end; what Google does not know any more has ended. */
export function end(session: GcpSession, machines: readonly Place[], call: Call): Promise<void> {
  const { project, clients } = session
  return endEach(machines, atOnce, ({ id: instance, place: zone }) =>
    unless(
      isGone,
      session.make('instances.delete', call, options =>
        clients.instances.delete({ project, zone, instance }, options),
      ),
    ),
  )
}
