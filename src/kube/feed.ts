import { backoffMs, jittered } from '../lib/backoff.ts'
import { type Call, within } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'
import { wait } from '../lib/wait.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { versionOf } from './cache.ts'
import type { Clock } from './clock.ts'
import { isKubeError, KubeError, refusal } from './fault.ts'
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
  /** The API server answers again, after it did not for some seconds. */
  returned(): void
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
  /** `performance.now()` unless given. */
  readonly clock?: Clock
}

const monotonic: Clock = { now: () => performance.now(), wait }
const shortWatchMs = 1_000
const steadyMs = 30_000
const awayMs = 5_000
const longestRetryAfterMs = 30_000
/** Whoever waited for the API server's return does not come back in the same moment. */
const returnWithinMs = 300
/** While nobody answers, a try burdens nobody; who answers with errors is left alone for longer. */
const paces = {
  unanswered: { firstMs: 800, capMs: 3_000 },
  refused: { firstMs: 800, capMs: 30_000 },
} as const
/** After so many watches in a row that began at one version and failed, that version itself is in doubt. */
const doubtAfter = 3
const none = { kind: 'refused', count: 0 } as const

/** Lists, watches from there on, and begins anew after whatever happens, until its call is stopped. */
export class Feed {
  readonly #options: FeedOptions
  readonly #listener: Listener
  readonly #random: () => number
  readonly #clock: Clock
  #position: string | undefined
  #listDueAt = -Infinity
  #listedAt = -Infinity
  #openedAt: number | undefined
  #failures: { readonly kind: keyof typeof paces; readonly count: number } = none
  #awaySince: number | undefined
  #heardAt = -Infinity
  #turnedAt: number

  constructor(options: FeedOptions, listener: Listener) {
    this.#options = options
    this.#listener = listener
    this.#random = options.random ?? Math.random
    this.#clock = options.clock ?? monotonic
    this.#turnedAt = this.#clock.now()
  }

  /** When a list or a line of a watch last came, in milliseconds of the clock. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** When this last did anything, be it to fail. */
  get turnedAt(): number {
    return this.#turnedAt
  }

  async run(call: Call): Promise<void> {
    while (!call.signal.aborted) {
      this.#openedAt = undefined
      const { back } = this.#options.kube
      const error = await this.#round(call).catch((thrown: unknown) => thrown ?? new Error('unknown'))
      if (call.signal.aborted) return
      this.#turnedAt = this.#clock.now()
      const livedMs = this.#turnedAt - (this.#openedAt ?? this.#turnedAt)
      if (livedMs > (error === undefined ? shortWatchMs : steadyMs)) this.#failures = none
      // A watch that ends as it should does so after minutes; one that ends at once would have us run in circles.
      if (error === undefined && (livedMs > shortWatchMs || this.#isListDue())) continue
      await this.#rest(error ?? tooShort(), back, call)
    }
  }

  /** A list where one is due, and one watch to its end. */
  async #round(call: Call): Promise<void> {
    if (this.#isListDue()) await this.#list(call)
    await this.#watch(call)
  }

  #isListDue(): boolean {
    return this.#clock.now() >= this.#listDueAt
  }

  async #rest(failure: unknown, back: AbortSignal | undefined, call: Call): Promise<void> {
    const fault = failure instanceof KubeError ? failure : undefined
    const kind = fault?.status === 0 ? 'unanswered' : 'refused'
    const count = this.#failures.kind === kind ? this.#failures.count + 1 : 1
    this.#failures = { kind, count }
    // Others have seen it away for seconds where this watch only waited.
    this.#awaySince ??= this.#clock.now() - (fault?.reason === 'Returned' ? awayMs : 0)
    if (isKubeError(failure, 410) || (kind === 'refused' && count >= doubtAfter)) this.#listDueAt = -Infinity
    const { resource, metrics } = this.#options
    metrics.watchRestarts.inc({ resource, because: fault?.reason ?? 'Bug' })
    this.#listener.failed(failure)
    const ms = jittered(backoffMs(paces[kind], count), 0.2, this.#random)
    // Whoever was sent away together is asked to come back at one moment.
    const askedMs = Math.min(fault?.retryAfterMs ?? 0, longestRetryAfterMs) * (1 + 0.2 * this.#random())
    const isWoken = kind === 'unanswered' && back !== undefined
    const until = isWoken ? { signal: AbortSignal.any([call.signal, back]) } : call
    await this.#clock.wait(Math.max(ms, askedMs), until).catch(() => undefined)
    if (isWoken && back.aborted)
      await this.#clock.wait(returnWithinMs * this.#random(), call).catch(() => undefined)
  }

  async #list(call: Call): Promise<void> {
    const { kube, collection } = this.#options
    this.#listener.listing()
    const list = await listAll(kube, collection, within(call, 120_000))
    this.#hear()
    this.#listedAt = this.#heardAt
    this.#listDueAt = Infinity
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
    using gap = new Gap(call, this.#clock)
    try {
      gap.closeAt(this.#listDueAt)
      const asked = { method: 'GET', path: collection.path, query, idleMs } as const
      for await (const frame of kube.stream(asked, gap)) {
        if (this.#take(frame)) continue
        this.#listDueAt = this.#listedAt + relistEveryMs
        gap.closeAt(this.#listDueAt)
      }
    } catch (error) {
      if (!gap.isDue || call.signal.aborted) throw error
    } finally {
      if (gap.isDue) this.#listDueAt = -Infinity
    }
  }

  /** False where something was missed that only a list can tell. Throws the watch's own error. */
  #take(frame: Frame): boolean {
    this.#hear()
    if (frame.kind === 'opened') this.#openedAt = this.#heardAt
    if (frame.kind === 'opened') return true
    // The next watch begins before a line that was cut off.
    if (frame.kind === 'dropped') return this.#drop(frame.because) || frame.because === 'cut'
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

  #hear(): void {
    this.#heardAt = this.#turnedAt = this.#clock.now()
    const goneMs = this.#heardAt - (this.#awaySince ?? this.#heardAt)
    this.#awaySince = undefined
    if (goneMs >= awayMs) this.#listener.returned()
  }

  #drop(because: string): false {
    this.#options.metrics.framesDropped.inc({ resource: this.#options.resource, because })
    return false
  }
}

/** Something that a watch missed. The watch goes on, and ends for a new list no sooner than lists may follow each other. */
class Gap implements Call, Disposable {
  readonly signal: AbortSignal
  readonly #clock: Clock
  readonly #end = new AbortController()
  readonly #over = new AbortController()
  #isSeen = false

  constructor(call: Call, clock: Clock) {
    this.#clock = clock
    this.signal = AbortSignal.any([call.signal, this.#end.signal])
  }

  get isDue(): boolean {
    return this.#end.signal.aborted
  }

  closeAt(time: number): void {
    if (this.#isSeen || time === Infinity) return
    this.#isSeen = true
    const ms = Math.max(0, time - this.#clock.now())
    this.#clock.wait(ms, { signal: this.#over.signal }).then(
      () => this.#end.abort(new Error('a list is due')),
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.#over.abort(new Error('the watch is over'))
  }
}

const tooShort = (): KubeError =>
  new KubeError({ status: 200, reason: 'Unreadable' }, 'the watch ended as soon as it began')

const isChangeType = (raw: unknown): raw is ChangeType =>
  raw === 'ADDED' || raw === 'MODIFIED' || raw === 'DELETED'

function watchError(status: unknown): KubeError {
  const code = isRecord(status) && typeof status['code'] === 'number' ? status['code'] : 500
  return refusal(code, status, undefined)
}
