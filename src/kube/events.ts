import { randomBytes } from 'node:crypto'
import { backoffMs } from '../lib/backoff.ts'
import { type Call, within } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { Turns } from '../lib/turns.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { redactText } from '../telemetry/redaction.ts'
import { type Clock, microTime, steadyClock } from './clock.ts'
import { EventCorrelation, Recent } from './event-correlation.ts'
import { isKubeError, wasRefused } from './fault.ts'
import type { KubeRequests } from './transport.ts'

/** What an event is about. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface EventReport {
  readonly kind: 'Normal' | 'Warning'
  /** One stable word, as for conditions. */
  readonly reason: string
  readonly message: string
  /** What was done or tried; `Reconcile` unless given. */
  readonly action?: string
}

export interface EventsOptions {
  readonly kube: KubeRequests
  /** Who tells: `cloud.dask.org/operator`, and which process of it. */
  readonly controller: string
  readonly instance: string
  readonly metrics: Pick<Metrics, 'eventsDropped'>
  readonly clock?: Clock
}

/** An event on its way: what is to be written last, and what the API server has. */
interface Draft {
  readonly name: string
  readonly regarding: Regarding
  readonly report: EventReport
  readonly firstAt: string
  lastAt: string
  count: number
  isWritten: boolean
}

const longestQueue = 4_000
/** So many are on their way at once, and each makes way for others for a moment: some hundred a second at most. */
const writers = 4
const pauseMs = 10
const tries = 4
const flushMs = 1_000
const sendMs = 10_000

/**
 * Writes events.k8s.io/v1 Events in the background, few where many are told. Telling never waits and never fails; what
 * cannot be written is counted and forgotten. Objects take turns, so that one with much to tell does not hold up the
 * others; the events of one are written in the order they were told.
 */
export class Events implements AsyncDisposable {
  readonly #options: EventsOptions
  readonly #clock: Clock
  readonly #correlation = new EventCorrelation()
  readonly #drafts = new Recent<Draft>(4_096)
  readonly #lines = new Turns<Draft>(({ regarding }) => regarding.uid)
  /** Objects of which an event is being written, and what was told of them meanwhile. */
  readonly #held = new Map<string, Set<Draft>>()
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>
  #isClosing = false
  #wake = Promise.withResolvers<void>()

  constructor(options: EventsOptions) {
    this.#options = options
    this.#clock = options.clock ?? steadyClock()
    const call = { signal: this.#stop.signal }
    this.#running = Promise.all(Array.from({ length: writers }, () => this.#run(call)))
  }

  report(regarding: Regarding, report: EventReport): void {
    if (this.#isClosing) return this.#drop('closed')
    const about = JSON.stringify([regarding.kind, regarding.namespace, regarding.name, regarding.uid])
    const safe = { ...report, message: redactText(report.message) }
    const told = { ...safe, about, action: report.action ?? 'Reconcile' }
    const correlated = this.#correlation.take(told, this.#clock.now())
    if (correlated.kind === 'flood') return this.#drop('flood')
    const { key, message, count } = correlated
    if (this.#waiting >= longestQueue) return this.#drop('queue')
    const now = microTime(new Date())
    const draft = this.#drafts.get(key) ?? newDraft(regarding, { ...safe, message }, now)
    draft.count = count
    draft.lastAt = now
    this.#drafts.set(key, draft)
    this.#line(draft)
  }

  /** Writes for a second what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true
    this.#rouse()
    const limit = within({ signal: this.#stop.signal }, flushMs)
    limit.signal.addEventListener('abort', () => this.#stop.abort(new Error('events were closed')), {
      once: true,
    })
    await this.#running
    this.#stop.abort(new Error('events were closed'))
    for (let left = this.#waiting; left > 0; left--) this.#drop('closed')
  }

  get #waiting(): number {
    return [...this.#held.values()].reduce((sum, { size }) => sum + size, this.#lines.size)
  }

  /** What is told of an object while an event of it is written waits for that: they stay in order, and none is written twice. */
  #line(draft: Draft): void {
    const held = this.#held.get(draft.regarding.uid)
    if (held !== undefined) held.add(draft)
    else this.#lines.add(draft)
    this.#rouse()
  }

  #rouse(): void {
    const { resolve } = this.#wake
    this.#wake = Promise.withResolvers()
    resolve()
  }

  async #run(call: Call): Promise<void> {
    while (!call.signal.aborted) {
      const draft = this.#take()
      if (draft !== undefined) {
        await this.#write(draft, call)
        this.#release(draft)
        if (!this.#isClosing) await this.#clock.wait(pauseMs, call).catch(() => undefined)
        continue
      }
      if (this.#isClosing) return
      await this.#wake.promise
    }
  }

  /** The next event, and whatever else is told of its object is held until it is written. */
  #take(): Draft | undefined {
    const draft = this.#lines.take()
    if (draft === undefined) return undefined
    const { uid } = draft.regarding
    this.#held.set(uid, this.#lines.drain(uid))
    return draft
  }

  #release({ regarding }: Draft): void {
    const held = this.#held.get(regarding.uid) ?? []
    this.#held.delete(regarding.uid)
    for (const draft of held) this.#line(draft)
  }

