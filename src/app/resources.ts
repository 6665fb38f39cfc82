import { writeLaunches } from '../api/launch-records.ts'
import { annotations, finalizer } from '../api/names.ts'
import { type Placement, writePlacement } from '../api/placement.ts'
import { writeSleep } from '../api/sleep.ts'
import { statusPatch, writeClass, writeLedger } from '../api/status.ts'
import type { Call } from '../lib/call.ts'
import type { ClusterKey, ClusterUid } from '../model/names.ts'
import type { Status } from '../model/status.ts'
import {
  type Records,
  type Seen,
  type Sighting,
  StaleWrite,
  type Subject,
  UnclearWrite,
} from '../reconcile/ports.ts'
import { holding, letting } from './held-secrets.ts'
import type { Understanding } from './understanding.ts'

/** DaskCloudClusters at the API server. Writes carry the resourceVersion they rest on, and answer with the new object. */
export interface ClusterStore {
  /** From the watch, or from a write of our own where that is newer. */
  cached(key: ClusterKey): unknown
  /** A consistent read; undefined where there is none. */
  live(key: ClusterKey, call: Call): Promise<unknown>
  /** Puts an object we have just read or written into the cache, unless that knows a newer one. */
  offer(key: ClusterKey, object: unknown): void
  /** Whether one object is a later state than another, of whichever UIDs they are. */
  isNewer(one: unknown, other: unknown): boolean
  patchStatus(key: ClusterKey, patch: Patch, call: Call): Promise<unknown>
  patchMetadata(key: ClusterKey, patch: Patch, call: Call): Promise<unknown>
  /** This very object in this very state, or none. */
  remove(key: ClusterKey, which: Preconditions, call: Call): Promise<void>
  /** `refused` where a write has certainly changed nothing, `stale` where that was because somebody else wrote first. */
  judge(error: unknown): 'stale' | 'gone' | 'refused' | 'unclear'
}

export interface Patch {
  readonly resourceVersion: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Preconditions {
  readonly uid: ClusterUid
  readonly resourceVersion: string
}

/** Reads and writes custom resources for the passes, and turns what the API server says into what a pass understands. */
export class Resources {
  readonly #store: ClusterStore
  readonly #understanding: Pick<Understanding, 'sighting'>
  /** Clusters whose last write nobody answered: they are read live before anything else. */
  readonly #unclear = new Set<ClusterKey>()
  /** What was read or written last, for as long as the watch has not brought it: nobody may see an older state after a newer. */
  readonly #newest = new Map<ClusterKey, Newest>()

  constructor(store: ClusterStore, understanding: Pick<Understanding, 'sighting'>) {
    this.#store = store
    this.#understanding = understanding
  }

  async sighting(key: ClusterKey, call: Call): Promise<Sighting> {
    const known = this.#known(key)
    if (known !== undefined && !this.#unclear.has(key)) return this.#understood(known.object)
    const before = this.#store.cached(key)
    const live = await this.#store.live(key, call)
    this.#unclear.delete(key)
    this.#meet(key, live, before)
    return this.#understood(live)
  }

  /** A live read that must still show what was seen. */
  async confirm({ cluster, resourceVersion }: Seen, call: Call): Promise<void> {
    const before = this.#store.cached(cluster.key)
    const live = await this.#store.live(cluster.key, call).catch(cause => this.#fail(cluster.key, cause))
    this.#meet(cluster.key, live, before)
    const now = this.#understood(live)
    if (
      now.kind === 'seen' &&
      now.seen.cluster.uid === cluster.uid &&
      now.seen.resourceVersion === resourceVersion
    )
      return
    this.#unclear.add(cluster.key)
    throw new StaleWrite('the resource has changed since it was seen')
  }

  /** With the class by which it runs: what is made is made by that, whatever becomes of the class. */
  stampLedger(seen: Seen, seq: number, call: Call): Promise<Seen> {
    const { uid, class: classed } = seen.cluster
    const record = classed === undefined ? {} : { class: writeClass(classed.record) }
    return this.#patch(seen, 'patchStatus', { ledger: writeLedger({ uid, seq }), ...record }, call)
  }

  writeLaunches(seen: Seen, written: Records, call: Call): Promise<Seen> {
    return this.#patch(seen, 'patchStatus', recordsPatch(seen.cluster.uid, written), call)
  }

  fallAsleep(seen: Seen, since: number, call: Call): Promise<Seen> {
    return this.#patch(seen, 'patchStatus', { sleep: writeSleep(since, seen.cluster) }, call)
  }

  wakeUp(seen: Seen, call: Call): Promise<Seen> {
    return this.#patch(seen, 'patchStatus', { sleep: null }, call)
  }

  /** Asks for the end; the finalizer keeps the object until nothing is left. */
  async delete({ cluster: { key, uid }, resourceVersion }: Seen, call: Call): Promise<void> {
    await this.#store.remove(key, { uid, resourceVersion }, call).catch(cause => this.#fail(key, cause))
    this.#unclear.add(key)
  }

  async enrol(seen: Seen, placement: Placement, call: Call): Promise<Seen> {
    const note = { [annotations.placement]: writePlacement(placement) }
    return this.#patch(
      seen,
      'patchMetadata',
      { finalizers: [...seen.finalizers, finalizer], annotations: note },
      call,
    )
  }

