import type { Group } from '../model/cluster.ts'
import { type Launch, unseen } from '../model/launch.ts'
import { byAge, isAlive, type Machine } from '../model/machine.ts'
import { sameIntent } from '../model/names.ts'
import type { InventorySeen, World } from '../model/world.ts'
import { isOrphan } from './endpoints.ts'
import { workerOn } from './joined.ts'
import { isOutworn, isSpent } from './renewal.ts'
import { listedOf } from './settling.ts'

/** One group's machines, sorted by what may become of them. Oldest first in each list. */
export interface Tally {
  /** Launched for what is asked now, and staying. */
  readonly fresh: readonly Machine[]
  /** Launched for something else, or unable to take new certificates, and not yet on their way out. */
  readonly stale: readonly Machine[]
  /** On their way out: their workers cannot be kept any more. */
  readonly departing: readonly Machine[]
  /** Asked for as it is asked now, and not listed yet. */
  readonly coming: number
  /** Everything that costs money now or may do so in a moment. */
  readonly there: number
  /** Machines that are ending but still hold what they held, an address for one. */
  readonly leaving: number
}

export function tally(world: World, inventory: InventorySeen, group: Group): Tally {
  const machines = inventory.machines.filter(({ group: name }) => name === group.name).toSorted(byAge)
  const alive = machines.filter(machine => isAlive(machine) && !world.memory.terminated.has(machine.id))
  // One that is of no use is ended for that alone: it makes no other one too many.
  const running = alive.filter(each => each.state.kind !== 'stopped' && !isSpent(world, each))
  const staying = running.filter(machine => !isDeparting(world, machine))
  const stale = new Set(staying.filter(machine => isStale(world, machine, group)))
  const records = world.launches.filter(launch => launch.group === group.name)
  const pending = (launch: Launch): number =>
    unseen(launch, id => inventory.listed.has(id), listedOf(launch, inventory))
  const fresh = records.filter(({ fingerprint }) => sameIntent(fingerprint, group.fingerprint))
  return {
    fresh: staying.filter(machine => !stale.has(machine)),
    stale: [...stale],
    departing: running.filter(machine => isDeparting(world, machine)),
    coming: sum(fresh.map(pending)),
    there: alive.length + sum(records.map(pending)),
    leaving: machines.filter(({ state }) => state.kind !== 'gone').length - alive.length,
  }
}

export const isServing = (world: World, machine: Machine): boolean =>
  workerOn(world, machine)?.status === 'running'

/** One that another has to take the place of: it runs what was asked for before, or cannot take the certificates it needs. */
export const isStale = (world: World, machine: Machine, group: Pick<Group, 'fingerprint'>): boolean =>
  !sameIntent(machine.fingerprint, group.fingerprint) || isOutworn(world, machine)

/** Dask cannot take a drain back, so a worker that is closing counts as lost to the cluster. */
function isDeparting(world: World, machine: Machine): boolean {
  const { memory } = world
  if (memory.dismissed.has(machine.id) || memory.draining.has(machine.id)) return true
  if (isOrphan(world, machine)) return true
  return workerOn(world, machine)?.status.startsWith('clos') ?? false
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
