import type { Action } from '../model/action.ts'
import { byAge, type Machine } from '../model/machine.ts'
import type { InventorySeen, World } from '../model/world.ts'
import { isOrphan, schedulerMachine } from './endpoints.ts'
import { workerOn } from './joined.ts'

/** A worker that still runs tasks after draining for so long is closed; its tasks run again elsewhere. */
export const drainLimitMs = 300_000
/** One that its scheduler does not let go, since it holds what fits nowhere else, ends so long after it was to be closed. */
export const closeLimitMs = 60_000

type Stage =
  | { readonly kind: 'drain' | 'close' | 'wait' }
  | { readonly kind: 'terminate'; readonly because: string }

/** The next step of each machine on its way out: drained, closed by its scheduler, and only then ended. */
export function depart(
  world: World,
  inventory: InventorySeen,
  machines: readonly Machine[],
): readonly Action[] {
  const stages = [...new Set(machines)].toSorted(byAge).map(machine => ({
    id: machine.id,
    stage: stageOf(world, inventory, machine),
  }))
  const at = (kind: Stage['kind']) => stages.flatMap(({ id, stage }) => (stage.kind === kind ? [id] : []))
  const endings = Map.groupBy(
    stages.flatMap(({ id, stage }) => (stage.kind === 'terminate' ? [{ id, because: stage.because }] : [])),
    ({ because }) => because,
  )
  const steps: readonly Action[] = [
    { type: 'drain-workers', machines: at('drain'), because: 'these workers are to leave' },
    {
      type: 'close-workers',
      machines: at('close'),
      because: 'these workers have handed over what they held, or had time enough to',
    },
    ...[...endings].map(
      ([because, ended]): Action => ({ type: 'terminate', machines: ended.map(({ id }) => id), because }),
    ),
  ]
  return steps.filter(step => 'machines' in step && step.machines.length > 0)
}

const ending = (because: string): Stage => ({ kind: 'terminate', because })

function stageOf(world: World, inventory: InventorySeen, machine: Machine): Stage {
  const { memory, scheduler, now } = world
  const isOver = (since: number | undefined, limitMs: number): boolean =>
    since !== undefined && now - since > limitMs
  const closing = memory.closing.get(machine.id)
  if (memory.dismissed.has(machine.id)) return ending('their scheduler has closed their workers')
  if (isOver(closing, closeLimitMs))
    return ending('their scheduler was asked to close their workers and has not')
  if (isOrphan(world, machine))
    return ending('they know a scheduler that is gone, and nobody can ask them any more')
  if (scheduler.kind !== 'answering') {
    if (hasNothingToLose(world, inventory)) return ending('no scheduler has a task that they could hold')
    return isOver(memory.silentSince, drainLimitMs)
      ? ending('they are to leave, and their scheduler has not answered for minutes')
      : { kind: 'wait' }
  }
  const worker = workerOn(world, machine)
  if (worker === undefined) return ending('their scheduler knows no worker on them')
  if (closing !== undefined) return { kind: 'wait' }
  const since = memory.draining.get(machine.id)
  const isClosing = worker.status.startsWith('clos')
  if (since === undefined && !isClosing) return { kind: 'drain' }
  const isDone = (isClosing && worker.executing === 0) || isOver(since, drainLimitMs)
  return { kind: isDone ? 'close' : 'wait' }
}

/** A scheduler that does not exist, or never served, holds no task that a worker could lose. */
function hasNothingToLose(world: World, inventory: InventorySeen): boolean {
  return !world.hasServed || schedulerMachine(world, inventory) === undefined
}
