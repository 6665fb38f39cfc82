import { ArmFailure } from './failure.ts'

/** https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const documented = {
  read: { size: 250, perSecond: 25 },
  write: { size: 200, perSecond: 10 },
  delete: { size: 200, perSecond: 10 },
} as const

type Kind = keyof typeof documented

const kindOf = (method: string): Kind =>
  method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write'

/** Buckets of each principal, as Azure documents them: a simulator does not take its limits from the code that it judges. */
export class Rates {
  readonly #now: () => number
  readonly #buckets = new Map<string, { left: number; at: number }>()
  /** Buckets that are empty until somebody says otherwise. */
  readonly shut = new Set<Kind>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws what Azure answers where a bucket is empty. */
  take(method: string, principal: string): void {
    const kind = kindOf(method)
    const { size, perSecond } = documented[kind]
    const key = `${principal} ${kind}`
    const known = this.#buckets.get(key) ?? { left: size, at: this.#now() }
    const left = Math.min(size, known.left + ((this.#now() - known.at) / 1_000) * perSecond)
    if (left < 1 || this.shut.has(kind))
      throw new ArmFailure(
        429,
        'TooManyRequests',
        `The request is being throttled as the limit has been reached for operation type '${kind}'.`,
        2,
      )
    this.#buckets.set(key, { left: left - 1, at: this.#now() })
  }
}
