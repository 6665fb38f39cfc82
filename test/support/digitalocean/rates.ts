import { DoFailure } from './failure.ts'

/** https://docs.digitalocean.com/reference/api/#rate-limit */
const documented = [
  { most: 250, ms: 60_000 },
  { most: 5_000, ms: 3_600_000 },
] as const

/** Requests of each token, as DigitalOcean documents to count them: a simulator does not take its limits from the code that it judges. */
export class Rates {
  readonly #now: () => number
  readonly #heard = new Map<string, number[]>()
  /** Tokens that are refused until somebody says otherwise. */
  readonly shut = new Set<string>()
  /** Requests that others have made with a token in the hour, and none of them in the last minute. */
  readonly others = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** The headers of every answer. Throws what is answered where there were too many. */
  take(token: string): Readonly<Record<string, string>> {
    const now = this.#now()
    const heard = (this.#heard.get(token) ?? []).filter(at => now - at < 3_600_000)
    this.#heard.set(token, heard)
    const [over] = documented.filter(
      ({ most, ms }) =>
        heard.filter(at => now - at < ms).length + (ms > 60_000 ? (this.others.get(token) ?? 0) : 0) >= most,
    )
    const left = 5_000 - heard.length - (this.others.get(token) ?? 0)
    const headers = {
      'ratelimit-limit': '5000',
      'ratelimit-remaining': String(Math.max(0, left - 1)),
      'ratelimit-reset': String(Math.ceil(((heard[0] ?? now) + 3_600_000) / 1_000)),
    }
    if (over === undefined && !this.shut.has(token)) {
      heard.push(now)
      return headers
    }
    const oldest = heard.find(at => now - at < (over?.ms ?? 2_000)) ?? now
    const wait = over === undefined ? 2 : Math.ceil((oldest + over.ms - now) / 1_000)
    throw new DoFailure(429, 'too_many_requests', 'API Rate limit exceeded.', {
      ...headers,
      'retry-after': String(Math.max(1, wait)),
    })
  }
}
