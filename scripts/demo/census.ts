import { fileJournal } from '../../src/clouds/simulated/journal.ts'
import { type SimulatedMachine, SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import type { Call } from '../../src/lib/call.ts'
import { managedBy, secretLabels } from '../../src/pki/secret.ts'
import { grouped } from './figures.ts'
import type { Member } from './fleet.ts'
import type { Ground } from './ground.ts'
import { secretNames } from './view.ts'

/** The simulated cloud's own books, read past the operator, and compared with what was asked for. */
export class Census {
  readonly #world: SimulatedWorld
  #taken = 0

  /** `file`: where the operator keeps the simulated world. */
  constructor(file: string) {
    const tempo = { lagMs: 0, startMs: 0, joinMs: 0, endMs: 0 }
    this.#world = new SimulatedWorld({ now: Date.now, tempo, journal: fileJournal(file) })
  }

  get alive(): readonly SimulatedMachine[] {
    return this.#world.alive
  }

  /** How many machines there ever were. */
  get made(): number {
    return this.#world.machines.length
  }

  /** Ends the first living machine and every `nth` from there, as a cloud does that wants it back, and returns them. */
  take(nth: number): readonly SimulatedMachine[] {
    const taken = this.alive.filter((_, at) => at % nth === 0)
    this.#world.end(taken.map(({ id }) => id))
    this.#taken += taken.length
    return taken
  }

  /** Whether each cluster has one scheduler and the workers that it wants: no more, no less. */
  isWhole(clusters: readonly Member[]): boolean {
    const machines = Map.groupBy(this.alive, ({ tags }) => String(tags.uid))
    return clusters.every(({ uid, wanted }) => {
      const own = machines.get(uid) ?? []
      return own.length === 1 + wanted && own.filter(({ tags }) => tags.role === 'scheduler').length === 1
    })
  }

  /** Says that each machine was needed. Throws where one was made that was not. */
  proof(clusters: readonly Member[]): string {
    const wanted = machinesOf(clusters)
    const needed = wanted + this.#taken
    const { made } = this
    if (made !== needed) throw new Error(`${made} machines were made in all, and ${needed} were needed`)
    return `${grouped(made)} machines made in all = ${grouped(wanted)} wanted + ${this.#taken} taken: none doubled`
  }

  /** What there is of clusters that are gone: machines, addresses, Secrets. */
  async left({ kube, operatorNamespace, tenants }: Ground, call: Call): Promise<readonly string[]> {
    const labels = `${secretLabels.managedBy}=${managedBy}`
    const namespaces = [operatorNamespace, ...tenants]
    const secrets = await Promise.all(namespaces.map(each => secretNames(kube, each, { labels }, call)))
    return [
      ...this.alive.map(({ id }) => `machine ${id}`),
      ...[...this.#world.addresses.keys()].map(uid => `address of ${uid}`),
      ...secrets.flat().map(name => `Secret ${name}`),
    ]
  }
}

/** A scheduler for each, and the workers that it wants. */
export const machinesOf = (clusters: readonly Member[]): number =>
  clusters.reduce((sum, { wanted }) => sum + 1 + wanted, 0)
