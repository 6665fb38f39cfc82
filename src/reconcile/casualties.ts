import { type Cluster, groupNamed } from '../model/cluster.ts'
import type { Machine } from '../model/machine.ts'
import { type MachineId, sameIntent } from '../model/names.ts'
import type { InventoryView } from '../model/world.ts'

/** A machine that its cloud accepted and then ended by itself before it was of use. */
export interface Casualty {
  readonly group: string
  readonly problem: string
}

/**
 * Tells of a group when machines of it have come to nothing since the list before, and only of those that are as they are
 * asked for now. What the first list shows is history: clouds list what has ended for an hour.
 */
export class Casualties {
  #known: ReadonlySet<MachineId> | undefined

  meet(cluster: Cluster, inventory: InventoryView): readonly Casualty[] {
    if (inventory.kind !== 'seen') return []
    const failed = inventory.machines.filter(({ state }) => problemOf(state) !== undefined)
    const ids = new Set(failed.map(({ id }) => id))
    const known = this.#known ?? ids
    this.#known = ids
    const told = failed.flatMap(({ id, group, fingerprint, state }) => {
      const wanted = groupNamed(cluster, group)
      const problem = problemOf(state)
      const isNews = !known.has(id) && wanted !== undefined && sameIntent(fingerprint, wanted.fingerprint)
      return problem !== undefined && isNews ? [[group, problem] as const] : []
    })
    return [...new Map(told)].map(([group, problem]) => ({ group, problem }))
  }
}

const problemOf = (state: Machine['state']): string | undefined =>
  state.kind === 'leaving' || state.kind === 'gone' ? state.problem : undefined
