import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'

/** The scheduler's address is made before its machine, so that workers boot at the same time and a new scheduler keeps it. */
export function planAddress({ enrolment, inventory, promises }: World): readonly Action[] {
  if (!promises.stableAddress || enrolment.kind !== 'enrolled') return []
  if (inventory.kind !== 'seen' || inventory.address !== undefined) return []
  return [{ type: 'reserve-address', because: 'workers must know the scheduler before it exists' }]
}
