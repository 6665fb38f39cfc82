import type { WorkQueue } from '../controller/queue.ts'
import type { SchedulerPool } from '../dask/pool.ts'
import type { Reflector } from '../kube/reflector.ts'
import type { StoredSecret } from '../kube/secrets.ts'
import { isRecord } from '../lib/parse.ts'
import { type ClusterKey, type ClusterUid, clusterKey } from '../model/names.ts'
import { secretLabels } from '../pki/secret.ts'

/** Turns whatever happens into keys. Nothing else of an event goes on from here. */
export class Sources {
  readonly #queue: { readonly queue: WorkQueue }
  readonly #keys = new Map<string, ClusterKey>()

  constructor(queue: { readonly queue: WorkQueue }) {
    this.#queue = queue
  }

  follow(
    clusters: readonly Reflector<unknown>[],
    secrets: Reflector<StoredSecret>,
    pool: SchedulerPool,
  ): Disposable {
    const stack = new DisposableStack()
    for (const reflector of clusters) {
      stack.use(reflector.onChange(({ object, type, initial }) => this.#cluster(object, type, initial)))
    }
    stack.use(secrets.onChange(({ object, initial }) => this.#secret(object, initial)))
    stack.use(pool.onChange(uid => this.touch([uid])))
    return stack
  }

  /** Clusters of which something changed outside of Kubernetes. */
  touch(owners: Iterable<ClusterUid>): void {
    for (const uid of owners) {
      const key = this.#keys.get(uid)
      if (key !== undefined) this.#queue.queue.add(key)
    }
  }

  #cluster(object: unknown, type: string, isInitial: boolean): void {
    const metadata = isRecord(object) && isRecord(object['metadata']) ? object['metadata'] : {}
    const { namespace, name, uid } = metadata
    if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return
    const key = clusterKey(namespace, name)
    if (type === 'deleted') this.#keys.delete(uid)
    else this.#keys.set(uid, key)
    this.#queue.queue.add(key, { priority: isInitial ? 'low' : 'normal' })
  }

  /** One of the operator's own Secrets: its cluster looks whether it is as it should be. */
  #secret({ metadata }: StoredSecret, isInitial: boolean): void {
    const key = this.#keys.get(metadata.labels[secretLabels.uid] ?? '')
    if (key !== undefined && !isInitial) this.#queue.queue.add(key)
  }
}