  /** Writes down that a Secret is about to be used. */
  async holdSecret(seen: Seen, name: string, call: Call): Promise<Seen> {
    if (seen.heldSecrets?.includes(name) === true) return seen
    return this.#patch(seen, 'patchMetadata', holding(seen, name), call)
  }

  /** Undefined where the cluster is being deleted: it most often goes with this write. */
  async dropSecrets(seen: Seen, names: readonly string[], call: Call): Promise<Seen | undefined> {
    const { cluster, resourceVersion } = seen
    const fields = letting(seen, names)
    if (cluster.phase !== 'deleting') return this.#patch(seen, 'patchMetadata', fields, call)
    await this.#write(cluster.key, 'patchMetadata', { resourceVersion, fields }, call)
    this.#unclear.add(cluster.key)
    return undefined
  }

  /** Afterwards the object is most often gone. */
  async release(seen: Seen, call: Call): Promise<void> {
    const fields = { finalizers: seen.finalizers.filter(each => each !== finalizer) }
    await this.#write(
      seen.cluster.key,
      'patchMetadata',
      { resourceVersion: seen.resourceVersion, fields },
      call,
    )
    this.#unclear.add(seen.cluster.key)
  }

  async publish(
    { key, uid, resourceVersion, status: before }: Subject,
    { status, held }: { readonly status: Status; readonly held?: Records | undefined },
    call: Call,
  ): Promise<void> {
    const patch = statusPatch(before, status)
    if (patch === undefined && held === undefined) return
    const fields = { ...patch, ...(held && recordsPatch(uid, held)) }
    await this.#write(key, 'patchStatus', { resourceVersion, fields }, call)
  }

  /** Nothing is left of it. What the watch still shows of it is remembered to be gone until the watch has said so. */
  forget(key: ClusterKey): void {
    this.#unclear.delete(key)
    if (this.#store.cached(key) === undefined) this.#newest.delete(key)
  }

  async #patch(seen: Seen, how: How, fields: Patch['fields'], call: Call): Promise<Seen> {
    const { key, uid } = seen.cluster
    const object = await this.#write(key, how, { resourceVersion: seen.resourceVersion, fields }, call)
    const now = this.#understood(object)
    if (now.kind === 'seen' && now.seen.cluster.uid === uid) return now.seen
    throw new StaleWrite('the resource is another one by now')
  }

  async #write(key: ClusterKey, how: How, patch: Patch, call: Call): Promise<unknown> {
    const object = await this.#store[how](key, patch, call).catch(cause => this.#fail(key, cause))
    this.#meet(key, object, undefined)
    return object
  }

  /** The newer of what the watch has brought and what was read or written; undefined where only a live read can tell. */
  #known(key: ClusterKey): { readonly object: unknown } | undefined {
    const cached = this.#store.cached(key)
    const newest = this.#newest.get(key)
    if (newest === undefined) return { object: cached }
    if (cached === undefined && !newest.isGone) return undefined
    if (cached !== undefined && this.#store.isNewer(newest.object, cached)) return shown(newest)
    if (newest.isGone && cached === newest.object) return shown(newest)
    this.#newest.delete(key)
    return { object: cached }
  }

  /** `before`: what the watch had brought when the read began; what it has brought since may be a new cluster of the name. */
  #meet(key: ClusterKey, object: unknown, before: unknown): void {
    if (object !== undefined) {
      this.#newest.set(key, { object, isGone: false })
      return this.#store.offer(key, object)
    }
    const last = this.#newest.get(key)?.object ?? before
    if (last !== undefined) this.#newest.set(key, { object: last, isGone: true })
  }

  #fail(key: ClusterKey, cause: unknown): never {
    const verdict = this.#store.judge(cause)
    if (verdict === 'refused') throw cause
    this.#unclear.add(key)
    if (verdict === 'unclear')
      throw new UnclearWrite('the API server did not say what became of a write', { cause })
    throw new StaleWrite('somebody else wrote first', { cause })
  }

  #understood(raw: unknown): Sighting {
    return this.#understanding.sighting(raw)
  }
}

const recordsPatch = (uid: ClusterUid, { launches, seq }: Records) => ({
  launches: writeLaunches(launches),
  ledger: writeLedger({ uid, seq }),
})

/** The last state that was read or written, and whether a live read has found nothing since. */
interface Newest {
  readonly object: unknown
  readonly isGone: boolean
}

const shown = ({ object, isGone }: Newest) => ({ object: isGone ? undefined : object })

type How = 'patchStatus' | 'patchMetadata'
