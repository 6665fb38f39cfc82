import { scopePlace } from '../../src/app/places.ts'
import type { Cloud } from '../../src/clouds/contract.ts'
import type { Inventory } from '../../src/clouds/inventory.ts'
import { type Place, Sweeper } from '../../src/controller/sweeper.ts'
import { type ClusterUid, clusterKey } from '../../src/model/names.ts'
import type { Surroundings } from './operator.ts'

const call = { signal: new AbortController().signal }
const key = clusterKey('default', 'demo')
const everyMs = 5_000

/** What one process of the operator sweeps with. */
export interface Broom {
  readonly cloud: Cloud
  readonly inventory: Inventory
  /** The cluster that its watch shows. */
  readonly shown: () => ClusterUid | undefined
}

/** The sweeper of one process, which hears of ends as its watch tells them; it dies with its process. */
export class Sweeping {
  readonly #around: Surroundings
  readonly #sweeper: Sweeper
  /** How much of what has happened the watch has told this process. */
  #told: number
  #sweptAt = -Infinity

  constructor(around: Surroundings, broom: Broom) {
    this.#around = around
    this.#told = around.store.history.length
    this.#sweeper = this.#open(broom)
  }

  async sweep(): Promise<void> {
    const { clock } = this.#around
    this.#hearOfEnds()
    if (clock.now() - this.#sweptAt < everyMs) return
    this.#sweptAt = clock.now()
    await this.#sweeper.sweep(call).catch(() => undefined)
  }

  #hearOfEnds(): void {
    const { store, clock, api } = this.#around
    for (; this.#told < store.history.length; this.#told++) {
      const { at, seen } = store.history[this.#told] ?? {}
      if (at === undefined || at > clock.now() - api.watchLagMs) return
      const before = store.history[this.#told - 1]?.seen?.cluster.uid
      if (before !== undefined && before !== seen?.cluster.uid) this.#sweeper.witness(before)
    }
  }

  #open({ cloud, inventory, shown }: Broom): Sweeper {
    const { clock, store, random, api } = this.#around
    const machines = scopePlace({ scope: cloud.scope, members: cloud, inventory })
    const kept = this.#secrets()
    return new Sweeper({
      places: () => [machines, kept],
      isKnown: owner => shown() === owner,
      isServed: () => true,
      living: async () => {
        if (random.chance(api.refused)) throw new Error('503')
        return new Set([store.current?.cluster.uid].filter(uid => uid !== undefined))
      },
      report: ({ outcome, holding }) => this.#around.trace?.(`sweep ${outcome} ${holding.items.join()}`),
      now: clock.now,
      mode: 'delete',
      graceMs: 120_000,
      // One cluster is all there is here, so that the whole of it is always most of what there is.
      limit: 100,
    })
  }

  #secrets(): Place {
    const { secrets, clock } = this.#around
    return {
      name: 'secrets',
      look: () => ({
        startedAt: clock.now(),
        holdings: [...secrets].map(owner => ({ owner, key, items: ['ca'], machines: 0 })),
      }),
      clear: async holdings => {
        for (const { owner } of holdings) secrets.delete(owner)
      },
    }
  }
}
