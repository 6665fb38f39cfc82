import type { Cloud, CloudContext, Schedulers } from '../clouds/contract.ts'
import { Inventory } from '../clouds/inventory.ts'
import { keepListed } from '../clouds/listing-loop.ts'
import type { Members } from '../clouds/members.ts'
import { ambientPlaces, cloudOf, type RegisteredCloud } from '../clouds/registry.ts'
import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid } from '../model/names.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Credentialed, Credentials, Given } from './credentials.ts'
import { Gate, gated } from './gate.ts'
import { type Led, ledCloud } from './led.ts'
import { measured } from './measured.ts'
import { keepProved } from './proofs.ts'
import { type Reached, Rooms } from './rooms.ts'
import { veiled } from './veil.ts'

/** A cloud that clusters use, with the inventory that all clusters of its scope share. */
export interface Connection {
  readonly cloud: Cloud
  readonly inventory: Inventory
  /** The cloud's own, where it plays its schedulers. */
  readonly schedulers: Schedulers | undefined
}

export interface ConnectionOptions {
  readonly context: CloudContext
  readonly allowed: readonly string[]
  /** Clouds that the operator may reach with its own identity. */
  readonly ambient: readonly string[]
  /** Where it looks there whether or not a cluster is, by cloud: regions, say. */
  readonly places: Readonly<Record<string, readonly string[]>>
  readonly credentials: Pick<Credentials, 'given'>
  /** Keeps every call within the lease. */
  readonly led: Led
  /** What stands between the operator and each cloud. */
  readonly seam: (cloud: Cloud) => Cloud
  readonly metrics: Metrics
  /** A cloud that could not be connected or listed, for the log. */
  readonly onProblem: (error: unknown) => void
  /** Clusters whose machines or address changed between two lists. */
  readonly notify: (owners: ReadonlySet<ClusterUid>) => void
  readonly now?: () => number
  /** How often each cluster's credentials are proved; once a minute unless given. */
  readonly proveEveryMs?: number
}

/** The credentials are good, and are not sure to stay yet: nothing may be asked with them before. */
export class NotYet extends CloudError {
  constructor() {
    super('unavailable', 'Its credentials are about to be taken into use')
  }
}

/** One that could not be connected is tried again. */
const againMs = 60_000
const connectMs = 20_000
const proveMs = 60_000

type Able = Extract<Given, { kind: 'own' | 'secret' }>

interface Entry {
  readonly key: string
  readonly gate: Gate
  readonly opened: Promise<Connection>
  readonly users: Set<ClusterUid>
  /** Of what is done beside its clusters. */
  readonly end: AbortController
  failure?: { readonly at: number; readonly error: unknown }
}

/**
 * Connects each cloud when its first cluster is seen, once for all clusters with the same account and credentials, and
 * keeps one list per scope for as long as the process lives.
 */
