import { backoffMs } from '../lib/backoff.ts'
import type { Call } from '../lib/call.ts'
import { Heap } from '../lib/heap.ts'
import { Turns } from '../lib/turns.ts'
import { type ClusterKey, splitKey } from '../model/names.ts'

const backoff = { firstMs: 50, capMs: 60_000 }
/** Who is looked at for no other reason than that this process is new comes at this pace: all at once would be a herd. */
const lowEveryMs = 80

export type Priority = 'normal' | 'low'

/** What the queue tells the metrics. */
export interface QueueWatcher {
  added(): void
  retried(): void
  /** Seconds a key waited after it was due. */
  waited(seconds: number): void
}

interface Entry {
  readonly key: ClusterKey
  readonly due: number
  readonly priority: Priority
}

/**
 * Keys to look at, and nothing else of the events that brought them. One entry a key, and its earliest due time wins;
 * a key that is being worked on is held until that is done, and never lost; namespaces take turns.
 */
export class WorkQueue {
  readonly #now: () => number
  readonly #watcher: QueueWatcher
  readonly #entries = new Map<ClusterKey, Entry>()
  readonly #timed = new Heap<Entry>((a, b) => a.due < b.due)
  readonly #ready = new Turns<ClusterKey>(key => splitKey(key).namespace)
  readonly #low = new Turns<ClusterKey>(key => splitKey(key).namespace)
  readonly #working = new Set<ClusterKey>()
  readonly #held = new Map<ClusterKey, Entry>()
  readonly #failures = new Map<ClusterKey, number>()
  readonly #waiting: ((key: ClusterKey) => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #lowFrom = -Infinity

  constructor(now: () => number, watcher: QueueWatcher) {
    this.#now = now
    this.#watcher = watcher
  }

  /** Keys that are due or will be. */
  get depth(): number {
    return this.#entries.size + this.#held.size
  }

  /** Keys that could be worked on now. */
  get due(): number {
    return this.#ready.size + this.#low.size
  }

  add(
    key: ClusterKey,
    { afterMs = 0, priority = 'normal' }: { readonly afterMs?: number; readonly priority?: Priority } = {},
  ): void {
    const entry = { key, due: this.#now() + afterMs, priority }
    this.#watcher.added()
    if (this.#working.has(key)) this.#held.set(key, earlier(this.#held.get(key), entry))
    else this.#schedule(earlier(this.#entries.get(key), entry))
    this.#serve()
  }

  /** Again, after a pause that doubles with every failure in a row. */
  retry(key: ClusterKey): void {
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    this.#watcher.retried()
    this.add(key, { afterMs: backoffMs(backoff, failures) })
  }

  /** What they failed at is over: all keys that failed come again at once, one each `everyMs`, or sooner if they are due. */
  hasten(everyMs: number): void {
    const failed = [...this.#failures.keys()]
    this.#failures.clear()
    for (const [turn, key] of failed.entries()) this.add(key, { afterMs: turn * everyMs })
  }

  /** The key did well: its next failure is its first. */
  succeed(key: ClusterKey): void {
    this.#failures.delete(key)
  }

  /** The next key to work on; it is held back from others until `done`. Rejects when the signal is aborted. */
  next({ signal }: Call): Promise<ClusterKey> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const stop = (): void => {
        const at = this.#waiting.indexOf(take)
        if (at >= 0) this.#waiting.splice(at, 1)
        reject(signal.reason)
      }
      const take = (key: ClusterKey): void => {
        signal.removeEventListener('abort', stop)
        resolve(key)
      }
      signal.addEventListener('abort', stop, { once: true })
      this.#waiting.push(take)
      this.#serve()
    })
  }

  done(key: ClusterKey): void {
    this.#working.delete(key)
    const held = this.#held.get(key)
    this.#held.delete(key)
    if (held !== undefined) this.#schedule(held)
    this.#serve()
  }

  #schedule(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) return
    this.#entries.set(entry.key, entry)
    this.#timed.push(entry)
  }

  /** Moves what is due into its namespace's line, and hands out as many keys as workers wait for. */
  #serve(): void {
    const now = this.#now()
    for (
      let entry = this.#timed.peek();
      entry !== undefined && entry.due <= now;
      entry = this.#timed.peek()
    ) {
      this.#timed.pop()
      if (this.#entries.get(entry.key) === entry) this.#line(entry)
    }
    while (this.#waiting.length > 0) {
      const key = this.#take(now)
      if (key === undefined) break
      this.#hand(key, now)
    }
    this.#arm(now)
  }

  #take(now: number): ClusterKey | undefined {
    const urgent = this.#ready.take()
    if (urgent !== undefined || now < this.#lowFrom) return urgent
    const key = this.#low.take()
    if (key !== undefined) this.#lowFrom = now + lowEveryMs
    return key
  }

  #line({ key, priority }: Entry): void {
    if (priority === 'normal') this.#low.remove(key)
    const line = priority === 'normal' ? this.#ready : this.#low
    line.add(key)
  }

  #hand(key: ClusterKey, now: number): void {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    this.#working.add(key)
    this.#watcher.waited(Math.max(0, now - (entry?.due ?? now)) / 1000)
    this.#waiting.shift()?.(key)
  }

  #arm(now: number): void {
    clearTimeout(this.#timer)
    const isLowDue = this.#low.size > 0 && this.#waiting.length > 0
    const next = Math.min(this.#timed.peek()?.due ?? Infinity, isLowDue ? this.#lowFrom : Infinity)
    if (next === Infinity) return
    this.#timer = setTimeout(() => this.#serve(), Math.min(Math.max(0, next - now), 2 ** 31 - 1))
    this.#timer.unref()
  }
}

/** The earlier of two entries, with the more urgent priority of both. */
function earlier(old: Entry | undefined, entry: Entry): Entry {
  if (old === undefined) return entry
  if (old.due <= entry.due && (old.priority === 'normal' || entry.priority === 'low')) return old
  const priority = old.priority === 'normal' || entry.priority === 'normal' ? 'normal' : 'low'
  return { key: entry.key, due: Math.min(old.due, entry.due), priority }
}
