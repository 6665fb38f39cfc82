import { setImmediate } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { KubeError, noAnswer } from '../../src/kube/fault.ts'
import { acquireLease, type Lease } from '../../src/kube/lease.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { record } from '../../src/lib/parse.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { VirtualClock } from './virtual-clock.ts'

const never = new AbortController().signal

/** Keeps one lease as the API server does: a write with another resourceVersion is refused. */
export class LeaseStore {
  lease: Readonly<Record<string, unknown>> | undefined
  #version = 0
  /** What each candidate meets instead of an answer. */
  readonly trouble = new Map<string, 'error' | 'silence' | 'lost-answer'>()

  of(identity: string) {
    return {
      request: async ({ method, body }: KubeRequest, { signal }: { signal: AbortSignal }) => {
        await Promise.resolve()
        const trouble = this.trouble.get(identity)
        if (trouble === 'error') throw noAnswer('Unreachable', 'down')
        if (trouble === 'silence') return silence(signal)
        const answer = method === 'GET' ? this.#get() : this.#write(method, record(body, 'body'))
        if (trouble === 'lost-answer' && method !== 'GET') throw noAnswer('Timeout', 'lost')
        return answer
      },
    }
  }

  get spec(): Readonly<Record<string, unknown>> {
    return record(this.lease?.['spec'], 'spec')
  }

  /** Somebody else edits it. */
  edit(spec: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>> = {}): void {
    this.#put({ ...this.lease, spec: { ...this.spec, ...spec } }, metadata)
  }

  #get(): unknown {
    if (this.lease === undefined) throw new KubeError({ status: 404, reason: 'NotFound' }, 'not found')
    return structuredClone(this.lease)
  }

  #write(method: string, sent: Readonly<Record<string, unknown>>): unknown {
    const isThere = this.lease !== undefined
    if (isThere === (method === 'POST'))
      throw new KubeError({ status: isThere ? 409 : 404, reason: 'Conflict' }, 'no')
    const seen = record(sent['metadata'], 'metadata')['resourceVersion']
    if (isThere && seen !== String(this.#version))
      throw new KubeError({ status: 409, reason: 'Conflict' }, 'stale')
    this.#put(sent, {})
    return structuredClone(this.lease)
  }

  #put(lease: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>>): void {
    const before = record(lease['metadata'], 'metadata')
    this.lease = structuredClone({
      ...lease,
      metadata: { ...before, uid: 'l1', ...metadata, resourceVersion: String(++this.#version) },
    })
  }
}

const silence = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(noAnswer('Stopped', 'stopped')))
  })

/** Candidates for one lease, and a clock that the test moves. */
export function leaseRoom() {
  const clock = new VirtualClock()
  const store = new LeaseStore()
  const metrics = createMetrics()
  const held: Lease[] = []
  onTestFinished(async () => {
    store.trouble.clear()
    await Promise.all(held.map(lease => lease[Symbol.asyncDispose]()))
  })
  const acquire = async (identity: string, signal = never): Promise<Lease> => {
    const lease = await acquireLease(
      {
        kube: store.of(identity),
        lease: { namespace: 'ops', name: 'operator' },
        identity,
        metrics,
        onProblem: () => undefined,
        clock,
        random: () => 0.5,
      },
      { signal },
    )
    held.push(lease)
    return lease
  }
  /** Moves time in small steps, and lets everybody act at each. */
  const pass = async (ms: number): Promise<void> => {
    const end = clock.now() + ms
    for (;;) {
      for (let turn = 0; turn < 5; turn++) await setImmediate()
      if (clock.now() >= end) return
      clock.moveTo(Math.min(end, clock.now() + 100))
    }
  }
  return { clock, store, metrics, acquire, pass }
}
