import type { Action } from '../model/action.ts'
import { byAge, isAlive } from '../model/machine.ts'
import type { MachineId } from '../model/names.ts'
import { type InventorySeen, networkIn, type World } from '../model/world.ts'
import { isFound } from './enrolment.ts'
import { planWithdrawal } from './service.ts'
import { hasEnded, settle } from './settling.ts'

/** After so long a machine that was asked to end and still runs is asked again. */
const askAgainMs = 30_000

/** Machines go; the resource, its Secrets and the scheduler's address stay. */
export function planSuspension(world: World): readonly Action[] {
  if (world.enrolment.kind === 'new' || world.inventory.kind !== 'seen') return []
  return [...endAll(world, world.inventory, 'the cluster is suspended'), ...settle(world, () => false)]
}

/** What leads to its scheduler goes at once, and nothing waits for that. */
export const planTeardown = (world: World): readonly Action[] => [
  ...planWithdrawal(world),
  ...planEnds(world),
]

/** Machines, then the address, then the Secrets, then the finalizer: each only once the one before is certainly gone. */
function planEnds(world: World): readonly Action[] {
  const { enrolment, inventory, certificates, cluster } = world
  if (enrolment.kind === 'new' || cluster.isAbandoned) return planRelease(world)
  if (inventory.kind !== 'seen') return []
  const ends = [...endAll(world, inventory, 'the cluster is deleted'), ...settle(world, () => false)]
  if (ends.length > 0 || !isEmptied(world, inventory)) return ends
  if (networkIn(inventory) !== undefined || inventory.remains)
    return [{ type: 'release-address', because: 'its machine is gone' }]
  if (certificates.kind !== 'removed') return planRelease(world)
  return [{ type: 'release', because: 'nothing is left' }]
}

function planRelease({ certificates, enrolment }: World): readonly Action[] {
  if (certificates.kind === 'silent') return []
  if (certificates.kind !== 'removed')
    return [{ type: 'remove-certificates', because: 'the cluster is deleted' }]
  return enrolment.kind === 'new' ? [] : [{ type: 'release', because: 'nothing is left' }]
}

/** No machine and no undecided launch, by two complete lists begun after the last change; a lost ledger waits longer. */
function isEmptied(world: World, inventory: InventorySeen): boolean {
  const { enrolment, launches, memory } = world
  if (inventory.machines.some(({ state }) => state.kind !== 'gone') || !launches.every(hasEnded)) return false
  if (enrolment.kind === 'lost' && !isFound(world)) return false
  return inventory.previousStartedAt > memory.lastCloudWrite && !mayGetAddress(world, inventory)
}

/** An address that was asked for and not heard of may come as late as a machine. */
function mayGetAddress({ memory, promises }: World, { previousStartedAt }: InventorySeen): boolean {
  const { reservingSince } = memory
  return reservingSince !== undefined && previousStartedAt <= reservingSince + promises.horizonMs
}

/** Listed machines, and those that a launch was answered with and no list has shown yet. */
export function endAll(world: World, inventory: InventorySeen, because: string): readonly Action[] {
  const { memory, now, launches } = world
  const isAsked = (id: MachineId): boolean => now - (memory.terminated.get(id) ?? -Infinity) < askAgainMs
  const listed = inventory.machines.filter(isAlive).toSorted(byAge)
  const answered = launches.flatMap(({ state }) => (state.kind === 'accepted' ? state.machines : []))
  const unlisted = answered.filter(id => !inventory.listed.has(id))
  const machines = [...listed.map(({ id }) => id), ...unlisted].filter(id => !isAsked(id))
  return machines.length === 0 ? [] : [{ type: 'terminate', machines, because }]
}
