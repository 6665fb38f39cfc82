import { keptHost, ownHost } from '../../src/clouds/simulated/endpoints.ts'
import type { SimulatedMachine, SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import type { ClusterUid } from '../../src/model/names.ts'
import { surge } from '../../src/plan/workers.ts'
import type { VirtualClock } from '../support/virtual-clock.ts'
import { openLaunches, type Store } from './store.ts'
import type { Use } from './use.ts'

/** A pass whose writes fail comes again. */
const patienceMs = 120_000

interface Scene {
  readonly world: SimulatedWorld
  readonly store: Store
  readonly clock: VirtualClock
  readonly secrets: ReadonlySet<ClusterUid>
  readonly decoys: ReadonlySet<string>
  /** Clusters are let go by force: what they leave is swept in its time and counts for no bound. */
  readonly isForced: boolean
  readonly use: Use
}

/** Watches a world from outside and says what must never happen and what must have happened in the end. */
export class Judge {
  readonly #scene: Scene
  readonly #problems: string[] = []
  #bounds = new Map<string, number>()
  #sleepsSince: number | undefined

  constructor(scene: Scene) {
    this.#scene = scene
  }

  fail(error: unknown): void {
    if (error !== undefined)
      this.#problems.push(`a pass threw: ${error instanceof Error ? error.stack : 'not an Error'}`)
  }

  /** Never more than wanted and the surge of a roll; strangers alive; asleep or deleted by itself only when it is time. */
  look(): void {
    const { world, decoys, store, isForced } = this.#scene
    const uid = store.current?.cluster.uid
    const alive = world.alive.filter(({ id, tags }) => !isForced || tags.uid === uid || decoys.has(id))
    const lost = [...decoys].filter(id => !alive.some(each => each.id === id))
    if (lost.length > 0) this.#say(`strangers were ended: ${lost.join(', ')}`)
    this.#lookAtSleep()
    this.#lookAtAge()
    for (const role of ['scheduler', 'worker']) {
      const count = this.#ours(alive).filter(({ tags }) => tags.role === role).length
      const bound = this.#bound(role, count)
      if (count > bound) this.#say(`${count} of role ${role} live, at most ${bound} may`)
    }
  }

  /** Everything is as it was asked for. */
  isCalm(): boolean {
    return this.#unfinished().length === 0
  }

  verdict(): readonly string[] {
    return [...this.#problems, ...this.#unfinished()]
  }

  /** The most that may live: what is wanted, or what was wanted until fewer live and nothing is under way. */
  #bound(role: string, count: number): number {
    const { store, world } = this.#scene
    const wish = store.wanted
    const isWanted = wish !== undefined && store.current?.cluster.phase === 'wanted'
    const wanted = isWanted ? wish.replicas + surge(wish.replicas) : 0
    const now = role === 'scheduler' ? Number(isWanted) : wanted
    const before = this.#bounds.get(role) ?? 0
    const isSettled = count <= now && openLaunches(store.current).length === 0 && world.pending === 0
    const bound = isSettled ? now : Math.max(now, before)
    this.#bounds.set(role, bound)
    return bound
  }

  /** Whoever falls asleep was neither used nor asked for anything for the whole of its timeout. */
  #lookAtSleep(): void {
    const { store, use } = this.#scene
    const { sleep, lifetime } = store.current?.cluster ?? {}
    const since = sleep?.kind === 'asleep' ? sleep.since : undefined
    const isNew = since !== undefined && since !== this.#sleepsSince
    this.#sleepsSince = since
    if (!isNew || lifetime === undefined) return
    // Status has whole milliseconds.
    const idleMs = Math.ceil(since - Math.max(use.since, store.askedAt))
    if (use.isUsed) this.#say('it fell asleep while it was used')
    if (idleMs < lifetime.idleTimeoutMs)
      this.#say(`it fell asleep after ${idleMs} of ${lifetime.idleTimeoutMs} ms`)
  }

  /** Nobody else deletes a cluster whose time is over. */
  #lookAtAge(): void {
    const { store, clock } = this.#scene
    const { createdAt, lifetime, phase } = store.current?.cluster ?? {}
    if (createdAt === undefined || lifetime === undefined || phase === 'deleting') return
    const end = Math.max(createdAt + lifetime.ttlMs, store.askedAt)
    if (clock.now() > end + patienceMs) this.#say('it outlives its time')
  }

  #unfinished(): readonly string[] {
    const { world, store, secrets } = this.#scene
    const wish = store.wanted
    const alive = this.#ours(world.alive)
    const schedulers = alive.filter(({ tags }) => tags.role === 'scheduler').length
    const workers = alive.filter(({ tags }) => tags.role === 'worker')
    const isAwake = wish !== undefined && store.current?.cluster.phase === 'wanted'
    const found: string[] = []
    if (schedulers !== Number(isAwake)) found.push(`${schedulers} schedulers`)
    if (workers.length !== (isAwake ? wish.replicas : 0))
      found.push(`${workers.length} workers, ${wish?.replicas} wanted`)
    if (isAwake && workers.some(({ tags }) => tags.fingerprint !== `v1:${wish.version}`))
      found.push('workers of an old version')
    if (isAwake && workers.some(({ dials }) => !isReached(dials, alive)))
      found.push('workers that know a scheduler that is gone')
    const uid = store.current?.cluster.uid
    if (alive.some(({ tags }) => tags.uid !== uid)) found.push('machines of a cluster that is gone')
    if ((store.current?.launches ?? []).length > 0) found.push('records are left')
    if (store.current?.cluster.phase === 'deleting') found.push('the finalizer is left')
    if ([...world.addresses.keys(), ...secrets].some(owner => owner !== uid))
      found.push('Secrets or addresses of a cluster that is gone')
    if (world.pending > 0) found.push('creates are pending')
    return [...found, ...this.#ends()]
  }

  /** What time alone must bring in the end. */
  #ends(): readonly string[] {
    const { store, use } = this.#scene
    const { lifetime, phase } = store.current?.cluster ?? {}
    if (lifetime === undefined) return []
    const isAwake = phase === 'wanted' && !use.isUsed && lifetime.idleTimeoutMs < Infinity
    return [
      ...(lifetime.ttlMs < Infinity ? ['its time is not over'] : []),
      ...(isAwake ? ['nobody uses it and it does not sleep'] : []),
    ]
  }

  #ours(machines: readonly SimulatedMachine[]): readonly SimulatedMachine[] {
    return machines.filter(({ id }) => !this.#scene.decoys.has(id))
  }

  #say(problem: string): void {
    const at = new Date(this.#scene.clock.now()).toISOString().slice(11, 19)
    if (this.#problems.length < 5) this.#problems.push(`${at} ${problem}`)
  }
}

/** Whether a scheduler lives where a worker dials, or at the kept address. */
const isReached = (dials: string | undefined, alive: readonly SimulatedMachine[]): boolean =>
  dials === keptHost || alive.some(({ id, tags }) => tags.role === 'scheduler' && ownHost(id) === dials)
