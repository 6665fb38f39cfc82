import { isThere, type Machine } from '../model/machine.ts'
import { type MachineId, type Role, workerName } from '../model/names.ts'
import type { SchedulerView, World } from '../model/world.ts'

/**
 * What a launch goes through: its record is written after its cluster asked for it, the cloud accepts it, a list shows
 * the machine, it runs, and Dask on it has joined.
 */
export type Stage = 'recorded' | 'accepted' | 'listed' | 'running' | 'joined'

/** How long one stage took, from the end of the one before it. */
export interface StageTime {
  readonly role: Role
  readonly stage: Stage
  readonly seconds: number
}

/** A machine that this process launched and that has not come all the way yet. */
export interface Progress {
  readonly reached: 'accepted' | 'listed' | 'running'
  /** In milliseconds since the epoch. */
  readonly at: number
}

export interface Advance {
  readonly under: ReadonlyMap<MachineId, Progress>
  readonly times: readonly StageTime[]
}

/** Compares what was known of launched machines with what is seen of them now. What has joined or gone is known no more. */
export function advance(
  before: ReadonlyMap<MachineId, Progress>,
  { inventory, scheduler, now }: Pick<World, 'inventory' | 'scheduler' | 'now'>,
): Advance {
  if (before.size === 0 || inventory.kind !== 'seen') return { under: before, times: [] }
  const listed = new Map(inventory.machines.map(machine => [machine.id, machine]))
  const under = new Map<MachineId, Progress>()
  const times: StageTime[] = []
  for (const [id, progress] of before) {
    const machine = listed.get(id)
    if (machine === undefined) {
      if (!inventory.listed.has(id)) under.set(id, progress)
      continue
    }
    if (!isThere(machine)) continue
    const passed = stagesAfter(progress, stageOf(machine, scheduler))
    times.push(...passed.map((stage, at) => timeOf(machine, stage, at === 0 ? now - progress.at : 0)))
    const reached = passed.at(-1) ?? progress.reached
    if (reached !== 'joined') under.set(id, passed.length === 0 ? progress : { reached, at: now })
  }
  return { under, times }
}

const order = ['accepted', 'listed', 'running', 'joined'] as const
type Seen = (typeof order)[number]

/** Stages that one look shows together end together: all of the time was spent in the first of them. */
const stagesAfter = ({ reached }: Progress, seen: Seen): readonly Seen[] =>
  order.slice(order.indexOf(reached) + 1, order.indexOf(seen) + 1)

function stageOf(machine: Machine, scheduler: SchedulerView): Seen {
  if (machine.state.kind === 'starting') return 'listed'
  const isUp =
    scheduler.kind === 'answering' &&
    (machine.role === 'scheduler' || scheduler.workers.some(({ name }) => name === workerName(machine.id)))
  return isUp ? 'joined' : 'running'
}

const timeOf = ({ role }: Machine, stage: Stage, ms: number): StageTime => ({
  role,
  stage,
  seconds: Math.max(0, ms) / 1000,
})