export class Connections implements AsyncDisposable {
  readonly #options: ConnectionOptions
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  readonly #uses = new Map<ClusterUid, Entry>()
  readonly #last = new Map<ClusterUid, Connection>()
  readonly #rooms = new Rooms((cloud, members) => this.#listed(cloud, members))
  #ambientAt = -Infinity
  readonly #stop = new AbortController()
  readonly #work = new Set<Promise<unknown>>()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#now = options.now ?? steadyNow
  }

  /** The cluster's connection. One that failed fails for a minute, or until its Secret changes. Throws a CloudError or ParseError. */
  async of(cluster: Credentialed): Promise<Connection> {
    const kind = cloudOf(cluster, this.#options.allowed)
    const given = this.#options.credentials.given(cluster)
    if (given.kind === 'refused') this.#leave(cluster.uid)
    if (given.kind === 'refused') throw new CloudError('unauthorized', given.problem)
    if (given.kind === 'silent') throw new CloudError('unavailable', given.problem)
    if (given.kind === 'secret' && !given.isHeld) throw new NotYet()
    const entry = this.#entry(kind, cluster.cloud.settings, given)
    this.#use(cluster.uid, entry)
    const connection = await entry.opened
    this.#last.set(cluster.uid, connection)
    return connection
  }

  /** The connection that was used last: what it has listed may still be looked at. */
  last(uid: ClusterUid): Connection | undefined {
    return this.#last.get(uid)
  }

  /** Why the cloud does not take the cluster's credentials; undefined where it does, or where nobody knows. */
  refusal(uid: ClusterUid): string | undefined {
    const entry = this.#uses.get(uid)
    const error = entry?.failure?.error
    if (error instanceof CloudError && error.fault === 'unauthorized') return error.message
    return entry?.gate.refusal
  }

  /** Whether the cloud has refused anything to the cluster's credentials: another look at their Secret may help. */
  isDoubted(uid: ClusterUid): boolean {
    const entry = this.#uses.get(uid)
    return entry?.failure !== undefined || entry?.gate.isDoubted === true
  }

  /** What is left behind must be found also where no cluster is any more. */
  openAmbient(): void {
    if (this.#now() - this.#ambientAt < againMs) return
    this.#ambientAt = this.#now()
    const { allowed, ambient: withOwnIdentity, places } = this.#options
    for (const { kind, settings } of ambientPlaces({ allowed, withOwnIdentity, places }))
      this.#entry(kind, settings, { kind: 'own' })
  }

  /** What the operator reaches now, with its own identity or with a cluster's. */
  get scopes(): readonly Reached[] {
    return this.#rooms.reached
  }

  /** A list for whoever has just changed something; others whose machines it shows changed are told as well. */
  async refresh({ inventory }: Pick<Connection, 'inventory'>, call: Call): Promise<void> {
    this.#options.notify(await inventory.refresh(call))
  }

  forget(owner: ClusterUid): void {
    this.#leave(owner)
    this.#last.delete(owner)
    this.#rooms.forget(owner)
  }

  counts(): ReturnType<Rooms['counts']> {
    return this.#rooms.counts()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the operator stops'))
    await Promise.all(this.#work)
    const opened = await Promise.allSettled([...this.#entries.values()].map(entry => entry.opened))
    for (const each of opened) if (each.status === 'fulfilled') await each.value.cloud.close()
  }

  #entry(kind: RegisteredCloud, settings: unknown, given: Able): Entry {
    const key = `${kind.connection(settings)} ${given.kind === 'secret' ? given.digest : ''}`
    const known = this.#entries.get(key)
    const isOver = known?.failure !== undefined && this.#now() - known.failure.at >= againMs
    if (known !== undefined && !isOver) return known
    const values = given.kind === 'secret' ? given.values : undefined
    const users = new Set(known?.users)
    const gate = new Gate(this.#now, values ?? {}, () => this.#options.notify(users))
    const { led, context } = this.#options
    const opened = led(connectMs, this.#stop, () => kind.connect(settings, values, context))
      .then(cloud => this.#join(cloud, gate, given.kind))
      .catch((error: unknown) => Promise.reject(veiled(error, values ?? {})))
    const entry: Entry = { key, gate, opened, users, end: new AbortController() }
    this.#entries.set(key, entry)
    for (const uid of entry.users) this.#uses.set(uid, entry)
    opened.catch((error: unknown) => {
      entry.failure = { at: this.#now(), error }
      this.#options.onProblem(error)
    })
    if (values !== undefined) this.#keep(opened.then(({ cloud }) => this.#prove(cloud, entry)))
    return entry
  }

  #prove(cloud: Cloud, { gate, end }: Entry): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, end.signal])
    return keepProved(cloud, gate, this.#options.proveEveryMs ?? proveMs, { signal })
  }

  #use(uid: ClusterUid, entry: Entry): void {
    if (this.#uses.get(uid) === entry) return
    this.#leave(uid)
    entry.users.add(uid)
    this.#uses.set(uid, entry)
  }

  /** What no cluster uses any more is let go; of the operator's own ways to a scope one stays, for the sweeper. */
  #leave(uid: ClusterUid): void {
    const entry = this.#uses.get(uid)
    if (entry === undefined) return
    this.#uses.delete(uid)
    entry.users.delete(uid)
    if (entry.users.size > 0) return
    this.#keep(
      entry.opened.then(
        connection => this.#retire(entry, connection),
        () => this.#drop(entry),
      ),
    )
  }

  async #retire(entry: Entry, connection: Connection): Promise<void> {
    if (this.#rooms.keeps(connection) || !this.#drop(entry)) return
    entry.end.abort(new Error('nobody uses it any more'))
    this.#rooms.leave(connection)
    await connection.cloud.close()
  }

  /** Unless somebody has come back to it, or another has taken its place. */
  #drop({ key, users }: Entry): boolean {
    return users.size === 0 && this.#entries.get(key)?.users === users && this.#entries.delete(key)
  }

  #join(raw: Cloud, gate: Gate, whose: Able['kind']): Connection {
    const { led, seam, metrics } = this.#options
    const connection = this.#rooms.join(gated(measured(seam(ledCloud(raw, led)), metrics), gate), whose)
    // Whoever could not list before can now.
    if (whose === 'secret') this.#keep(this.refresh(connection, this.#stop))
    return connection
  }

  #listed(cloud: Cloud, members: Members): Inventory {
    const inventory = new Inventory(members, steadyNow, this.#options.onProblem)
    // The first member joins before the first list: it begins with the next turn of the loop.
    this.#keep(Promise.resolve().then(() => keepListed(cloud, inventory, this.#options.notify, this.#stop)))
    return inventory
  }

  /** Nothing is under way that the end does not wait for. */
  #keep(work: Promise<unknown>): void {
    const kept = work.catch(() => undefined).finally(() => this.#work.delete(kept))
    this.#work.add(kept)
  }
}
