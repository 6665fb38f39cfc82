import { workersIn } from '../api/class-limits.ts'
import { classNameIn, type DaskCloudClass, recordIn } from '../api/class-resource.ts'
import { type Governed, govern, type Ruling } from '../api/governing.ts'
import type { Changes } from '../controller/sources.ts'
import type { Namespace } from '../kube/classes.ts'
import { isRecord } from '../lib/parse.ts'
import { reach, recordAt } from '../lib/reach.ts'
import { type ClusterUid, readClusterUid } from '../model/names.ts'
import type { Claim, Quota } from '../plan/quota.ts'
import { QuotaBook } from '../plan/quota-book.ts'

/** By what clusters are read that name a class. */
export interface Governance {
  /** What a ruling rests on beside the cluster itself: while it is the same, a grant stays good. */
  basis(className: string): unknown
  /** The cluster as the API server has it. */
  rule(cluster: unknown, className: string): Ruling
}

/** Where no classes are served, whoever names one goes on, and ends, as it was accepted; nothing is started. */
export const noClasses: Governance = {
  basis: () => undefined,
  rule: (cluster, className) => {
    const entry = entryOf(cluster, className, () => undefined)
    const off = {
      reason: 'ClassesOff',
      problem: 'spec.className: this operator serves no classes (--classes, or its rights)',
    }
    const isThere = entry?.record !== undefined
    return isThere
      ? govern(entry, { known: undefined, room: () => off.problem })
      : { kind: 'refused', ...off }
  },
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
  /** By namespace and class. */
  readonly #books = new Map<string, QuotaBook>()
  /** What each class was when its clusters were last told. */
  readonly #classes = new Map<string, string>()
  readonly #following = new DisposableStack()
  readonly #namespaceOf = (name: string): Namespace | undefined => this.#options.namespaces.get(name)

  constructor(options: GovernorOptions) {
    this.#options = options
    for (const watch of options.clusters) this.#following.use(watch.onChange(change => this.#meet(change)))
    this.#following.use(options.classes.onChange(({ object }) => this.#meetClass(object)))
    this.#following.use(
      options.namespaces.onChange(({ object }) => {
        const name = reach(object, ['name'])
        this.#notify(({ namespace, uid }) => namespace.name === name && this.#waiting.has(uid))
      }),
    )
  }

  basis(className: string): unknown {
    const known = this.#options.classes.get(className)
    return known && stateOf(known)
  }

  rule(cluster: unknown, className: string): Ruling {
    const entry = entryOf(cluster, className, this.#namespaceOf)
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
    else if (entry.record === undefined) this.#granted.delete(entry.uid)
    this.#bookOf(entry).set(this.#claimOf(entry))
    return ruling
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]()
  }

  /** Whether there is room for so many workers of this cluster, beside what the others have or came for first. */
  #room(entry: Entry, quota: Quota | undefined, workers: number): string | undefined {
    const book = this.#bookOf(entry)
    book.set({ ...this.#claimOf(entry), workers })
    if (quota === undefined || book.lets(quota, entry.uid)) return undefined
    const { className, namespace } = entry
    const { clusters, workers: all } = book.used
    return `The clusters of class ${className} in namespace ${namespace.name} are ${ofMost(clusters, quota.clusters)} and have ${ofMost(all, quota.workers)} workers: there is no room for this one with ${workers} workers until one of them is deleted or smaller`
  }

  #bookOf({ namespace, className }: Entry): QuotaBook {
    const key = `${namespace.name} ${className}`
    const book = this.#books.get(key) ?? new QuotaBook()
    this.#books.set(key, book)
    return book
  }

  #claimOf({ uid, createdAt, spec, record, isDeleting }: Entry): Claim {
    const written = record === undefined ? undefined : workersIn(record.accepted)
    const held = this.#granted.get(uid) ?? written
    return { uid, createdAt, held, workers: isDeleting ? (held ?? 0) : workersIn(spec) }
  }

  /** What is found of a class, its status, changes nothing of its clusters. */
  #meetClass(object: unknown): void {
    const name = String(reach(object, ['name']))
    const known = this.#options.classes.get(name)
    const state = known === undefined ? 'gone' : stateOf(known)
    if (this.#classes.get(name) === state) return
    this.#classes.set(name, state)
    this.#notify(({ className }) => className === name)
  }

  /** Whatever one gives back, another may have. */
  #meet({ type, object }: Change): void {
    const className = classNameIn(object)
    const entry = className === undefined ? undefined : entryOf(object, className, this.#namespaceOf)
    if (entry === undefined) return
    const before = this.#entries.get(entry.uid)
    const book = this.#bookOf(entry)
    if (type === 'deleted') {
      for (const known of [this.#entries, this.#granted, this.#waiting]) known.delete(entry.uid)
      book.delete(entry.uid)
    } else {
      this.#entries.set(entry.uid, entry)
      book.set(this.#claimOf(entry))
    }
    const isLess = before !== undefined && workersIn(entry.spec) < workersIn(before.spec)
    if (type === 'deleted' || isLess) this.#tellNext(entry, book)
  }

  /** Only those whose turn it is: the others would be told the same again. */
  #tellNext({ className }: Entry, book: QuotaBook): void {
    const quota = this.#options.classes.get(className)?.read?.quota
    if (quota === undefined) return
    const next = [...book.next(quota)].flatMap(uid => readClusterUid(uid) ?? [])
    const waiting = next.filter(uid => this.#waiting.has(uid))
    if (waiting.length > 0) this.#options.notify(waiting)
  }

  #notify(isMeant: (entry: Entry) => boolean): void {
    const meant = [...this.#entries.values()].filter(isMeant).map(({ uid }) => uid)
    if (meant.length > 0) this.#options.notify(meant)
  }
}

const ofMost = (count: number, most: number | undefined): string =>
  most === undefined ? `${count}` : `${count} of ${most}`

/** What clusters rest on of a class. */
const stateOf = ({ uid, generation, isDeleting }: DaskCloudClass): string =>
  `${uid} ${generation} ${isDeleting}`

function entryOf(
  cluster: unknown,
  className: string,
  namespaceOf: (name: string) => Namespace | undefined,
): Entry | undefined {
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
    isDeleting: metadata['deletionTimestamp'] !== undefined,
    namespace: namespaceOf(namespace) ?? { name: namespace, labels: {} },
  }
}
