import type { Action } from '../model/action.ts'
import { type Group, groupsOf } from '../model/cluster.ts'
import type { Machine } from '../model/machine.ts'
import type { InventorySeen, World } from '../model/world.ts'
import { depart } from './departures.ts'
import { workerOn } from './joined.ts'
import { isPaused } from './launches.ts'
import { isUnplaced } from './move.ts'
import { isLate } from './patience.ts'
import { noWishes, type Wishes } from './scheduler.ts'
import { isServing, type Tally, tally } from './tally.ts'

/** Every group by itself, and groups that are in the spec no more down to nothing. */
export function planWorkers(world: World): Wishes {
  const { inventory, cluster } = world
  if (inventory.kind !== 'seen') return noWishes
  const wishes = [...cluster.groups, ...abandoned(world, inventory)].map(group =>
    planGroup(world, inventory, group),
  )
  return { steps: wishes.flatMap(({ steps }) => steps), launches: wishes.flatMap(({ launches }) => launches) }
}

function planGroup(world: World, inventory: InventorySeen, group: Group): Wishes {
  const counted = tally(world, inventory, group)
  const departures = [...counted.departing, ...oneTooMany(world, counted, group)]
  const steps = [...depart(world, inventory, departures), ...giveUpOn(world, group.name, counted, departures)]
  const missing = isPaused(world, group) || isUnplaced(world) ? 0 : missingIn(counted, group)
  if (missing <= 0) return { steps, launches: [] }
  const { name, role, fingerprint } = group
  return { steps, launches: [{ role, group: name, count: missing, fingerprint }] }
}

/** As many as are missing, while everything that costs money stays within what is wanted and the surge of a roll. */
function missingIn({ fresh, stale, departing, coming, there }: Tally, { replicas }: Group): number {
  const rolling = stale.length + departing.length > 0
  const most = rolling ? replicas + surge(replicas) : replicas
  return Math.min(replicas - fresh.length - coming, most - there)
}

/** One more than wanted while machines are replaced, or a quarter more above four. */
export const surge = (replicas: number): number => (replicas > 4 ? Math.ceil(replicas / 4) : 1)

/** Stale machines make room for fresh ones that already serve; fresh ones go only when fewer are wanted. */
function oneTooMany(world: World, { fresh, stale }: Tally, { replicas }: Group): readonly Machine[] {
  const serving = fresh.filter(machine => isServing(world, machine)).length
  const keptStale = Math.max(0, replicas - serving)
  return [
    ...victims(world, stale, stale.length - keptStale),
    ...victims(world, fresh, fresh.length - replicas),
  ]
}

/** Booting ones first, then idle ones, the youngest of each: in the same order for whoever looks. */
function victims(world: World, machines: readonly Machine[], count: number): readonly Machine[] {
  if (count <= 0) return []
  const cost = (machine: Machine): number => {
    const worker = workerOn(world, machine)
    if (worker === undefined) return 0
    return worker.executing === 0 ? 1 : 2
  }
  return machines
    .toReversed()
    .toSorted((a, b) => cost(a) - cost(b))
    .slice(0, count)
}

/** Machines whose worker has not joined for too long, at a scheduler that would know. */
function giveUpOn(
  world: World,
  group: string,
  { fresh, stale }: Tally,
  leaving: readonly Machine[],
): readonly Action[] {
  if (world.scheduler.kind !== 'answering') return []
  const late = [...fresh, ...stale].filter(each => isLate(world, each) && !leaving.includes(each))
  const machines = late.map(({ id }) => id)
  return machines.length === 0
    ? []
    : [{ type: 'give-up', group, machines, because: 'Dask never came up on them' }]
}

/** Groups that machines or records still name and the spec does not. */
function abandoned({ cluster, launches }: World, inventory: InventorySeen): readonly Group[] {
  const known = new Set(groupsOf(cluster).map(({ name }) => name))
  const named = [...inventory.machines, ...launches].filter(
    ({ role, group }) => role === 'worker' && !known.has(group),
  )
  return [...new Map(named.map(({ group, fingerprint }) => [group, fingerprint]))].map(
    ([name, fingerprint]) => ({
      ...nothing,
      name,
      fingerprint,
    }),
  )
}

const nothing = {
  role: 'worker',
  replicas: 0,
  sizes: [],
  purchasing: 'OnDemand',
  threads: undefined,
  memory: undefined,
  resources: {},
} as const
