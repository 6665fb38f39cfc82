import { isAlike } from '../lib/equality.ts'
import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'

/** Nothing can be made before there is one. */
export const lacksAddress = (world: World): boolean =>
  planAddress(world).length > 0 && world.inventory.kind === 'seen' && world.inventory.address === undefined

/** The scheduler's address is made before its machine, so that workers boot at the same time and a new scheduler keeps it. */
export function planAddress({ enrolment, inventory, promises, admitted }: World): readonly Action[] {
  if (!promises.stableAddress || enrolment.kind !== 'enrolled' || inventory.kind !== 'seen') return []
  if (inventory.address !== undefined) {
    const { admitted: through, hasSurplus } = inventory.address
    if (hasSurplus)
      return [{ type: 'reserve-address', because: 'something of it was made twice: what is not in use goes' }]
    return through === undefined || isAlike(through, admitted)
      ? []
      : [
          {
            type: 'reserve-address',
            because: 'others may reach the scheduler than its firewall lets through',
          },
        ]
  }
  return [{ type: 'reserve-address', because: 'workers must know the scheduler before it exists' }]
}
