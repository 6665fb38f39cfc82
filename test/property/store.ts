import type { Cluster } from '../../src/model/cluster.ts'
import type { Launch } from '../../src/model/launch.ts'
import { type ClusterUid, clusterKey, clusterUid, installationId } from '../../src/model/names.ts'
import type { Status } from '../../src/model/status.ts'
import { type Seen, StaleWrite } from '../../src/reconcile/ports.ts'
import { aCluster } from '../support/a-world.ts'

/** What a user may change. */
export interface Wish {
  readonly replicas: number
  readonly suspended: boolean
  /** Stands for software, size and the like: machines of another version are rolled. */
  readonly version: number
  readonly restart: string
}

interface Stored extends Omit<Seen, 'cluster' | 'resourceVersion'> {
  readonly uid: ClusterUid
  readonly wish: Wish
  readonly generation: number
  readonly version: number
  readonly isDeleting: boolean
}

const noStatus: Status = { conditions: [] }
export const ourInstallation = installationId('ours')

/** One name in an API server: optimistic locks, finalizers and deletion as the real one has them. */
export class Store {
  #stored: Stored | undefined
  #version = 0
  #uids = 0
  /** Every state there was, newest last: for watches that lag and for backups that are restored. */
  readonly history: { readonly at: number; readonly seen: Seen | undefined }[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  create(wish: Wish): void {
    const uid = clusterUid(`00000000-0000-4000-8000-${(++this.#uids).toString(16).padStart(12, '0')}`)
    const fresh = {
      placement: undefined,
      ledger: undefined,
      launches: [],
      status: noStatus,
      hasFinalizer: false,
      finalizers: [],
    }
    this.#put({ uid, wish, generation: 1, version: 0, isDeleting: false, ...fresh })
  }

  wish(change: Partial<Wish>): void {
    if (this.#stored === undefined || this.#stored.isDeleting) return
    this.#put({
      ...this.#stored,
      wish: { ...this.#stored.wish, ...change },
      generation: this.#stored.generation + 1,
    })
  }

  delete(): void {
    if (this.#stored === undefined) return
    this.#put(this.#stored.hasFinalizer ? { ...this.#stored, isDeleting: true } : undefined)
  }

  /** Somebody takes its finalizers away and deletes it, whatever it has. */
  force(): void {
    if (this.#stored !== undefined) this.#put(undefined)
  }

  /** What a clumsy backup tool does: status gone, or as it was before. */
  stripStatus(): void {
    if (this.#stored === undefined) return
    this.#put({ ...this.#stored, ledger: undefined, launches: [], status: noStatus })
  }

  rollBackStatus(index: number): void {
    const old = this.history[index]?.seen
    if (this.#stored === undefined || old?.cluster.uid !== this.#stored.uid) return
    const { ledger, launches, status } = old
    this.#put({ ...this.#stored, ledger, launches, status })
  }

  get current(): Seen | undefined {
    return this.#stored && seenOf(this.#stored)
  }

  get wanted(): Wish | undefined {
    return this.#stored?.isDeleting === false ? this.#stored.wish : undefined
  }

  write(
    seen: Seen,
    change: Partial<Pick<Stored, 'ledger' | 'launches' | 'status' | 'hasFinalizer' | 'placement'>>,
  ): Seen | undefined {
    const stored = this.#stored
    if (stored === undefined || String(stored.version) !== seen.resourceVersion) throw new StaleWrite('409')
    const next = { ...stored, ...change }
    this.#put(next.isDeleting && !next.hasFinalizer ? undefined : next)
    return this.current
  }

  /** A live read: throws where somebody has written since. */
  check({ resourceVersion }: Seen): void {
    if (String(this.#stored?.version) !== resourceVersion) throw new StaleWrite('changed since it was seen')
  }

  #put(stored: Stored | undefined): void {
    this.#stored = stored && { ...stored, version: ++this.#version }
    this.history.push({ at: this.#now(), seen: this.current })
  }
}

function seenOf(stored: Stored): Seen {
  const { uid, wish, generation, version, isDeleting, ...rest } = stored
  return { cluster: clusterOf(uid, wish, generation, isDeleting), resourceVersion: String(version), ...rest }
}

function clusterOf(uid: ClusterUid, wish: Wish, generation: number, isDeleting: boolean): Cluster {
  const awake = wish.suspended ? 'suspended' : 'wanted'
  const { replicas, version, restart } = wish
  const phase = isDeleting ? 'deleting' : awake
  const cluster = aCluster({ replicas, phase, version: String(version), restart })
  return { ...cluster, key: clusterKey('default', 'demo'), namespace: 'default', uid, generation, restart }
}

export const openLaunches = (seen: Seen | undefined): readonly Launch[] =>
  (seen?.launches ?? []).filter(({ state }) => state.kind === 'open' || state.kind === 'unknown')
