import { GceFailure } from './failure.ts'

const intervalMs = 60_000
const most = 1_500
const mostBulksASecond = 20

/** The quota that a method counts in, as Google's page of quotas groups them. */
export function groupOf(id: string): string {
  const [collection = '', method = ''] = id.split('.')
  if (collection.endsWith('Operations') && method !== 'list') return 'Operation read requests'
  if (method === 'list' || method === 'aggregatedList') return 'List requests'
  return method.startsWith('get') ? 'Read requests' : 'Queries'
}

/** Requests of one project, a minute at a time: what is left of a minute is not kept. */
export class Rates {
  readonly #now: () => number
  readonly #used = new Map<string, { readonly interval: number; count: number }>()
  #bulks = { second: 0, count: 0 }
  /** Limits that are not the usual, by group. */
  readonly limits = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Throws what Google answers when a minute's requests are used up. */
  take(id: string, project: string): void {
    const group = groupOf(id)
    const interval = Math.floor(this.#now() / intervalMs)
    const known = this.#used.get(group)
    const used = known?.interval === interval ? known : { interval, count: 0 }
    this.#used.set(group, used)
    used.count += 1
    if (used.count > (this.limits.get(group) ?? most)) throw exceeded(group, project)
    if (id.endsWith('.bulkInsert')) this.#takeBulk(project)
  }

  #takeBulk(project: string): void {
    const second = Math.floor(this.#now() / 1_000)
    this.#bulks = this.#bulks.second === second ? this.#bulks : { second, count: 0 }
    this.#bulks.count += 1
    if (this.#bulks.count > mostBulksASecond) throw exceeded('Bulk instance insert requests', project)
  }

  /** How many there were of a group in this minute. */
  used(group: string): number {
    const known = this.#used.get(group)
    return known?.interval === Math.floor(this.#now() / intervalMs) ? known.count : 0
  }
}

export const exceeded = (group: string, project: string): GceFailure =>
  new GceFailure(
    403,
    'rateLimitExceeded',
    `Quota exceeded for quota metric '${group}' and limit '${group} per minute' of service 'compute.googleapis.com' for consumer 'project_number:${project}'.`,
  )
