import { isRecord } from '../lib/parse.ts'
import { type ClusterKey, type ClusterUid, clusterKey, clusterUid } from '../model/names.ts'
import type { WorkQueue } from './queue.ts'

/** Whoever tells of changes until the answer is disposed. */
export interface Changes<T> {
  onChange(handler: (change: T) => void): Disposable
}

export interface Change {
  readonly type: string
  readonly object: unknown
  /** Part of a first list: nothing has happened, it is only news to us. */
  readonly initial: boolean
  /** An end that nobody told of: a list does not show the object any more. */
  readonly isInferred: boolean
}

export interface Followed {
  /** Watches of DaskCloudClusters. */
  readonly clusters: readonly Changes<Change>[]
  /** The watch of the operator's own Secrets, which carry their cluster's UID under this label. */
  readonly secrets: Changes<Change>
  readonly uidLabel: string
  /** Schedulers whose answer changed. */
  readonly schedulers: Changes<ClusterUid>
  /** Told of every cluster whose end the API server has told of. */
  readonly ended: (uid: ClusterUid) => void
}

/** Turns whatever happens into keys. Nothing else of an event goes on from here. */
export class Sources {
  readonly #queue: Pick<WorkQueue, 'add'>
  readonly #keys = new Map<string, ClusterKey>()

  constructor(queue: Pick<WorkQueue, 'add'>) {
    this.#queue = queue
  }

  follow({ clusters, secrets, uidLabel, schedulers, ended }: Followed): Disposable {
    const stack = new DisposableStack()
    for (const watch of clusters) stack.use(watch.onChange(change => this.#cluster(change, ended)))
    stack.use(secrets.onChange(change => this.#secret(change, uidLabel)))
    stack.use(schedulers.onChange(uid => this.touch([uid])))
    return stack
  }

  /** Clusters of which something changed outside of Kubernetes. */
  touch(owners: Iterable<ClusterUid>): void {
    for (const uid of owners) {
      const key = this.#keys.get(uid)
      if (key !== undefined) this.#queue.add(key)
    }
  }

  /** Whether a watch shows a cluster of this UID. */
  isKnown(uid: ClusterUid): boolean {
    return this.#keys.has(uid)
  }

  #cluster({ object, type, initial, isInferred }: Change, ended: Followed['ended']): void {
    const { namespace, name, uid: raw } = metadataOf(object)
    if (typeof namespace !== 'string' || typeof name !== 'string' || typeof raw !== 'string') return
    const key = clusterKey(namespace, name)
    const uid = clusterUid(raw)
    if (type !== 'deleted') this.#keys.set(uid, key)
    else this.#keys.delete(uid)
    if (type === 'deleted' && !isInferred) ended(uid)
    this.#queue.add(key, { priority: initial && isAtRest(object) ? 'low' : 'normal' })
  }

  /** Its cluster looks whether its Secrets are as they should be. */
  #secret({ object, initial }: Change, uidLabel: string): void {
    const { labels } = metadataOf(object)
    const uid = isRecord(labels) ? labels[uidLabel] : undefined
    const key = typeof uid === 'string' ? this.#keys.get(uid) : undefined
    if (key !== undefined && !initial) this.#queue.add(key)
  }
}

/** Nothing was asked of it since it was last looked at: nothing but the order of first looks rests on this. */
function isAtRest(object: unknown): boolean {
  const { generation, deletionTimestamp } = metadataOf(object)
  const status = isRecord(object) && isRecord(object['status']) ? object['status'] : {}
  const { observedGeneration, launches } = status
  const isLaunching = Array.isArray(launches) && launches.length > 0
  return deletionTimestamp === undefined && generation === observedGeneration && !isLaunching
}

function metadataOf(object: unknown): Readonly<Record<string, unknown>> {
  return isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {}
}