  async #write(draft: Draft, call: Call): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await limited(sendMs, call, inTime => this.#send(draft, inTime))
      } catch (error) {
        if (wasRefused(error) && !isKubeError(error, 429)) return this.#drop('refused')
        if (attempt === tries || call.signal.aborted) return this.#drop('unwritten')
        await this.#clock
          .wait(backoffMs({ firstMs: 1_000, capMs: 8_000 }, attempt), call)
          .catch(() => undefined)
      }
    }
  }

  async #send(draft: Draft, call: Call): Promise<void> {
    const { kube } = this.#options
    const path = `/apis/events.k8s.io/v1/namespaces/${draft.regarding.namespace}/events`
    if (draft.isWritten) {
      const patch = {
        method: 'PATCH',
        path: `${path}/${draft.name}`,
        contentType: 'application/merge-patch+json',
        body: { series: seriesOf(draft) },
      } as const
      const found = await unless(404, () => kube.request(patch, call))
      // Events are forgotten after an hour or so: then it is told anew.
      if (found) return
    }
    await unless(409, () => kube.request({ method: 'POST', path, body: eventOf(draft, this.#options) }, call))
    draft.isWritten = true
  }

  #drop(because: string): void {
    this.#options.metrics.eventsDropped.inc({ because })
  }
}

/** False where the API server answers with `status`. */
async function unless(status: number, send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send()
    return true
  } catch (error) {
    if (isKubeError(error, status)) return false
    throw error
  }
}

const newDraft = (regarding: Regarding, report: EventReport, at: string): Draft => ({
  // As client-go names them: the object's name, and what makes it different.
  name: `${regarding.name.slice(0, 200)}.${randomBytes(8).toString('hex')}`,
  regarding,
  report,
  firstAt: at,
  lastAt: at,
  count: 1,
  isWritten: false,
})

function eventOf(draft: Draft, { controller, instance }: EventsOptions): unknown {
  const { name, regarding, report, firstAt, count } = draft
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: regarding.namespace },
    eventTime: firstAt,
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    action: (report.action ?? 'Reconcile').slice(0, 128),
    reason: report.reason.slice(0, 128),
    type: report.kind,
    note: fitting(report.message),
    regarding,
    ...(count > 1 ? { series: seriesOf(draft) } : {}),
  }
}

const seriesOf = ({ count, lastAt }: Draft) => ({ count: Math.max(2, count), lastObservedTime: lastAt })

/** A note may have 1,024 bytes. */
function fitting(message: string): string {
  if (Buffer.byteLength(message) <= 1_024) return message
  const cut = Buffer.from(message).subarray(0, 1_018).toString('utf8')
  return `${cut.replace(/\uFFFD$/, '')}…`
}
