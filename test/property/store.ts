import { sleepOf, writeSleep } from '../../src/api/sleep.ts'
import type { CertificatesView } from '../../src/model/certificates.ts'
import type { Cluster, Lifetime } from '../../src/model/cluster.ts'
import type { Launch } from '../../src/model/launch.ts'
import { type ClusterUid, clusterKey, clusterUid, installationId } from '../../src/model/names.ts'
import type { ServiceView } from '../../src/model/service.ts'
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
  readonly lifetime: Lifetime
}

interface Stored extends Omit<Seen, 'cluster' | 'resourceVersion'> {
  readonly uid: ClusterUid
  readonly wish: Wish
  readonly generation: number
  readonly version: number
  readonly isDeleting: boolean
  readonly createdAt: number
  /** When it was last asked for differently, or asked to wake. */
  readonly askedAt: number
  readonly resume: string
  /** `status.sleep` as it was written. */
  readonly sleep: unknown
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
    const at = { createdAt: this.#now(), askedAt: this.#now() }
    const unslept = { resume: '', sleep: undefined }
    this.#put({ uid, wish, generation: 1, version: 0, isDeleting: false, ...at, ...unslept, ...fresh })
  }

  wish(change: Partial<Wish>): void {
    if (this.#stored === undefined || this.#stored.isDeleting) return
    this.#put({
      ...this.#stored,
      wish: { ...this.#stored.wish, ...change },
      generation: this.#stored.generation + 1,
      askedAt: this.#now(),
    })
  }

  /** The annotation that wakes. */
  resume(resume: string): void {
    if (this.#stored !== undefined) this.#put({ ...this.#stored, resume, askedAt: this.#now() })
  }

  fallAsleep(seen: Seen, since: number): Seen | undefined {
    return this.write(seen, { sleep: writeSleep(since, seen.cluster) })
  }

  /** A delete of this very state of it. */
  expire(seen: Seen): void {
    this.check(seen)
    this.delete()
  }

  /** Since when nothing was asked of it. */
  get askedAt(): number {
    return this.#stored?.askedAt ?? this.#now()
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
    this.#put({ ...this.#stored, ledger: undefined, launches: [], status: noStatus, sleep: undefined })
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
    change: Partial<Pick<Stored, 'ledger' | 'launches' | 'status' | 'hasFinalizer' | 'placement' | 'sleep'>>,
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
  const { placement, ledger, launches, status, hasFinalizer, finalizers } = stored
  const written = { placement, ledger, launches, status, hasFinalizer, finalizers }
  return { cluster: clusterOf(stored), resourceVersion: String(stored.version), ...written }
}

function clusterOf({ uid, wish, generation, isDeleting, createdAt, resume, ...stored }: Stored): Cluster {
  const sleep = sleepOf({ sleep: stored.sleep }, { generation, resume })
  const awake = wish.suspended || sleep.kind === 'asleep' ? 'suspended' : 'wanted'
  const { replicas, version, restart, lifetime } = wish
  const phase = isDeleting ? 'deleting' : awake
  const cluster = aCluster({ replicas, phase, version: String(version), restart, lifetime, sleep, createdAt })
  const key = clusterKey('default', 'demo')
  return { ...cluster, key, namespace: 'default', uid, generation, restart, resume }
}

export const openLaunches = (seen: Seen | undefined): readonly Launch[] =>
  (seen?.launches ?? []).filter(({ state }) => state.kind === 'open' || state.kind === 'unknown')

const valid = { kind: 'valid', notAfter: Date.UTC(2099, 0, 1), renewAt: Date.UTC(2098, 0, 1) } as const
/** What a cluster has in Kubernetes beside itself, by its UID. */
interface Kept {
  readonly secrets: Set<ClusterUid>
  readonly services: Set<ClusterUid>
}

interface Whose {
  readonly uid: ClusterUid
}

/** Simulated machines have no address that an EndpointSlice could hold. */
export const eyesFor = ({ secrets, services }: Kept) => ({
  certificates: async ({ uid }: Whose): Promise<CertificatesView> =>
    secrets.has(uid) ? valid : { kind: 'removed' },
  service: async ({ uid }: Whose): Promise<ServiceView> => ({
    kind: 'seen',
    service: services.has(uid) ? 'kept' : 'missing',
    slice: 'missing',
  }),
})

export const handsFor = ({ secrets, services }: Kept) => ({
  issueCertificates: async ({ uid }: Whose) => void secrets.add(uid),
  removeCertificates: async ({ uid }: Whose) => void secrets.delete(uid),
  publishService: async ({ uid }: Whose) => void services.add(uid),
  removeService: async ({ uid }: Whose) => void services.delete(uid),
})

/** Hands that have nothing to do in these worlds. */
export const quiet = {
  rotateCertificates: async () => undefined,
  renewMachines: async () => new Map(),
  holdCredentials: async (seen: Seen) => seen,
  dropCredentials: async (seen: Seen) => seen,
  console: async () => '',
  report: () => undefined,
  measure: () => undefined,
}
