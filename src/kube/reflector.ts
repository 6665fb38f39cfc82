import type { Call } from '../lib/call.ts'
import { Cache, type Change, type Seen, sightingOf } from './cache.ts'
import { type ChangeType, Feed, type FeedOptions } from './feed.ts'
import { compareVersions } from './versions.ts'

export interface ReflectorOptions<T> extends FeedOptions {
  /** What it throws is a problem with that one object, which stays as it was last understood. */
  readonly parse: (raw: unknown) => T
  readonly onProblem: (problem: Problem) => void
}

export interface Problem {
  readonly resource: string
  /** An object cannot be understood; the list or the watch failed and begins anew; a handler of changes threw. */
  readonly kind: 'object' | 'stream' | 'handler'
  readonly key: string | undefined
  readonly error: unknown
}

type Handler<T> = (change: Change<T>) => void

/** A copy of a collection of the API server's that follows it from when it is made until it is disposed. */
export class Reflector<T> implements AsyncDisposable {
  readonly #options: ReflectorOptions<T>
  readonly #cache = new Cache<T>()
  readonly #handlers = new Set<Handler<T>>()
  readonly #waiting = new Set<() => void>()
  readonly #returnHandlers = new Set<() => void>()
  readonly #stop = new AbortController()
  readonly #feed: Feed
  readonly #running: Promise<void>
  #position: string | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#feed = new Feed(options, {
      listing: () => this.#cache.beginList(),
      listed: ({ items }) => {
        const seen = items.map(raw => this.#understand(raw)).filter(each => each !== undefined)
        this.#publish(this.#cache.replace(seen, this.#position === undefined))
      },
      changed: (type, object) => this.#change(type, object),
      reached: version => this.#moveTo(version),
      failed: error => this.#report({ kind: 'stream', key: undefined, error }),
      returned: () => {
        for (const handler of this.#returnHandlers) handler()
      },
    })
    this.#running = this.#feed.run({ signal: this.#stop.signal })
  }

  /** Whether the first list is there. */
  get isSynced(): boolean {
    return this.#position !== undefined
  }

  get(key: string): T | undefined {
    return this.#cache.get(key)
  }

  list(): readonly T[] {
    return this.#cache.list()
  }

  /** Tells at once of everything that is there, as initial, and of every change from then on. */
  onChange(handler: Handler<T>): Disposable {
    for (const [key, object] of this.#cache.entries()) {
      this.#tell(handler, { type: 'added', key, object, initial: true, isInferred: false })
    }
    this.#handlers.add(handler)
    return { [Symbol.dispose]: () => this.#handlers.delete(handler) }
  }

  /** Tells when the API server answers again after it did not for some seconds. The handler must not throw. */
  onReturn(handler: () => void): Disposable {
    this.#returnHandlers.add(handler)
    return { [Symbol.dispose]: () => this.#returnHandlers.delete(handler) }
  }

  /** Resolves after the first list. */
  synced(call: Call): Promise<void> {
    return this.#until(() => this.isSynced, call)
  }

  /** Resolves when the cache shows this version or a later one. Throws a TypeError where it is none. */
  async caughtUp(version: string, call: Call): Promise<void> {
    const isThere = (): boolean =>
      this.#position !== undefined && compareVersions(this.#position, version) >= 0
    await this.#until(isThere, call)
  }

  /**
   * Puts the answer to a write of our own into the cache, if it is news: whoever reads next reads it. Offer only what
   * the collection's selectors let in.
   */
  offer(raw: unknown): void {
    const seen = this.#understand(raw)
    if (seen !== undefined) this.#publish(this.#cache.offer(seen, this.#position))
  }

  /** When the API server last told something (a list, a line of the watch), in milliseconds of the clock. */
  lastHeard(): number {
    return this.#feed.heardAt
  }

  /** When this last did anything, be it to fail: only where that is long ago would a new process help. */
  lastTurned(): number {
    return this.#feed.turnedAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the reflector was closed'))
    await this.#running
  }

  #change(type: ChangeType, raw: unknown): void {
    const seen = this.#understand(raw)
    if (seen !== undefined) this.#publish(this.#cache.apply(type, seen))
  }

  /** Undefined where not even its name can be read; without `object` where the rest cannot. */
  #understand(raw: unknown): Seen<T> | undefined {
    try {
      const sighting = sightingOf(raw)
      try {
        return { ...sighting, object: this.#options.parse(raw) }
      } catch (error) {
        this.#drop(sighting.key, error)
        return sighting
      }
    } catch (error) {
      this.#drop(undefined, error)
      return undefined
    }
  }

  #drop(key: string | undefined, error: unknown): void {
    const { metrics, resource } = this.#options
    metrics.framesDropped.inc({ resource, because: 'unparsable' })
    this.#report({ kind: 'object', key, error })
  }

  #report(problem: Omit<Problem, 'resource'>): void {
    this.#options.onProblem({ resource: this.#options.resource, ...problem })
  }

  #publish(changes: readonly Change<T>[]): void {
    for (const change of changes) for (const handler of this.#handlers) this.#tell(handler, change)
  }

  #tell(handler: Handler<T>, change: Change<T>): void {
    try {
      handler(change)
    } catch (error) {
      this.#report({ kind: 'handler', key: change.key, error })
    }
  }

  #moveTo(version: string): void {
    this.#position = version
    for (const check of this.#waiting) check()
  }

  #until(isMet: () => boolean, { signal }: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#waiting.delete(check)
        signals.removeEventListener('abort', stop)
        finish()
      }
      const signals = AbortSignal.any([signal, this.#stop.signal])
      const stop = (): void => settle(() => reject(signals.reason))
      const check = (): void => {
        if (isMet()) settle(resolve)
      }
      this.#waiting.add(check)
      signals.addEventListener('abort', stop)
      if (signals.aborted) stop()
      else check()
    })
  }
}
