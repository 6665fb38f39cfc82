import { jittered } from '../lib/backoff.ts'
import { type Call, within } from '../lib/call.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Candidate, type Hold } from './candidate.ts'
import { type Clock, steadyClock } from './clock.ts'
import type { LeaseName } from './lease-record.ts'
import type { KubeRequests } from './transport.ts'

export interface LeaseOptions {
  /** Over connections that nothing else uses. */
  readonly kube: KubeRequests
  readonly lease: LeaseName
  /** Who we are; no two processes may be called the same. */
  readonly identity: string
  readonly metrics: Pick<Metrics, 'leader'>
  /** A try that failed; another follows. */
  readonly onProblem: (error: unknown) => void
  readonly times?: LeaseTimes
  readonly clock?: Clock
  readonly random?: () => number
}

export interface LeaseTimes {
  /** So long after its last change somebody else may take it. */
  readonly durationMs: number
  /** So long after its last renewal its holder lets go by itself; less than the duration. */
  readonly renewMs: number
  /** Between two renewals. */
  readonly retryMs: number
  /** Between two looks of those who wait: a lease that was released is free at once. */
  readonly lookMs: number
}

const usualTimes: LeaseTimes = { durationMs: 15_000, renewMs: 10_000, retryMs: 2_000, lookMs: 1_000 }

const releaseMs = 1_000

/**
 * The right to change things, for as long as it is renewed. It does not fence: a process that was frozen believes in it
 * until it looks. So `assertHeld` comes before every change in a cloud, and calls carry `signal`.
 */
export interface Lease extends AsyncDisposable {
  /** Aborted when the lease is lost or given back; it never comes back. */
  readonly signal: AbortSignal
  /** Until when it is ours without another renewal, on the lease's clock. */
  deadline(): number
  /** The same from now on; 0 or less where it is over. */
  remainingMs(): number
  /** Throws LeaseLost where it is not ours any more. */
  assertHeld(): void
}

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** Resolves when the lease is ours. Rejects only when the call is stopped. */
export async function acquireLease(options: LeaseOptions, call: Call): Promise<Lease> {
  const { kube, lease, identity, times = usualTimes, clock = steadyClock(), random = Math.random } = options
  options.metrics.leader.set({ name: lease.name }, 0)
  const candidate = new Candidate({ kube, lease, identity, durationMs: times.durationMs, clock })
  for (;;) {
    call.signal.throwIfAborted()
    const hold = await candidate.take(call).catch((error: unknown) => {
      if (!call.signal.aborted) options.onProblem(error)
    })
    if (hold !== undefined) return new HeldLease(hold, { ...options, times, clock, candidate })
    await clock.wait(jittered(times.lookMs, 0.2, random), call)
  }
}

interface Parts extends LeaseOptions {
  readonly times: LeaseTimes
  readonly clock: Clock
  readonly candidate: Candidate
}

class HeldLease implements Lease {
  readonly #parts: Parts
  readonly #end = new AbortController()
  readonly #running: Promise<unknown>
  #hold: Hold

  constructor(hold: Hold, parts: Parts) {
    this.#hold = hold
    this.#parts = parts
    parts.metrics.leader.set({ name: parts.lease.name }, 1)
    this.#running = Promise.all([this.#renew(), this.#expire()])
  }

  get signal(): AbortSignal {
    return this.#end.signal
  }

  deadline(): number {
    return this.#hold.since + this.#parts.times.renewMs
  }

  remainingMs(): number {
    return this.signal.aborted ? 0 : this.deadline() - this.#parts.clock.now()
  }

  assertHeld(): void {
    if (this.remainingMs() > 0) return
    this.#lose('it was not renewed in time')
    throw this.signal.reason
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const wasHeld = this.remainingMs() > 0
    this.#lose('it was given back')
    await this.#running
    if (!wasHeld) return
    const call = within({ signal: new AbortController().signal }, releaseMs)
    await this.#parts.candidate.release(call).catch(this.#parts.onProblem)
  }

  async #renew(): Promise<void> {
    const { times, clock, candidate, onProblem } = this.#parts
    const call: Call = { signal: this.signal }
    for (;;) {
      await clock.wait(times.retryMs, call).catch(() => undefined)
      // Whoever wakes up late has lost it, whatever an answer from before may say.
      if (this.remainingMs() <= 0) return this.#lose('it was not renewed in time')
      try {
        const hold = await candidate.renew(this.#hold, call)
        if (this.remainingMs() <= 0) return this.#lose('it was not renewed in time')
        if (hold === undefined) return this.#lose('somebody else took it')
        this.#hold = hold
      } catch (error) {
        if (this.signal.aborted) return
        onProblem(error)
      }
    }
  }

  /** Ends what runs under the lease at its deadline, while a renewal still waits for its answer. */
  async #expire(): Promise<void> {
    const call: Call = { signal: this.signal }
    while (this.remainingMs() > 0) {
      await this.#parts.clock.wait(this.remainingMs(), call).catch(() => undefined)
    }
    this.#lose('it was not renewed in time')
  }

  #lose(because: string): void {
    if (this.signal.aborted) return
    const { lease, metrics } = this.#parts
    this.#end.abort(new LeaseLost(`the lease ${lease.namespace}/${lease.name} is lost: ${because}`))
    metrics.leader.set({ name: lease.name }, 0)
  }
}
