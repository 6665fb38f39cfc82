import type { Action, PlannedLaunch } from '../model/action.ts'
import { type Group, groupNamed } from '../model/cluster.ts'
import { type Launch, maxLaunches, resendMs } from '../model/launch.ts'
import { networkIn, type World } from '../model/world.ts'
import { endpointsFor } from './endpoints.ts'
import { makesNetwork } from './network.ts'
import { settle } from './settling.ts'
import { tally } from './tally.ts'

/** Sends what is recorded and still wanted, and takes out of status what is accounted for. */
export function planSends(world: World): readonly Action[] {
  const due = world.launches.filter(launch => isWanted(world, launch) && isDue(world, launch))
  const settled = settle(world, launch => isWanted(world, launch))
  const dropped = new Set(settled.flatMap(({ drop }) => drop))
  const sent = due.filter(({ id }) => !dropped.has(id))
  if (sent.length === 0) return settled
  const because =
    sent.length === 1 ? 'a launch is recorded and not answered' : 'launches are recorded and not answered'
  return [...settled, { type: 'send-launches', launches: sent.map(({ id }) => id), because }]
}

/** Writes new launches down, as far as there is room for records. They are sent by the next pass, which sees them. */
export function planRecords(world: World, wanted: readonly PlannedLaunch[]): readonly Action[] {
  const room = Math.max(0, maxLaunches - world.launches.length)
  const batches = wanted
    .filter(launch => mayRecord(world, launch))
    .flatMap(launch => inBatches(launch, world.promises.maxBatch))
    .slice(0, room)
  if (batches.length === 0) return []
  const total = batches.reduce((sum, { count }) => sum + count, 0)
  return [
    {
      type: 'record-launches',
      launches: batches,
      because: total === 1 ? '1 machine is missing' : `${total} machines are missing`,
    },
  ]
}

/**
 * The conditions for making anything: in care, certificates stored, a complete list, the network where one is made, and for
 * workers an address to know.
 */
function mayRecord(world: World, { role }: Pick<Launch, 'role'>): boolean {
  const { enrolment, certificates, inventory, promises, hasServed } = world
  if (enrolment.kind !== 'enrolled' || certificates.kind !== 'valid' || inventory.kind !== 'seen')
    return false
  // A new process knows of no machine that its first list misses: what served before is not replaced on one list's word.
  if (hasServed && inventory.previousStartedAt === -Infinity) return false
  if (makesNetwork(promises) && networkIn(inventory) === undefined) return false
  return role === 'scheduler' || endpointsFor(world, role) !== undefined
}

/** Whether a group rests after a failure. What was asked for when it failed is asked for no more once the spec changes. */
export function isPaused({ memory, now }: World, group: Group): boolean {
  const pause = memory.pauses.get(group.name)
  return pause !== undefined && pause.fingerprint === group.fingerprint && now < pause.until
}

/** Whether a record still stands for something the cluster wants: if not, it is never sent again. */
function isWanted(world: World, launch: Launch): boolean {
  const { cluster, enrolment, inventory, now } = world
  if (cluster.phase !== 'wanted' || enrolment.kind !== 'enrolled' || inventory.kind !== 'seen') return false
  const group = groupNamed(cluster, launch.group)
  if (group === undefined || group.fingerprint !== launch.fingerprint) return false
  const { fresh, coming } = tally(world, inventory, group)
  return fresh.length + coming <= group.replicas && now - launch.recordedAt <= resendMs
}

function isDue(world: World, launch: Launch): boolean {
  const { memory, cluster } = world
  if (launch.state.kind !== 'open' && launch.state.kind !== 'unknown') return false
  if (!mayRecord(world, launch) || memory.launches.get(launch.id)?.verdict === 'spent') return false
  const group = groupNamed(cluster, launch.group)
  return group !== undefined && !isPaused(world, group)
}

function inBatches(launch: PlannedLaunch, most: number): readonly PlannedLaunch[] {
  const batches = Math.ceil(launch.count / most)
  return Array.from({ length: batches }, (_, index) => ({
    ...launch,
    count: Math.min(most, launch.count - index * most),
  }))
}
