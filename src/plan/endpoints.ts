import { type Addresses, byAge, isAlive, type Machine } from '../model/machine.ts'
import type { Role } from '../model/names.ts'
import type { InventorySeen, World } from '../model/world.ts'

type Sight = Pick<World, 'inventory' | 'memory'>

/** The oldest living scheduler is the scheduler. One that was asked to end is none any more, whatever lists show. */
export function schedulerMachine(
  { memory }: Pick<World, 'memory'>,
  inventory: InventorySeen,
): Machine | undefined {
  const [scheduler] = inventory.machines
    .filter(each => each.role === 'scheduler' && isAlive(each) && !memory.terminated.has(each.id))
    .toSorted(byAge)
  return scheduler
}

/** What a machine is told of where the scheduler is: the kept address; without one, a worker that of its machine, once it runs. */
export function endpointsFor({ inventory, memory }: Sight, role: Role): Addresses | undefined {
  if (inventory.kind !== 'seen') return undefined
  if (inventory.address !== undefined || role === 'scheduler') return inventory.address
  const state = schedulerMachine({ memory }, inventory)?.state
  return state?.kind === 'running' ? state.addresses : undefined
}

/** Whether a worker knows a scheduler that is gone, and no other: in a cloud that keeps no address. */
export function isOrphan(
  { promises, memory, inventory }: Pick<World, 'promises'> & Sight,
  worker: Machine,
): boolean {
  if (promises.stableAddress || worker.role !== 'worker' || inventory.kind !== 'seen') return false
  const scheduler = schedulerMachine({ memory }, inventory)
  // Numbers of the ledger go up: it was launched before the scheduler was.
  return scheduler !== undefined && worker.seq < scheduler.seq
}
