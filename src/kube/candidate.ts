import type { Call } from '../lib/call.ts'
import type { Clock } from './clock.ts'
import { isKubeError } from './fault.ts'
import { heldBy, type LeaseName, type LeaseRecord, newLease, readLease, released } from './lease-record.ts'
import type { KubeRequests } from './transport.ts'

export interface CandidateOptions {
  readonly kube: KubeRequests
  readonly lease: LeaseName
  /** Who we are; no two processes may be called the same. */
  readonly identity: string
  readonly durationMs: number
  readonly clock: Clock
}

/** A lease that was just taken or renewed. Nobody else will take it for its duration, counted from `since`. */
export interface Hold {
  readonly record: LeaseRecord
  /** On our clock, before the write was sent. */
  readonly since: number
}

/** A black-holed connection must not cost more than one of several tries. */
const tryMs = 3_000

/** Takes, renews and releases a lease; each call is one try. Throws a KubeError where nobody knows who has it. */
export class Candidate {
  readonly #options: CandidateOptions
  readonly #base: string
  #observed: { readonly pulse: string; readonly at: number } | undefined

  constructor(options: CandidateOptions) {
    this.#options = options
    this.#base = `/apis/coordination.k8s.io/v1/namespaces/${options.lease.namespace}/leases`
  }

  /** Undefined while somebody else holds it: who has not changed it for its whole duration, by our clock, has lost it. */
  async take(call: Call): Promise<Hold | undefined> {
    const { lease, identity, durationMs, clock } = this.#options
    const record = await this.#read(call)
    const since = clock.now()
    if (record === undefined) {
      return this.#write('POST', newLease(lease, identity, durationMs), since, call)
    }
    if (this.#observed?.pulse !== record.pulse) {
      this.#observed = { pulse: record.pulse, at: since }
    }
    const isOthers = record.holder !== '' && record.holder !== identity
    if (isOthers && since < this.#observed.at + record.durationMs) return undefined
    return this.#write('PUT', heldBy(record, identity, durationMs), since, call)
  }

  /** Undefined where somebody else holds it now. */
  async renew({ record }: Hold, call: Call): Promise<Hold | undefined> {
    const { identity, durationMs, clock } = this.#options
    const since = clock.now()
    const renewed = await this.#write('PUT', heldBy(record, identity, durationMs), since, call)
    // Written by another hand, or by us in a request whose answer was lost.
    return renewed ?? this.take(call)
  }

  /** Empties the holder, if it still is us. */
  async release(call: Call): Promise<void> {
    for (;;) {
      const record = await this.#read(call)
      if (record?.holder !== this.#options.identity) return
      if (await this.#write('PUT', released(record), 0, call)) return
    }
  }

  async #read(call: Call): Promise<LeaseRecord | undefined> {
    const { kube, lease } = this.#options
    const path = `${this.#base}/${lease.name}`
    try {
      return readLease(await kube.request({ method: 'GET', path, deadlineMs: tryMs }, call))
    } catch (error) {
      if (isKubeError(error, 404)) return undefined
      throw error
    }
  }

  /** Undefined where somebody else was faster. */
  async #write(method: 'POST' | 'PUT', body: unknown, since: number, call: Call): Promise<Hold | undefined> {
    const { kube, lease } = this.#options
    const path = method === 'POST' ? this.#base : `${this.#base}/${lease.name}`
    try {
      const answer = await kube.request({ method, path, body, deadlineMs: tryMs }, call)
      return { record: readLease(answer), since }
    } catch (error) {
      // Where there is nothing to make a lease in, nobody was faster: the namespace is missing, and that is to be told.
      if (isKubeError(error, 409) || (method === 'PUT' && isKubeError(error, 404))) return undefined
      throw error
    }
  }
}
