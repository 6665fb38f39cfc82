import { Inventory } from '../../src/clouds/inventory.ts'
import type { SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import type { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import type { Call } from '../../src/lib/call.ts'
import { digest } from '../../src/lib/fingerprint.ts'
import { type Launch, tokenOf } from '../../src/model/launch.ts'
import { type ClusterUid, clusterKey, launchId } from '../../src/model/names.ts'
import { type Next, Passes } from '../../src/reconcile/pass.ts'
import { type Desk, type Eyes, type Hands, type Seen, UnclearWrite } from '../../src/reconcile/ports.ts'
import type { Random } from '../support/random.ts'
import type { VirtualClock } from '../support/virtual-clock.ts'
import { atOnce, never } from './mortality.ts'
import { eyesFor, handsFor, ourInstallation, quiet, type Store } from './store.ts'
import { Sweeping } from './sweeping.ts'
import { seenInUse, type Use } from './use.ts'

/** The API server's troubles, one question a write or a read. */
export interface ApiTrouble {
  /** Share of writes that fail before they are made, and of those that are made and not answered. */
  readonly refused: number
  readonly lost: number
  readonly watchLagMs: number
}

export interface Surroundings {
  readonly clock: VirtualClock
  readonly store: Store
  readonly cloud: SimulatedCloud
  readonly world: SimulatedWorld
  /** What a launch may be carried out as, in turn. */
  readonly offerings: readonly string[]
  /** Machines of strangers. */
  readonly decoys: ReadonlySet<string>
  readonly secrets: Set<ClusterUid>
  readonly services: Set<ClusterUid>
  readonly random: Random
  readonly api: ApiTrouble
  /** Called before and after everything that a pass waits for; true ends this process there. */
  readonly crashes: () => boolean
  /** Whether somebody has a task or a client there. */
  readonly use: Use
  /** Without it, launches are not written down: to show that the worlds can fail. */
  readonly writesAhead: boolean
  readonly trace: ((line: string) => void) | undefined
  /** Without it, every pass begins with an empty memory. */
  readonly remembers: boolean
  readonly sweeps: boolean
}

export const key = clusterKey('default', 'demo')
const call: Call = { signal: new AbortController().signal }

/** One process of the operator: dies with its memory, its cache and its lists. */
export class OperatorProcess {
  readonly #around: Surroundings
  readonly inventory: Inventory
  #passes: Passes
  #own: Seen | undefined
  #unwritten:
    | { readonly uid: ClusterUid; readonly launches: readonly Launch[]; readonly seq: number }
    | undefined
  #needsLive = true
  #listedAt = -Infinity
  readonly #sweeping: Sweeping
  isDead = false

  constructor(around: Surroundings) {
    this.#around = around
    this.inventory = new Inventory(around.cloud, around.clock.now)
    this.#passes = new Passes(this.#desk())
    this.#sweeping = new Sweeping(around, {
      cloud: this.#mortal(around.cloud),
      inventory: this.inventory,
      shown: () => this.#cached(around.clock.now() - around.api.watchLagMs)?.cluster.uid,
    })
  }

  /** Every five seconds, beside the passes. */
  async sweep(): Promise<void> {
    if (this.#around.sweeps) await this.#sweeping.sweep()
  }

  async pass(): Promise<Next> {
    const { clock, cloud, remembers } = this.#around
    const { busy, resting } = cloud.promises.listEveryMs
    const every = this.inventory.pace === 'busy' ? busy : resting
    if (clock.now() - this.#listedAt >= every) {
      this.#listedAt = clock.now()
      await this.inventory.refresh(call)
    }
    if (!remembers) this.#passes = new Passes(this.#desk())
    return this.#passes.run(key, call)
  }

  #desk(): Desk {
    const { clock, random } = this.#around
    return {
      eyes: this.#mortal(this.#eyes()),
      hands: this.#mortal(this.#hands()),
      clock,
      installation: ourInstallation,
      joinLimitMs: 900_000,
      ownCIDRs: [],
      newLaunchId: () => launchId(random.hex(16)),
      log: (_level, fields, message) => this.#around.trace?.(`${message} ${JSON.stringify(fields)}`),
    }
  }

  /** Every await of a pass goes through its eyes and hands: each is a point at which this process may die. */
  #mortal<T extends object>(part: T): T {
    return new Proxy(part, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...words: unknown[]) => {
          if (atOnce.has(name)) return Reflect.apply(method, target, words)
          const answer: unknown = this.#alive() ? Reflect.apply(method, target, words) : never
          return answer instanceof Promise ? answer.then(done => (this.#alive() ? done : never)) : answer
        }
      },
    })
  }

  #alive(): boolean {
    if (!this.isDead && this.#around.crashes()) this.isDead = true
    return !this.isDead
  }

  #eyes(): Eyes {
    const { store, clock, api, cloud } = this.#around
    return {
      cluster: async () => {
        const seen = this.#needsLive ? store.current : this.#cached(clock.now() - api.watchLagMs)
        this.#needsLive = false
        return seen === undefined ? { kind: 'absent' } : { kind: 'seen', seen: this.#remembered(seen) }
      },
      ...eyesFor(this.#around),
      credentials: async () => ({ kind: 'unneeded' }),
      inventory: async ({ uid }) => ({
        scope: cloud.scope,
        view: this.inventory.view(uid),
        promises: cloud.promises,
      }),
      attend: ({ uid }, pace) => this.inventory.attend(uid, pace),
      scheduler: ({ uid }, address) =>
        address === undefined ? { kind: 'unasked' } : seenInUse(cloud.schedulers.view(uid), this.#around.use),
    }
  }

  #hands(): Hands {
    const { store, cloud, writesAhead } = this.#around
    return {
      confirm: async seen => {
        this.#write(seen, () => store.check(seen))
      },
      stampLedger: async (seen, seq) =>
        this.#write(seen, () => store.write(seen, { ledger: { uid: seen.cluster.uid, seq } })),
      enrol: async seen =>
        this.#write(seen, () =>
          store.write(seen, {
            hasFinalizer: true,
            placement: { installation: ourInstallation, scope: cloud.scope },
          }),
        ),
      confirmIdle: async () => undefined,
      fallAsleep: async (seen, since) => this.#write(seen, () => store.fallAsleep(seen, since)),
      wakeUp: async seen => this.#write(seen, () => store.write(seen, { sleep: undefined })),
      deleteCluster: async seen => void this.#write(seen, () => store.expire(seen)),
      release: async seen => void this.#write(seen, () => store.write(seen, { hasFinalizer: false })),
      writeLaunches: async (seen, { launches, seq }) => {
        if (!writesAhead) {
          this.#unwritten = { uid: seen.cluster.uid, launches, seq }
          return this.#remembered(seen)
        }
        return this.#write(seen, () =>
          store.write(seen, { launches, ledger: { uid: seen.cluster.uid, seq } }),
        )
      },
      publish: async ({ uid, resourceVersion }, status, _call, held) => {
        const seen = this.#own ?? store.current
        const { launches, seq } = held ?? {}
        const isKept = launches !== undefined && seq !== undefined
        if (isKept && !writesAhead) this.#unwritten = { uid, launches, seq }
        const records = isKept && writesAhead ? { launches, ledger: { uid, seq } } : {}
        if (seen !== undefined)
          this.#write({ ...seen, resourceVersion }, () =>
            store.write({ ...seen, resourceVersion }, { status, ...records }),
          )
      },
      ...handsFor(this.#around),
      offerings: async () => this.#around.offerings,
      prepare: async ({ uid, key: name }, draft, address) => {
        const request = {
          ...draft,
          launch: draft.id,
          token: tokenOf(draft),
          owner: { uid, key: name },
          offering: draft.choice,
          userData: '',
          exposure: 'Public' as const,
          address,
        }
        const send = async (at: Call) => (await cloud.launch(request, at)).machines
        return { scope: cloud.scope, hash: digest({ ...draft, address: address?.internal.host }), send }
      },
      terminate: (_cluster, machines, at) => cloud.terminate(machines, at),
      reserveAddress: ({ uid, key: name }, wish, at) =>
        cloud.reserveAddress({ owner: { uid, key: name }, exposure: 'Public', ...wish }, at),
      releaseAddress: ({ uid }, at) => cloud.releaseAddress(uid, at),
      drain: ({ uid }, machines) => cloud.schedulers.drain(uid, machines),
      close: ({ uid }, machines) => cloud.schedulers.close(uid, machines),
      ...quiet,
      forget: (_key, uid) => this.inventory.forget(uid),
    }
  }

  /** Launches that were kept in this process alone, where nothing is written ahead. */
  #remembered(seen: Seen): Seen {
    const kept = this.#unwritten
    if (kept?.uid !== seen.cluster.uid) return seen
    return { ...seen, launches: kept.launches, ledger: { uid: kept.uid, seq: kept.seq } }
  }

  /** What the watch has brought by now, or this process's own write where that is newer. */
  #cached(at: number): Seen | undefined {
    const { history } = this.#around.store
    const seen = history.findLast(each => each.at <= at)?.seen
    const own = history.findLast(each => each.seen?.resourceVersion === this.#own?.resourceVersion)
    return own === undefined || own.at <= at ? seen : this.#own
  }

  /** A write with the API server's troubles; afterwards the cache holds at least this write. */
  #write(seen: Seen, write: () => Seen | undefined | void): Seen {
    const { random, api } = this.#around
    if (random.chance(api.refused)) throw this.#unclear()
    try {
      const after = write() ?? seen
      if (random.chance(api.lost)) throw this.#unclear()
      return (this.#own = after)
    } catch (error) {
      this.#needsLive = true
      throw error
    }
  }

  #unclear(): UnclearWrite {
    this.#needsLive = true
    return new UnclearWrite('no answer from the API server')
  }
}
