import type { Action } from '../model/action.ts'
import { isAlive, type Machine } from '../model/machine.ts'
import type { World } from '../model/world.ts'
import { isSpent } from './renewal.ts'

/** A machine that somebody switched off serves nobody and may still be paid for: it goes, and another takes its place. */
export const planStopped = (world: World): readonly Action[] =>
  ended(world, ({ state }) => state.kind === 'stopped', 'somebody switched these machines off')

/** Nobody connects with a certificate that has ended: such a worker goes, and another takes its place. */
export const planSpent = (world: World): readonly Action[] =>
  ended(
    world,
    each => isAlive(each) && each.state.kind !== 'stopped' && isSpent(world, each),
    'their certificates have expired, so that they cannot join any more',
  )

function ended(
  { inventory, memory }: World,
  isMeant: (machine: Machine) => boolean,
  because: string,
): readonly Action[] {
  if (inventory.kind !== 'seen') return []
  const machines = inventory.machines
    .filter(isMeant)
    .map(({ id }) => id)
    .filter(id => !memory.terminated.has(id))
  return machines.length === 0 ? [] : [{ type: 'terminate', machines, because }]
}
