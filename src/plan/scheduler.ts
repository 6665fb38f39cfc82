import type { Action, PlannedLaunch } from '../model/action.ts'
import { byAge, type Machine } from '../model/machine.ts'
import { restartOf, sameIntent } from '../model/names.ts'
import type { World } from '../model/world.ts'
import { isPaused } from './launches.ts'
import { isForsaken } from './patience.ts'
import { tally } from './tally.ts'

export interface Wishes {
  readonly steps: readonly Action[]
  /** Machines to be recorded before they are made. */
  readonly launches: readonly PlannedLaunch[]
}

export const noWishes: Wishes = { steps: [], launches: [] }

/** The oldest living scheduler is the scheduler; any other is a leftover. */
export function planScheduler(world: World): Wishes {
  const { inventory, cluster } = world
  if (inventory.kind !== 'seen') return noWishes
  const counted = tally(world, inventory, cluster.scheduler)
  const [scheduler, ...leftovers] = [...counted.fresh, ...counted.stale].toSorted(byAge)
  const ends = leftovers.map(machine => end(machine, 'a scheduler that is one too many'))
  if (scheduler !== undefined) return { steps: [...ends, ...planRestart(world, scheduler)], launches: [] }
  if (counted.there > 0 || isPaused(world, cluster.scheduler)) return { steps: ends, launches: [] }
  if (world.promises.stableAddress && counted.leaving > 0) return { steps: ends, launches: [] }
  return { steps: ends, launches: [wanted(world)] }
}

/** A new scheduler ends the old one's memory: only on request, or where there is no memory to lose. */
function planRestart(world: World, scheduler: Machine): readonly Action[] {
  const { fingerprint } = world.cluster.scheduler
  const asked = restartOf(fingerprint)
  if (asked !== '0' && asked !== restartOf(scheduler.fingerprint)) {
    return [end(scheduler, 'its restart was asked for')]
  }
  const isEmpty = !world.hasServed && world.scheduler.kind !== 'answering'
  if (!isEmpty) return []
  if (isShutOff(world)) return [end(scheduler, 'its certificate has expired, and it has never served')]
  if (!sameIntent(scheduler.fingerprint, fingerprint))
    return [end(scheduler, 'it was asked for differently and has never served')]
  if (!isForsaken(world, scheduler)) return []
  const { group, id } = scheduler
  return [{ type: 'give-up', group, machines: [id], because: 'Dask never came up on it' }]
}

/** Nobody can connect to it, and good certificates are there for another one. */
const isShutOff = ({ certificates, scheduler }: World): boolean =>
  certificates.kind === 'valid' && scheduler.kind === 'silent' && scheduler.expired === true

const wanted = ({ cluster: { scheduler } }: World): PlannedLaunch => ({
  role: 'scheduler',
  group: scheduler.name,
  count: 1,
  fingerprint: scheduler.fingerprint,
})

const end = ({ id }: Machine, because: string): Action => ({ type: 'terminate', machines: [id], because })
