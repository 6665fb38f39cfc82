import type { ClusterUid, MachineId } from '../../model/names.ts'
import { workerName } from '../../model/names.ts'
import type { DaskWorker, SchedulerView, Use } from '../../model/world.ts'
import type { Schedulers } from '../contract.ts'
import { keptHost, ownHost } from './endpoints.ts'
import type { SimulatedMachine, SimulatedWorld } from './world.ts'

const handOverMs = 1_000

/** The schedulers of a simulated world: they know the workers that have booted, and drain them in a second. */
export class SimulatedSchedulers implements Schedulers {
  readonly #world: SimulatedWorld
  readonly #now: () => number
  readonly #draining = new Map<MachineId, number>()
  readonly #closed = new Set<MachineId>()

  constructor(world: SimulatedWorld, now: () => number) {
    this.#world = world
    this.#now = now
  }

  view(uid: ClusterUid): SchedulerView {
    const scheduler = this.#up(uid, 'scheduler')[0]
    if (scheduler === undefined) return { kind: 'silent', problem: 'the simulated scheduler has not started' }
    return {
      kind: 'answering',
      isPlayed: true,
      id: scheduler.id,
      workers: this.#up(uid, 'worker')
        .filter(({ dials = keptHost }) => dials === keptHost || dials === ownHost(scheduler.id))
        .map(each => this.#worker(each)),
      // Nobody works here.
      idleness: { kind: 'idle', since: scheduler.joinedAt ?? 0, seenSince: scheduler.joinedAt ?? 0 },
    }
  }

  async idleness(uid: ClusterUid): Promise<Use> {
    const view = this.view(uid)
    return view.kind === 'answering' ? view.idleness : { kind: 'unknown' }
  }

  async drain(uid: ClusterUid, machines: readonly MachineId[]): Promise<readonly MachineId[]> {
    this.#world.ask({ call: 'drain', uid, machines })
    const drained = this.#known(uid, machines)
    for (const id of drained) if (!this.#draining.has(id)) this.#draining.set(id, this.#now())
    return drained
  }

  async close(uid: ClusterUid, machines: readonly MachineId[]): Promise<readonly MachineId[]> {
    this.#world.ask({ call: 'close', uid, machines })
    const closed = this.#known(uid, machines)
    for (const id of closed) this.#closed.add(id)
    return closed
  }

  forget(): void {}

  #known(uid: ClusterUid, machines: readonly MachineId[]): readonly MachineId[] {
    const up = new Set(this.#up(uid, 'worker').map(({ id }) => id))
    return machines.filter(id => up.has(id))
  }

  #up(uid: ClusterUid, role: string): readonly SimulatedMachine[] {
    const now = this.#now()
    return this.#world.alive.filter(
      ({ id, tags, joinedAt = Infinity }) =>
        tags.uid === uid && tags.role === role && joinedAt <= now && !this.#closed.has(id),
    )
  }

  #worker({ id }: SimulatedMachine): DaskWorker {
    const since = this.#draining.get(id)
    if (since === undefined) return { name: workerName(id), status: 'running', executing: 0, threads: 1 }
    const executing = this.#now() - since < handOverMs ? 1 : 0
    return { name: workerName(id), status: 'closing_gracefully', executing, threads: 1 }
  }
}
