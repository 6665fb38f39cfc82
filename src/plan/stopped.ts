import type { Action } from '../model/action.ts'
import { isAlive } from '../model/machine.ts'
import type { World } from '../model/world.ts'
import { isSpent } from './renewal.ts'

/** A machine that somebody switched off serves nobody and may still be paid for: it goes, and another takes its place. */
export function planStopped({ inventory, memory }: World): readonly Action[] {
  if (inventory.kind !== 'seen') return []
  const machines = inventory.machines
    .filter(({ id, state }) => state.kind === 'stopped' && !memory.terminated.has(id))
    .map(({ id }) => id)
  return machines.length === 0
    ? []
    : [{ type: 'terminate', machines, because: 'somebody switched these machines off' }]
}

/** Nobody connects with a certificate that has ended: such a worker goes, and another takes its place. */
export function planSpent(world: World): readonly Action[] {
  const { inventory, memory } = world
  if (inventory.kind !== 'seen') return []
  const machines = inventory.machines
    .filter(each => isAlive(each) && each.state.kind !== 'stopped' && isSpent(world, each))
    .map(({ id }) => id)
    .filter(id => !memory.terminated.has(id))
  const because = 'their certificates have expired, so that they cannot join any more'
  return machines.length === 0 ? [] : [{ type: 'terminate', machines, because }]
}
