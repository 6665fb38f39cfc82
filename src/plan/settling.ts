import type { Launch } from '../model/launch.ts'
import type { LaunchId } from '../model/names.ts'
import type { InventorySeen, Verdict, World } from '../model/world.ts'

const forgottenKeptMs = 3_600_000

/** What becomes of each record: nothing yet, out of status, or marked as forgotten by its cloud. */
export type Fate = 'keep' | 'drop' | 'forget'

/**
 * A record may go only when nobody can be surprised by its machines any more: all of them listed, or certainly none
 * made, or the horizon passed and two complete lists begun after it. `wanted` is false where it must not be sent again.
 */
function fateOf(launch: Launch, world: World, wanted: boolean): Fate {
  const { inventory } = world
  const memory = world.memory.launches.get(launch.id)
  const { state } = launch
  switch (state.kind) {
    case 'open':
    case 'unknown':
      if (memory !== undefined && madeNothing(memory.verdict, wanted)) return 'drop'
      if (inventory.kind !== 'seen' || memory === undefined) return 'keep'
      if (inventory.startedAt > memory.quietSince && listedOf(launch, inventory) >= launch.count)
        return 'drop'
      return hasPassed(memory.quietSince, world, inventory) && !(wanted && maySend(memory.verdict))
        ? 'drop'
        : 'keep'
    case 'accepted':
      if (inventory.kind !== 'seen' || inventory.startedAt <= state.at) return 'keep'
      if (state.machines.every(id => inventory.listed.has(id))) return 'drop'
      return hasPassed(Math.max(state.at, memory?.quietSince ?? state.at), world, inventory)
        ? 'forget'
        : 'keep'
    case 'forgotten':
      return world.now - state.since > forgottenKeptMs ? 'drop' : 'keep'
    default:
      return state satisfies never
  }
}

const maySend = (verdict: Verdict): boolean => verdict !== 'spent'

/** Certain, as far as it was this process alone that sent it. */
function madeNothing(verdict: Verdict, wanted: boolean): boolean {
  return verdict === 'void' || (!wanted && (verdict === 'unsent' || verdict === 'refused'))
}

/** The machines of a launch that the last two lists show. */
export function listedOf(launch: Launch, inventory: InventorySeen): number {
  return inventory.machines.filter(machine => machine.launch === launch.id).length
}

/** Records that say nothing about living machines any more. */
export const hasEnded = ({ state }: Launch): boolean => state.kind === 'forgotten'

function hasPassed(since: number, { promises }: World, inventory: InventorySeen): boolean {
  return inventory.previousStartedAt > since + promises.horizonMs
}

/** One action for all records whose fate is decided, or none. */
export function settle(world: World, isWanted: (launch: Launch) => boolean) {
  const drop: LaunchId[] = []
  const forget: LaunchId[] = []
  for (const launch of world.launches) {
    const fate = fateOf(launch, world, isWanted(launch))
    if (fate === 'drop') drop.push(launch.id)
    if (fate === 'forget') forget.push(launch.id)
  }
  if (drop.length + forget.length === 0) return []
  return [{ type: 'settle-launches', drop, forget, because: reasonFor(forget.length) }] as const
}

const reasonFor = (forgotten: number): string =>
  forgotten === 0 ? 'these launches are accounted for' : 'the cloud said yes and never showed the machines'
