import { isAlike } from '../lib/equality.ts'
import type { Action } from '../model/action.ts'
import { isAlive, type KeptAddress } from '../model/machine.ts'
import type { World } from '../model/world.ts'

/** The scheduler's address is made before its machine, so that workers boot at the same time and a new scheduler keeps it. */
export function planAddress(world: World): readonly Action[] {
  const { enrolment, inventory, promises } = world
  if (!promises.stableAddress || enrolment.kind !== 'enrolled' || inventory.kind !== 'seen') return []
  const because =
    inventory.address === undefined
      ? 'workers must know the scheduler before it exists'
      : flawOf(inventory.address, world)
  return because === undefined ? [] : [{ type: 'reserve-address', because }]
}

/**
 * Nothing is made at an address that is not there, or not as it is to be. With a scheduler at it, it is mended meanwhile:
 * where that fails, nothing else is to wait for it.
 */
export function awaitsAddress(world: World): boolean {
  const { inventory } = world
  if (planAddress(world).length === 0 || inventory.kind !== 'seen') return false
  if (inventory.address === undefined) return true
  const hasScheduler = inventory.machines.some(each => each.role === 'scheduler' && isAlive(each))
  return !hasScheduler && isOtherwise(inventory.address, world)
}

function flawOf(address: KeptAddress, world: World): string | undefined {
  if (address.hasSurplus) return 'something of it was made twice: what is not in use goes'
  if (isOtherwise(address, world)) return 'its exposure, its groups or who may use SSH is not as asked for'
  return address.admitted === undefined || isAlike(address.admitted, world.admitted)
    ? undefined
    : 'others may reach the scheduler than its firewall lets through'
}

const isOtherwise = ({ network: made }: KeptAddress, { network: wanted }: World): boolean =>
  made !== undefined && wanted !== undefined && made !== wanted
