import type { Machine } from '../model/machine.ts'
import type { SchedulerView, World } from '../model/world.ts'

type Lateness = Pick<World, 'memory' | 'now' | 'joinLimitMs'>

/** Whether Dask has been missing on a machine for too long. */
export function isLate({ memory, now, joinLimitMs }: Lateness, { id }: Machine): boolean {
  const since = memory.unjoined.get(id)
  return since !== undefined && now - since > joinLimitMs
}

/**
 * The same of a scheduler that never answered. One that nobody can even connect to may well run, in a network that the
 * operator has no way into: another machine would be no better, so each that was given up doubles the time of the next.
 */
export function isForsaken(world: World, machine: Machine): boolean {
  const joinLimitMs = world.joinLimitMs * (isUnreached(world.scheduler) ? 2 ** givenUp(world) : 1)
  return isLate({ ...world, joinLimitMs }, machine)
}

/** Networks that forward nothing are no slower than others: after so long it is not the machine that is waited for. */
const unreachedMs = 180_000

/** Whether a machine runs, as its cloud says, and has not let anybody connect for longer than its start explains. */
export function isOutOfReach(world: World, machine: Machine): boolean {
  if (machine.state.kind !== 'running' || !isUnreached(world.scheduler)) return false
  return isLate({ ...world, joinLimitMs: Math.min(unreachedMs, world.joinLimitMs / 2) }, machine)
}

const isUnreached = (scheduler: SchedulerView): boolean =>
  scheduler.kind === 'silent' && scheduler.unreached === true

/** Of this very scheduler, one after the other. */
function givenUp({ memory, cluster: { scheduler } }: World): number {
  const pause = memory.pauses.get(scheduler.name)
  const isOfThis = pause?.fault === 'not-started' && pause.fingerprint === scheduler.fingerprint
  return isOfThis ? Math.min(pause.attempts, 7) : 0
}
