import type { Call } from '../../lib/call.ts'
import { endEach } from '../end-each.ts'
import type { Place } from '../own-machines.ts'
import { unless } from '../unless.ts'
import { clearLeftovers } from './clearing.ts'
import { isGone } from './faults.ts'
import { machineNow } from './lists.ts'
import { taken } from './operations.ts'
import type { AzureSession } from './session.ts'
import type { Eyes } from './sizes.ts'

/** So many requests are on their way at once. */
const atOnce = 24

/**
 * Asks for each machine's end, and takes away what is left of those that have ended; what Azure does not know any more has
 * ended.
 */
export const end = (eyes: Eyes, machines: readonly Place[], call: Call): Promise<void> =>
  endEach(machines, atOnce, machine => endOne(eyes, machine, call))

/**
 * Its interface, address and disk go with it; where Azure has left one behind, that is taken away by itself. Azure says of a
 * machine that is not there what it says of one that ends: where something was left of it, it is asked for first.
 */
async function endOne({ session, subscription }: Eyes, machine: Place, call: Call): Promise<void> {
  const leftovers = subscription.leftovers.of(machine.id)
  const isGoneBefore = leftovers.length > 0 && (await machineNow(session, machine, call)) === undefined
  if (isGoneBefore) return clearLeftovers(session, leftovers, call)
  subscription.ghosts.asked([machine.id])
  await askForEnd(session, machine, call)
}

/** Asks for machines that have been about to end for too long by their names: lists may show what is not there. */
export async function lookForGhosts(
  { session, subscription: { ghosts } }: Eyes,
  places: readonly Place[],
  call: Call,
): Promise<void> {
  const doubtful = new Set(ghosts.doubtful)
  const due = places.filter(({ id }) => doubtful.has(id))
  await Promise.all(
    due.map(async place => ghosts.looked(place.id, (await machineNow(session, place, call)) !== undefined)),
  )
}

/** Never by force: Azure then holds on to an interface for minutes, and a scheduler's is wanted again at once. */
export async function askForEnd(session: AzureSession, { id, place }: Place, call: Call): Promise<void> {
  const { virtualMachines } = session.clients.compute
  await unless(
    isGone,
    taken(
      session,
      'virtualMachines.delete',
      pace => virtualMachines.delete(place, id, { ...pace, forceDeletion: false }),
      call,
    ),
  )
}
