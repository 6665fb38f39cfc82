import type { Action } from '../model/action.ts'
import { isAlive, isThere, type Machine } from '../model/machine.ts'
import type { World } from '../model/world.ts'
import { isPaused } from './launches.ts'
import { hasEnded, settle } from './settling.ts'
import { endAll } from './teardown.ts'

/**
 * Whether no scheduler can be had where its address is, and nobody has used the cluster since it was launched or woken:
 * workers that boot now might know an address that goes.
 */
export const isUnplaced = (world: World): boolean => !world.hasServed && isTied(world)

/** Whether no scheduler can be had where its address is, and one might be elsewhere. */
export function isTied({ cluster, promises, memory }: World): boolean {
  const { name, fingerprint } = cluster.scheduler
  const pause = memory.pauses.get(name)
  return promises.movesAddress === true && pause?.fault === 'no-capacity' && pause.fingerprint === fingerprint
}

/** Once in each pause of the scheduler. */
export function isMoving(world: World): boolean {
  const { cluster, memory, inventory } = world
  if (!isUnplaced(world) || !isPaused(world, cluster.scheduler) || inventory.kind !== 'seen') return false
  if (memory.pauses.get(cluster.scheduler.name)?.isMoved === true) return false
  return inventory.address !== undefined && !inventory.machines.some(isScheduler)
}

/** The address is made elsewhere as soon as nobody is there who knows it. */
export function planMove(world: World): readonly Action[] {
  const { inventory, launches } = world
  if (inventory.kind !== 'seen') return []
  const ends = endAll(world, inventory, 'they know an address that their scheduler cannot be had at')
  const steps = [...ends, ...settle(world, () => false)]
  const isKnown = inventory.machines.some(isAlive) || !launches.every(hasEnded)
  if (steps.length > 0 || isKnown) return steps
  return [{ type: 'move-address', because: 'there is no capacity where the one it has is' }]
}

/** One that is ending still holds the address. */
const isScheduler = (machine: Machine): boolean => machine.role === 'scheduler' && isThere(machine)
