/** What is told of an object, before it is known how often it was told. */
export interface Told {
  /** Identifies the object. */
  readonly about: string
  readonly kind: string
  readonly reason: string
  readonly action: string
  readonly message: string
}

export type Correlated =
  /** To be written under `key`; `count` is how often it was told, and events of one key are one event. */
  | { readonly kind: 'write'; readonly key: string; readonly message: string; readonly count: number }
  | { readonly kind: 'flood' }

export interface EventLimits {
  /** From so many different messages of one reason on, they become one event. */
  readonly similar: number
  /** That long after the last of them, they are new again. */
  readonly similarMs: number
  /** An object may have so many events at once, */
  readonly burst: number
  /** and one more in every such time. */
  readonly refillMs: number
  /** Of objects, reasons and events, so many are remembered; the oldest are forgotten first. */
  readonly memory: number
}

/** As client-go has them. */
export const usualLimits: EventLimits = {
  similar: 10,
  similarMs: 600_000,
  burst: 25,
  refillMs: 300_000,
  memory: 4_096,
}

/** Makes many events few: the same are counted, similar ones become one, and a flood about one object is dammed. */
export class EventCorrelation {
  readonly #limits: EventLimits
  readonly #groups: Recent<{ readonly messages: ReadonlySet<string>; readonly lastAt: number }>
  readonly #counts: Recent<number>
  readonly #buckets: Recent<{ readonly tokens: number; readonly at: number }>

  constructor(limits: EventLimits = usualLimits) {
    this.#limits = limits
    this.#groups = new Recent(limits.memory)
    this.#counts = new Recent(limits.memory)
    this.#buckets = new Recent(limits.memory)
  }

  /** `now` in milliseconds of any clock that goes forward. */
  take(told: Told, now: number): Correlated {
    const { key, message } = this.#join(told, now)
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return this.#isFlood(told.about, now) ? { kind: 'flood' } : { kind: 'write', key, message, count }
  }

  #join({ about, kind, reason, action, message }: Told, now: number): { key: string; message: string } {
    const { similar, similarMs } = this.#limits
    const group = JSON.stringify([about, kind, reason, action])
    const known = this.#groups.get(group)
    const isFresh = known === undefined || now - known.lastAt > similarMs
    const messages = new Set([...(isFresh ? [] : known.messages), message])
    const isMany = messages.size >= similar
    // Over the limit it stays at the limit: who is one of many needs no place of its own.
    this.#groups.set(group, { messages: isMany && known ? known.messages : messages, lastAt: now })
    if (isMany) return { key: group, message: `(combined from similar events): ${message}` }
    return { key: JSON.stringify([about, kind, reason, action, message]), message }
  }

  #isFlood(about: string, now: number): boolean {
    const { burst, refillMs } = this.#limits
    const bucket = this.#buckets.get(about) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs)
    this.#buckets.set(about, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    return tokens < 1
  }
}

/** A map of what was touched last. */
export class Recent<V> {
  readonly #most: number
  readonly #entries = new Map<string, V>()

  constructor(most: number) {
    this.#most = most
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
