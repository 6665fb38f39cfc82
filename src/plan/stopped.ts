import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'

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
