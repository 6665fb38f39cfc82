import type { Cloud, CloudContext, Schedulers } from '../clouds/contract.ts'
import { Inventory } from '../clouds/inventory.ts'
import { keepListed } from '../clouds/listing-loop.ts'
import { ambientClouds, cloudOf, type RegisteredCloud } from '../clouds/registry.ts'
import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import { isThere } from '../model/machine.ts'
import type { ClusterUid, Scope } from '../model/names.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type Led, ledCloud } from './led.ts'
import { measured } from './measured.ts'

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
  /** Clouds that the operator's own identity may be used in. */
  readonly ambient: readonly string[]
  /** Keeps every call within the lease. */
  readonly led: Led
  /** What stands between the operator and each cloud. */
  readonly seam: (cloud: Cloud) => Cloud
  readonly metrics: Metrics
  /** A cloud that could not be connected or listed, for the log. */
  readonly onProblem: (error: unknown) => void
  /** Clusters whose machines or address changed between two lists. */
  readonly notify: (owners: ReadonlySet<ClusterUid>) => void
}

/** One that could not be connected is tried again. */
const ambientEveryMs = 60_000
/** Whoever was refused for its credentials asks once a minute. */
const refusedEveryMs = 60_000

const isRefused = (error: unknown): boolean => error instanceof CloudError && error.fault === 'unauthorized'

const noIdentity = (name: string): string =>
  `This operator may not use its own identity on ${name}: start it with --ambient-clouds ${name}`

/** Connects each cloud when its first cluster is seen, and keeps one list per scope for as long as the process lives. */
export class Connections implements AsyncDisposable {
  readonly #options: ConnectionOptions
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #scopes = new Map<Scope, Connection>()
  #ambientAt = -Infinity
  readonly #stop = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** The cluster's connection. A failed one is tried again by the next who asks. Throws a CloudError or ParseError. */
  of(cluster: Pick<Cluster, 'cloud' | 'phase'>): Promise<Connection> {
    return this.#open(cloudOf(cluster, this.#options.allowed), cluster.cloud.settings)
  }

  /** What is left behind must be found also where no cluster is any more. */
  openAmbient(): void {
    if (steadyNow() - this.#ambientAt < ambientEveryMs) return
    this.#ambientAt = steadyNow()
    for (const kind of ambientClouds(this.#options.allowed))
      this.#open(kind, kind.ambient).catch(() => undefined)
  }

  /** One connection for each scope. */
  get scopes(): readonly Connection[] {
    return [...this.#scopes.values()]
  }

  #open(kind: RegisteredCloud, settings: unknown): Promise<Connection> {
    const key = kind.connection(settings)
    const known = this.#connections.get(key)
    if (known !== undefined) return known
    const opened = this.#connect(kind, settings).then(cloud => this.#join(cloud))
    this.#connections.set(key, opened)
    opened.catch((error: unknown) => {
      this.#options.onProblem(error)
      const forget = (): boolean => this.#connections.delete(key)
      if (isRefused(error)) setTimeout(forget, refusedEveryMs).unref()
      else forget()
    })
    return opened
  }

  async #connect(kind: RegisteredCloud, settings: unknown): Promise<Cloud> {
    const { ambient, context } = this.#options
    if (!kind.isTrial && !ambient.includes(kind.name))
      throw new CloudError('unauthorized', noIdentity(kind.name))
    return kind.connect(settings, undefined, context)
  }

  /** A list for whoever has just changed something; others whose machines it shows changed are told as well. */
  async refresh({ inventory }: Connection, call: Call): Promise<void> {
    this.#options.notify(await inventory.refresh(call))
  }

  forget(owner: ClusterUid): void {
    for (const { inventory } of this.#scopes.values()) inventory.forget(owner)
  }

  /** Machines by cloud and state, for the metrics. */
  counts(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    const counts = new Map<string, Map<string, number>>()
    for (const [scope, { inventory }] of this.#scopes) {
      const states = new Map<string, number>()
      for (const { state } of (inventory.newest?.machines ?? []).filter(isThere)) {
        states.set(state.kind, (states.get(state.kind) ?? 0) + 1)
      }
      counts.set(scope, states)
    }
    return counts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the operator stops'))
    await Promise.all(this.#loops)
    const opened = await Promise.allSettled(this.#connections.values())
    for (const each of opened) if (each.status === 'fulfilled') await each.value.cloud.close()
  }

  #join(raw: Cloud): Connection {
    const { led, seam, metrics } = this.#options
    const cloud = measured(seam(ledCloud(raw, led)), metrics)
    const known = this.#scopes.get(cloud.scope)
    const inventory = known?.inventory ?? new Inventory(cloud, steadyNow, this.#options.onProblem)
    const connection = { cloud, inventory, schedulers: cloud.schedulers }
    if (known === undefined) {
      this.#scopes.set(cloud.scope, connection)
      const call: Call = { signal: this.#stop.signal }
      this.#loops.push(keepListed(cloud, inventory, this.#options.notify, call))
    }
    return connection
  }
}
