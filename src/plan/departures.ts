import type { Action } from '../model/action.ts'
import { byAge, type Machine } from '../model/machine.ts'
import type { InventorySeen, World } from '../model/world.ts'
import { isOrphan, schedulerMachine } from './endpoints.ts'
import { workerOn } from './joined.ts'

/** A worker that still runs tasks after draining for so long is closed; its tasks run again elsewhere. */
export const drainLimitMs = 300_000
/** One that its scheduler does not let go, since it holds what fits nowhere else, ends so long after it was to be closed. */
export const closeLimitMs = 60_000

type Stage = 'drain' | 'close' | 'terminate' | 'wait'

/** The next step of each machine on its way out: drained, closed by its scheduler, and only then ended. */
export function depart(
  world: World,
  inventory: InventorySeen,
  machines: readonly Machine[],
): readonly Action[] {
  const stages = new Map<Stage, Machine[]>()
  for (const machine of new Set(machines)) {
    const stage = stageOf(world, inventory, machine)
    stages.set(stage, [...(stages.get(stage) ?? []), machine])
  }
  const ids = (stage: Stage) => (stages.get(stage) ?? []).toSorted(byAge).map(({ id }) => id)
  const steps: readonly Action[] = [
    { type: 'drain-workers', machines: ids('drain'), because: 'these workers are to leave' },
    {
      type: 'close-workers',
      machines: ids('close'),
      because: 'these workers have handed over what they held',
    },
    { type: 'terminate', machines: ids('terminate'), because: 'no worker is lost with these machines' },
  ]
  return steps.filter(step => 'machines' in step && step.machines.length > 0)
}

function stageOf(world: World, inventory: InventorySeen, machine: Machine): Stage {
  const { memory, scheduler, now } = world
  const isOver = (since: number | undefined, limitMs: number): boolean =>
    since !== undefined && now - since > limitMs
  const closing = memory.closing.get(machine.id)
  if (memory.dismissed.has(machine.id) || isOver(closing, closeLimitMs)) return 'terminate'
  // Nobody can ask it for anything any more.
  if (isOrphan(world, machine)) return 'terminate'
  if (scheduler.kind !== 'answering') {
    const isLost = hasNothingToLose(world, inventory) || isOver(memory.silentSince, drainLimitMs)
    return isLost ? 'terminate' : 'wait'
  }
  const worker = workerOn(world, machine)
  if (worker === undefined) return 'terminate'
  if (closing !== undefined) return 'wait'
  const since = memory.draining.get(machine.id)
  const isClosing = worker.status.startsWith('clos')
  if (since === undefined && !isClosing) return 'drain'
  return (isClosing && worker.executing === 0) || isOver(since, drainLimitMs) ? 'close' : 'wait'
}

/** A scheduler that does not exist, or never served, holds no task that a worker could lose. */
function hasNothingToLose(world: World, inventory: InventorySeen): boolean {
  return !world.hasServed || schedulerMachine(world, inventory) === undefined
}
