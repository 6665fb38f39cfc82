import { isAlike } from '../lib/equality.ts'
import type { Action } from '../model/action.ts'
import { isAlive, type KeptNetwork } from '../model/machine.ts'
import { type CloudPromises, networkIn, type World } from '../model/world.ts'

/**
 * The scheduler's address is made before its machine, so that workers boot at the same time and a new scheduler keeps it.
 * Where a cloud keeps none, the firewall is there before whom it is to protect.
 */
export function planAddress(world: World): readonly Action[] {
  const { enrolment, inventory, promises } = world
  if (!makesNetwork(promises) || enrolment.kind !== 'enrolled' || inventory.kind !== 'seen') return []
  const made = networkIn(inventory)
  const because = made === undefined ? needOf(promises) : flawOf(made, world)
  return because === undefined ? [] : [{ type: 'reserve-address', because }]
}

/** Whether anything is made before the first machine. */
export const makesNetwork = ({ stableAddress, keepsNetwork }: CloudPromises): boolean =>
  stableAddress || keepsNetwork === true

const needOf = ({ stableAddress }: CloudPromises): string =>
  stableAddress
    ? 'workers must know the scheduler before it exists'
    : 'its firewall must be there before its machines'

/**
 * Nothing is made at an address that is not there, or not as it is to be. With a scheduler at it, it is mended meanwhile:
 * where that fails, nothing else is to wait for it.
 */
export function awaitsAddress(world: World): boolean {
  const { inventory } = world
  if (planAddress(world).length === 0 || inventory.kind !== 'seen') return false
  const made = networkIn(inventory)
  if (made === undefined) return true
  const hasScheduler = inventory.machines.some(each => each.role === 'scheduler' && isAlive(each))
  return !hasScheduler && isOtherwise(made, world)
}

function flawOf(made: KeptNetwork, world: World): string | undefined {
  if (made.hasSurplus) return 'something of it was made twice: what is not in use goes'
  if (isOtherwise(made, world)) return 'its exposure, its groups or who may use SSH is not as asked for'
  if (made.admitted === undefined) return undefined
  if (!isAlike(made.admitted, world.admitted))
    return 'others may reach the scheduler than its firewall lets through'
  return isAlike(made.viewers ?? [], world.viewers)
    ? undefined
    : 'others may reach the dashboard than its firewall lets through'
}

const isOtherwise = ({ network: made }: KeptNetwork, { network: wanted }: World): boolean =>
  made !== undefined && wanted !== undefined && made !== wanted
