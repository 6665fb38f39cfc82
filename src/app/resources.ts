import { writeLaunches } from '../api/launch-records.ts'
import { annotations, finalizer } from '../api/names.ts'
import { type Placement, writePlacement } from '../api/placement.ts'
import { type CloudParser, type Identity, type Parsed, parseResource } from '../api/resource.ts'
import { statusPatch, writeLedger } from '../api/status.ts'
import type { Call } from '../lib/call.ts'
import { ParseError } from '../lib/parse.ts'
import type { Launch } from '../model/launch.ts'
import { type ClusterKey, clusterKey } from '../model/names.ts'
import type { Status } from '../model/status.ts'
import { type Seen, type Sighting, StaleWrite, type Subject, UnclearWrite } from '../reconcile/ports.ts'

/** DaskCloudClusters at the API server. Writes carry the resourceVersion they rest on, and answer with the new object. */
export interface ClusterStore {
  /** From the watch, or from a write of our own where that is newer. */
  cached(key: ClusterKey): unknown
  /** A consistent read; undefined where there is none. */
  live(key: ClusterKey, call: Call): Promise<unknown>
  /** Puts an object we have just read or written into the cache, unless that knows a newer one. */
  offer(key: ClusterKey, object: unknown): void
  patchStatus(key: ClusterKey, patch: Patch, call: Call): Promise<unknown>
  patchMetadata(key: ClusterKey, patch: Patch, call: Call): Promise<unknown>
  /** `refused` where a write has certainly changed nothing, `stale` where that was because somebody else wrote first. */
  judge(error: unknown): 'stale' | 'gone' | 'refused' | 'unclear'
}

export interface Patch {
  readonly resourceVersion: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Reads and writes custom resources for the passes, and turns what the API server says into what a pass understands. */
export class Resources {
  readonly #store: ClusterStore
  readonly #parseCloud: CloudParser
  /** Clusters whose last write nobody answered: they are read live before anything else. */
  readonly #unclear = new Set<ClusterKey>()
  readonly #parsed = new WeakMap<object, Sighting>()

  constructor(store: ClusterStore, parseCloud: CloudParser) {
    this.#store = store
    this.#parseCloud = parseCloud
  }

  async sighting(key: ClusterKey, call: Call): Promise<Sighting> {
    if (!this.#unclear.has(key)) return this.#understood(this.#store.cached(key))
    const live = await this.#store.live(key, call)
    this.#unclear.delete(key)
    if (live !== undefined) this.#store.offer(key, live)
    return this.#understood(live)
  }

  /** A live read that must still show what was seen. */
  async confirm({ cluster, resourceVersion }: Seen, call: Call): Promise<void> {
    const live = await this.#store.live(cluster.key, call).catch(cause => this.#fail(cluster.key, cause))
    if (live !== undefined) this.#store.offer(cluster.key, live)
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

  stampLedger(seen: Seen, seq: number, call: Call): Promise<Seen> {
    return this.#patch(seen, 'patchStatus', { ledger: writeLedger({ uid: seen.cluster.uid, seq }) }, call)
  }

  writeLaunches(
    seen: Seen,
    { launches, seq }: { readonly launches: readonly Launch[]; readonly seq: number },
    call: Call,
  ): Promise<Seen> {
    const ledger = writeLedger({ uid: seen.cluster.uid, seq })
    return this.#patch(seen, 'patchStatus', { launches: writeLaunches(launches), ledger }, call)
  }

  async enrol(seen: Seen, finalizers: readonly string[], placement: Placement, call: Call): Promise<Seen> {
    const note = { [annotations.placement]: writePlacement(placement) }
    return this.#patch(
      seen,
      'patchMetadata',
      { finalizers: [...finalizers, finalizer], annotations: note },
      call,
    )
  }

  /** Afterwards the object is most often gone. */
  async release(seen: Seen, finalizers: readonly string[], call: Call): Promise<void> {
    const fields = { finalizers: finalizers.filter(each => each !== finalizer) }
    await this.#write(
      seen.cluster.key,
      'patchMetadata',
      { resourceVersion: seen.resourceVersion, fields },
      call,
    )
    this.#unclear.add(seen.cluster.key)
  }

  async publish(
    { key, resourceVersion, status: before }: Subject,
    status: Status,
    call: Call,
  ): Promise<void> {
    const patch = statusPatch(before, status)
    if (patch !== undefined) await this.#write(key, 'patchStatus', { resourceVersion, fields: patch }, call)
  }

  /** Finalizers as they are now, ours and others'. */
  finalizers(key: ClusterKey): readonly string[] {
    const parsed = this.#parse(this.#store.cached(key))
    return parsed === undefined ? [] : identityIn(parsed).finalizers
  }

  forget(key: ClusterKey): void {
    this.#unclear.delete(key)
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
    this.#store.offer(key, object)
    return object
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
    if (typeof raw !== 'object' || raw === null) return { kind: 'absent' }
    const known = this.#parsed.get(raw)
    if (known !== undefined) return known
    const parsed = this.#parse(raw)
    const sighting = parsed === undefined ? ({ kind: 'absent' } as const) : sightingOf(parsed)
    this.#parsed.set(raw, sighting)
    return sighting
  }

  #parse(raw: unknown): Parsed | undefined {
    try {
      return parseResource(raw, this.#parseCloud)
    } catch (error) {
      if (error instanceof ParseError) return undefined
      throw error
    }
  }
}

type How = 'patchStatus' | 'patchMetadata'

const identityIn = (parsed: Parsed): Identity => (parsed.kind === 'valid' ? parsed.resource : parsed.identity)

function sightingOf(parsed: Parsed): Sighting {
  switch (parsed.kind) {
    case 'valid':
      return { kind: 'seen', seen: parsed.resource }
    case 'invalid':
      return {
        kind: 'invalid',
        subject: parsed.identity,
        reason: 'InvalidSpec',
        problem: parsed.problems.join('; '),
      }
    case 'unknown-cloud':
      return {
        kind: 'invalid',
        subject: parsed.identity,
        reason: 'UnknownCloud',
        problem: `spec.cloud.${parsed.name}: this version of the operator does not know that cloud`,
      }
    default:
      return parsed satisfies never
  }
}

/** `namespace/name` of a raw object. */
export function keyOf(raw: { readonly namespace: string; readonly name: string }): ClusterKey {
  return clusterKey(raw.namespace, raw.name)
}
