import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'
import { hasEnded } from './settling.ts'

/**
 * Nothing that costs money comes before the finalizer, and the finalizer comes after the ledger's stamp: so a
 * finalizer without a stamp always means that status was lost.
 */
export function planEnrolment(world: World): readonly Action[] {
  const { enrolment } = world
  switch (enrolment.kind) {
    case 'new':
      return enrolment.stamped
        ? [{ type: 'enrol', because: 'new cluster' }]
        : [{ type: 'stamp-ledger', seq: 0, because: 'new cluster' }]
    case 'lost':
      return isFound(world)
        ? [
            {
              type: 'stamp-ledger',
              seq: highestSeq(world),
              because: 'status was lost; its machines are known again',
            },
          ]
        : []
    case 'enrolled':
    case 'foreign':
    case 'released':
      return []
    default:
      return enrolment satisfies never
  }
}

/** Everything that a forgotten launch may have made is in the lists by now, and no record is undecided. */
export function isFound({ enrolment, inventory, promises, launches }: World): boolean {
  if (enrolment.kind !== 'lost' || inventory.kind !== 'seen') return false
  return inventory.previousStartedAt > enrolment.since + promises.horizonMs && launches.every(hasEnded)
}

function highestSeq({ inventory, launches, memory }: World): number {
  const seen = inventory.kind === 'seen' ? inventory.machines.map(({ seq }) => seq) : []
  return Math.max(memory.seq, ...seen, ...launches.map(({ seq }) => seq))
}
