import { type Cluster, groupNamed } from '../model/cluster.ts'
import type { Machine } from '../model/machine.ts'
import { type MachineId, sameIntent } from '../model/names.ts'
import type { InventoryView } from '../model/world.ts'

/** A machine that its cloud accepted and then ended by itself before it was of use. */
export interface Casualty {
  readonly group: string
  readonly problem: string
}

/** Tells of each machine once, and only of those that are as they are asked for now. */
export class Casualties {
  #known: ReadonlySet<MachineId> = new Set()

  meet(cluster: Cluster, inventory: InventoryView): readonly Casualty[] {
    if (inventory.kind !== 'seen') return []
    const failed = inventory.machines.filter(({ state }) => problemOf(state) !== undefined)
    const fresh = failed.filter(({ id }) => !this.#known.has(id))
    this.#known = new Set(failed.map(({ id }) => id))
    return fresh.flatMap(({ group, fingerprint, state }) => {
      const wanted = groupNamed(cluster, group)
      const problem = problemOf(state)
      return problem === undefined || wanted === undefined || !sameIntent(fingerprint, wanted.fingerprint)
        ? []
        : [{ group, problem }]
    })
  }
}

const problemOf = (state: Machine['state']): string | undefined =>
  state.kind === 'leaving' || state.kind === 'gone' ? state.problem : undefined
