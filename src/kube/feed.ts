import { backoffMs, jittered } from '../lib/backoff.ts'
import { type Call, within } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'
import { wait } from '../lib/wait.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { versionOf } from './cache.ts'
import { isKubeError, KubeError, noAnswer, refusal } from './fault.ts'
import type { Frame } from './frames.ts'
import { type Collection, type Listed, listAll, selectorsOf } from './pages.ts'
import type { KubeRequests, KubeStreams } from './transport.ts'

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** Who is told of a collection: a whole list first, then changes, and another list whenever something was missed. */
export interface Listener {
  /** A list is asked for; it shows a moment no earlier than this. */
  listing(): void
  listed(list: Listed): void
  changed(type: ChangeType, object: unknown): void
  /** Everything up to this version was told. */
  reached(version: string): void
  failed(error: unknown): void
}

export interface FeedOptions {
  readonly kube: KubeRequests & KubeStreams
  readonly collection: Collection
  /** In metrics, e.g. `daskcloudclusters`. */
  readonly resource: string
  readonly metrics: Pick<Metrics, 'watchEvents' | 'watchRestarts' | 'framesDropped'>
  /** A watch that sends nothing for so long, not even a bookmark (one a minute), is dead. Default 70 s. */
  readonly idleMs?: number
  /** A list that makes up for what a watch missed comes so long after the last one at the earliest. Default 30 s. */
  readonly relistEveryMs?: number
  readonly random?: () => number
}

const shortWatchMs = 1_000
const steadyMs = 30_000
const longestRetryAfterMs = 30_000
/** While nobody answers, a try burdens nobody; who answers with errors is left alone for longer. */
const paces = {
  unanswered: { firstMs: 800, capMs: 5_000 },
  refused: { firstMs: 800, capMs: 30_000 },
} as const
/** After so many watches in a row that began at one version and failed, that version itself is in doubt. */
const doubtAfter = 3

/** Lists, watches from there on, and begins anew after whatever happens, until its call is stopped. */
export class Feed {
  readonly #options: FeedOptions
  readonly #listener: Listener
  readonly #random: () => number
  #position: string | undefined
  #mustList = true
  #listedAt = -Infinity
  #failures: { readonly kind: keyof typeof paces; readonly count: number } = { kind: 'refused', count: 0 }
  #heardAt = -Infinity
  #turnedAt = performance.now()

  constructor(options: FeedOptions, listener: Listener) {
    this.#options = options
    this.#listener = listener
    this.#random = options.random ?? Math.random
  }

  /** When a list or a line of a watch last came, in milliseconds of `performance.now()`. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** When this last did anything, be it to fail. */
  get turnedAt(): number {
    return this.#turnedAt
  }

