import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import type { ClusterUid } from '../model/names.ts'
import type { Renewal } from '../model/renewal.ts'
import type { SchedulerView, Use } from '../model/world.ts'
import type { SchedulerConnection } from './connection.ts'
import { DaskError } from './fault.ts'
import { type Pace, usualPace } from './pace.ts'
import { type NewMaterial, renewScheduler, renewWorkers } from './renewal.ts'
import { close, drain, identity } from './scheduler.ts'
import { Turnstile } from './turnstile.ts'
import { SchedulerWatch, type WatchContext, type WatchTarget } from './watch.ts'

export type PoolTarget = WatchTarget & { readonly uid: ClusterUid }

export interface PoolSettings {
  readonly pace: Pace
  /** A scheduler that takes longer to answer is silent. */
  readonly lookMs: number
  /** TLS handshakes under way at once. */
  readonly connects: number
  readonly random: () => number
}

const usualSettings: PoolSettings = { pace: usualPace, lookMs: 10_000, connects: 64, random: Math.random }

/** Draining goes on whether or not anybody waits for it. */
const drainMs = 2_000

interface Tracked {
  readonly target: PoolTarget
  readonly watch: SchedulerWatch
}

/** Watches the schedulers of many clusters in the background, so that a pass never waits for one. */
export class SchedulerPool implements AsyncDisposable {
  readonly #context: WatchContext
  readonly #tracked = new Map<ClusterUid, Tracked>()
  readonly #handlers = new Set<(uid: ClusterUid) => void>()
  readonly #stopping = new Set<Promise<void>>()

  constructor(settings: Partial<PoolSettings> = {}) {
    const { pace, lookMs, connects, random } = { ...usualSettings, ...settings }
    const gates = { expected: new Turnstile(connects), silent: new Turnstile(Math.ceil(connects / 2)) }
    this.#context = { pace, lookMs, gates, random, now: () => performance.now() }
  }

  /** Begins to watch, or goes on where nothing changed. What was seen at another address is forgotten. */
  track(target: PoolTarget): void {
    const old = this.#tracked.get(target.uid)
    if (old !== undefined && isSame(old.target, target)) return
    const known = old !== undefined && isSamePlace(old.target, target) ? old.watch.view : unasked
    this.forget(target.uid)
    const watch = new SchedulerWatch(target, this.#context, known, () => this.#changed(target.uid))
    this.#tracked.set(target.uid, { target, watch })
  }

  forget(uid: ClusterUid): void {
    const tracked = this.#tracked.get(uid)
    if (tracked === undefined) return
    this.#tracked.delete(uid)
    const stopping = tracked.watch.stop().finally(() => this.#stopping.delete(stopping))
    this.#stopping.add(stopping)
  }

  /** What the scheduler said when it was last asked; never waits. */
  last(uid: ClusterUid): SchedulerView {
    return this.#tracked.get(uid)?.watch.view ?? unasked
  }

  /** Calls `handler` after something has changed that a plan depends on. Dispose of the answer to end it. */
  onChange(handler: (uid: ClusterUid) => void): Disposable {
    this.#handlers.add(handler)
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) }
  }

  /** Whether anybody uses the scheduler, asked now on a connection of its own. Throws a `DaskError`. */
  async idleness(uid: ClusterUid, call: Call): Promise<Use> {
    return this.#watch(uid).use(call)
  }

  /**
   * Has workers finish what they run and take nothing more; see `drain` of the scheduler. Returns the names whose results
   * are safe within two seconds; for the others it goes on. Throws a `DaskError`.
   */
  async drain(uid: ClusterUid, names: readonly string[], call: Call): Promise<readonly string[]> {
    const watch = this.#watch(uid)
    using connection = await watch.open(call)
    try {
      return await limited(drainMs, call, inTime => drain(connection, names, inTime))
    } catch (error) {
      if (call.signal.aborted || !(error instanceof DaskError) || error.fault !== 'timeout') throw error
      return []
    } finally {
      watch.hurry()
    }
  }

  /** Ends workers. Returns the names that were really retired: only their machines may go. Throws a `DaskError`. */
  async close(uid: ClusterUid, names: readonly string[], call: Call): Promise<readonly string[]> {
    return this.#through(uid, call, connection => close(connection, names, call))
  }

  /** Gives the scheduler new certificates while it runs. Throws a `DaskError`. */
  renewScheduler(uid: ClusterUid, material: NewMaterial, call: Call): Promise<Renewal> {
    return this.#through(uid, call, connection => renewScheduler(connection, material, call))
  }

  /** The same for workers, by name; nothing is said of those that are not there. Throws a `DaskError`. */
  renewWorkers(
    uid: ClusterUid,
    names: readonly string[],
    material: NewMaterial,
    call: Call,
  ): Promise<ReadonlyMap<string, Renewal>> {
    return this.#through(uid, call, async connection => {
      const { workers } = await identity(connection, call)
      const asked = workers.filter(({ name }) => names.includes(name))
      const addresses = asked.map(({ address }) => address)
      const found = await renewWorkers(connection, addresses, material, call)
      return new Map(
        asked.flatMap(({ name, address }) => {
          const outcome = found.get(address)
          return outcome === undefined ? [] : [[name, outcome]]
        }),
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const uid of this.#tracked.keys()) this.forget(uid)
    await Promise.all(this.#stopping)
  }

  #watch(uid: ClusterUid): SchedulerWatch {
    const tracked = this.#tracked.get(uid)
    if (tracked === undefined)
      throw new DaskError('unreachable', 'this cluster’s scheduler has no known address')
    return tracked.watch
  }

  /** On a connection of its own; what comes of it is looked for at once. */
  async #through<T>(
    uid: ClusterUid,
    call: Call,
    work: (connection: SchedulerConnection) => Promise<T>,
  ): Promise<T> {
    const watch = this.#watch(uid)
    using connection = await watch.open(call)
    try {
      return await work(connection)
    } finally {
      watch.hurry()
    }
  }

  #changed(uid: ClusterUid): void {
    for (const handler of this.#handlers) queueMicrotask(() => handler(uid))
  }
}

const unasked: SchedulerView = { kind: 'unasked' }

const isSamePlace = (a: PoolTarget, b: PoolTarget): boolean =>
  a.host === b.host && a.port === b.port && a.serverName === b.serverName

const isSame = (a: PoolTarget, b: PoolTarget): boolean =>
  isSamePlace(a, b) && isSameSecurity(a, b) && a.idlePollMs === b.idlePollMs

function isSameSecurity(a: PoolTarget, b: PoolTarget): boolean {
  if ('tls' in a || 'tls' in b) return 'tls' in a && 'tls' in b
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key
}
