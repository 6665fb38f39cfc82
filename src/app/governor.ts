import { workersIn } from '../api/class-limits.ts'
import { classNameIn, type DaskCloudClass, recordIn } from '../api/class-resource.ts'
import { type Governed, govern, type Ruling } from '../api/governing.ts'
import { finalizer } from '../api/names.ts'
import type { Changes } from '../controller/sources.ts'
import type { Namespace } from '../kube/classes.ts'
import { isRecord } from '../lib/parse.ts'
import { listAt, reach, recordAt } from '../lib/reach.ts'
import { type ClusterUid, readClusterUid } from '../model/names.ts'
import { type Claim, type Quota, usedBy, within } from '../plan/quota.ts'

/** By what clusters are read that name a class. */
export interface Governance {
  /** What a ruling rests on beside the cluster itself: while it is the same, a grant stays good. */
  basis(className: string): unknown
  /** The cluster as the API server has it. */
  rule(cluster: unknown, className: string): Ruling
}

/** Where no classes are served, whoever names one is left as it is. */
export const noClasses: Governance = {
  basis: () => undefined,
  rule: () => ({
    kind: 'refused',
    reason: 'ClassesOff',
    problem: 'spec.className: this operator serves no classes (--classes, or its rights)',
  }),
}

interface Change {
  readonly type: string
  readonly object: unknown
}

export interface GovernorOptions {
  readonly classes: Changes<Change> & { get(name: string): DaskCloudClass | undefined }
  readonly namespaces: Changes<Change> & { get(name: string): Namespace | undefined }
  /** Watches of clusters. */
  readonly clusters: readonly Changes<Change>[]
  /** Clusters that may be judged otherwise from now on. */
  readonly notify: (uids: readonly ClusterUid[]) => void
}

interface Entry extends Governed {
  readonly uid: ClusterUid
  readonly createdAt: number
}

/** Keeps clusters to their classes: it knows all of them, and what each has been let have. */
export class Governor implements Governance, Disposable {
  readonly #options: GovernorOptions
  readonly #entries = new Map<ClusterUid, Entry>()
  /** Workers that this process has let each have, whether or not that is written yet. */
  readonly #granted = new Map<ClusterUid, number>()
  readonly #waiting = new Set<ClusterUid>()
  readonly #following = new DisposableStack()

  constructor(options: GovernorOptions) {
    this.#options = options
    for (const watch of options.clusters) this.#following.use(watch.onChange(change => this.#meet(change)))
    this.#following.use(
      options.classes.onChange(({ object }) => {
        const name = reach(object, ['name'])
        this.#notify(({ className }) => className === name)
      }),
    )
    this.#following.use(
      options.namespaces.onChange(({ object }) => {
        const name = reach(object, ['name'])
        this.#notify(({ namespace, uid }) => namespace.name === name && this.#waiting.has(uid))
      }),
    )
  }

  basis(className: string): unknown {
    return this.#options.classes.get(className)
  }

  rule(cluster: unknown, className: string): Ruling {
    const entry = this.#entryOf(cluster, className)
    if (entry === undefined)
      return { kind: 'refused', reason: 'InvalidSpec', problem: 'metadata: cannot be read' }
    const known = this.#options.classes.get(className)
    const room = (workers: number): string | undefined => this.#room(entry, known?.read?.quota, workers)
    const ruling = govern(entry, { known, room })
    const isRefused = ruling.kind === 'refused' || ruling.refusal !== undefined
    if (isRefused) this.#waiting.add(entry.uid)
    else this.#waiting.delete(entry.uid)
    if (ruling.kind === 'granted') this.#granted.set(entry.uid, workersIn(ruling.record.accepted))
    // Let in a moment ago, and refused before anything of it was written: it holds nothing.
    else if (entry.record === undefined && !entry.isRunning) this.#granted.delete(entry.uid)
    return ruling
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]()
  }

  /** Whether there is room for so many workers of this cluster, beside what the others have or came for first. */
  #room(entry: Entry, quota: Quota | undefined, workers: number): string | undefined {
    if (quota === undefined) return undefined
    const { className, namespace, uid } = entry
    const others = [...this.#entries.values()].filter(
      each => each.className === className && each.namespace.name === namespace.name && each.uid !== uid,
    )
    const own = { ...this.#claimOf(entry), workers }
    const claims = others.map(each => this.#claimOf(each))
    if (within(quota, [...claims, own]).has(uid)) return undefined
    const used = usedBy(claims)
    return `The other clusters of class ${className} in namespace ${namespace.name} are ${ofMost(used.clusters, quota.clusters)} and have ${ofMost(used.workers, quota.workers)} workers: there is no room for this one with ${workers} workers until one of them is deleted or smaller`
  }

  #claimOf({ uid, createdAt, spec, record, isRunning, isDeleting }: Entry): Claim {
    const written = record === undefined ? undefined : workersIn(record.accepted)
    const held = this.#granted.get(uid) ?? written ?? (isRunning ? workersIn(spec) : undefined)
    return { uid, createdAt, held, workers: isDeleting ? (held ?? 0) : workersIn(spec) }
  }

  /** Whatever one gives back, another may have. */
  #meet({ type, object }: Change): void {
    const className = classNameIn(object)
    const entry = className === undefined ? undefined : this.#entryOf(object, className)
    if (entry === undefined) return
    const before = this.#entries.get(entry.uid)
    if (type === 'deleted') {
      for (const known of [this.#entries, this.#granted, this.#waiting]) known.delete(entry.uid)
    } else this.#entries.set(entry.uid, entry)
    const isLess = before !== undefined && workersIn(entry.spec) < workersIn(before.spec)
    if (type === 'deleted' || isLess)
      this.#notify(({ uid, namespace }) => this.#waiting.has(uid) && namespace.name === entry.namespace.name)
  }

  #notify(isMeant: (entry: Entry) => boolean): void {
    const meant = [...this.#entries.values()].filter(isMeant).map(({ uid }) => uid)
    if (meant.length > 0) this.#options.notify(meant)
  }

  #entryOf(cluster: unknown, className: string): Entry | undefined {
    const metadata = recordAt(cluster, ['metadata'])
    const { namespace, uid, creationTimestamp } = metadata
    if (typeof namespace !== 'string' || typeof uid !== 'string') return undefined
    const known = readClusterUid(uid)
    if (known === undefined) return undefined
    const spec = reach(cluster, ['spec'])
    return {
      uid: known,
      createdAt: typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : 0,
      className,
      spec: isRecord(spec) ? spec : {},
      record: recordIn(cluster),
      isRunning: listAt(metadata, ['finalizers']).includes(finalizer),
      isDeleting: metadata['deletionTimestamp'] !== undefined,
      namespace: this.#options.namespaces.get(namespace) ?? { name: namespace, labels: {} },
    }
  }
}

const ofMost = (count: number, most: number | undefined): string =>
  most === undefined ? `${count}` : `${count} of ${most}`