  async run(call: Call): Promise<void> {
    while (!call.signal.aborted) {
      const began = performance.now()
      const error = await this.#round(call).catch((thrown: unknown) => thrown ?? new Error('unknown'))
      if (call.signal.aborted) return
      this.#turnedAt = performance.now()
      const livedMs = this.#turnedAt - began
      if (error === undefined) this.#failures = { kind: 'refused', count: 0 }
      // A watch that ends as it should does so after minutes; one that ends at once would have us run in circles.
      if (error === undefined && (livedMs > shortWatchMs || this.#mustList)) continue
      if (livedMs > steadyMs) this.#failures = { kind: 'refused', count: 0 }
      await this.#rest(error ?? noAnswer('Unreadable', 'the watch ended as soon as it began'), call)
    }
  }

  /** A list where one is due, and one watch to its end. */
  async #round(call: Call): Promise<void> {
    if (this.#mustList) await this.#list(call)
    await this.#watch(call)
  }

  async #rest(failure: unknown, call: Call): Promise<void> {
    const kind = isKubeError(failure, 0) ? 'unanswered' : 'refused'
    const count = this.#failures.kind === kind ? this.#failures.count + 1 : 1
    this.#failures = { kind, count }
    if (isKubeError(failure, 410) || (kind === 'refused' && count >= doubtAfter)) this.#mustList = true
    const { resource, metrics } = this.#options
    const fault = failure instanceof KubeError ? failure : undefined
    metrics.watchRestarts.inc({ resource, because: fault?.reason ?? 'Bug' })
    this.#listener.failed(failure)
    const ms = jittered(backoffMs(paces[kind], count), 0.2, this.#random)
    const askedMs = Math.min(fault?.retryAfterMs ?? 0, longestRetryAfterMs)
    await wait(Math.max(ms, askedMs), call).catch(() => undefined)
  }

  async #list(call: Call): Promise<void> {
    const { kube, collection } = this.#options
    this.#listener.listing()
    const list = await listAll(kube, collection, within(call, 120_000))
    this.#heardAt = this.#turnedAt = this.#listedAt = performance.now()
    this.#mustList = false
    this.#position = list.resourceVersion
    this.#listener.listed(list)
    this.#listener.reached(list.resourceVersion)
  }

  async #watch(call: Call): Promise<void> {
    const { kube, collection, idleMs = 70_000, relistEveryMs = 30_000 } = this.#options
    const query = {
      ...selectorsOf(collection),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: this.#position,
      // All watches of all replicas would come back at once.
      timeoutSeconds: Math.round(300 + 300 * this.#random()),
    }
    using gap = new Gap(call)
    try {
      const asked = { method: 'GET', path: collection.path, query, idleMs } as const
      for await (const frame of kube.stream(asked, gap)) {
        if (!this.#take(frame)) gap.closeIn(this.#listedAt + relistEveryMs - performance.now())
      }
    } catch (error) {
      if (!gap.isDue || call.signal.aborted) throw error
    } finally {
      if (gap.isSeen) this.#mustList = true
    }
  }

  /** False where something was missed that only a list can tell. Throws the watch's own error. */
  #take(frame: Frame): boolean {
    this.#heardAt = this.#turnedAt = performance.now()
    if (frame.kind === 'dropped') return this.#drop(frame.because)
    const { type, object } = isRecord(frame.value) ? frame.value : { type: undefined, object: undefined }
    if (type === 'ERROR') throw watchError(object)
    if (!isChangeType(type) && type !== 'BOOKMARK') return this.#drop('unknown')
    this.#options.metrics.watchEvents.inc({ resource: this.#options.resource, type })
    if (type !== 'BOOKMARK') this.#listener.changed(type, object)
    const version = versionOf(object)
    if (version === undefined) return this.#drop('unversioned')
    this.#position = version
    this.#listener.reached(version)
    return true
  }

  #drop(because: string): false {
    this.#options.metrics.framesDropped.inc({ resource: this.#options.resource, because })
    return false
  }
}

/** Something that a watch missed. The watch goes on, and ends for a new list no sooner than lists may follow each other. */
class Gap implements Call, Disposable {
  readonly signal: AbortSignal
  readonly #end = new AbortController()
  readonly #over = new AbortController()
  #isSeen = false

  constructor(call: Call) {
    this.signal = AbortSignal.any([call.signal, this.#end.signal])
  }

  get isSeen(): boolean {
    return this.#isSeen
  }

  get isDue(): boolean {
    return this.#end.signal.aborted
  }

  closeIn(ms: number): void {
    if (this.#isSeen) return
    this.#isSeen = true
    wait(Math.max(0, ms), { signal: this.#over.signal }).then(
      () => this.#end.abort(new Error('a list is due')),
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.#over.abort(new Error('the watch is over'))
  }
}

const isChangeType = (raw: unknown): raw is ChangeType =>
  raw === 'ADDED' || raw === 'MODIFIED' || raw === 'DELETED'

function watchError(status: unknown): KubeError {
  const code = isRecord(status) && typeof status['code'] === 'number' ? status['code'] : 500
  return refusal(code, status, undefined)
}
