import type { SecureContext } from 'node:tls'

import { jittered } from '../lib/backoff.ts'
import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import type { Idleness, SchedulerView, Use } from '../model/world.ts'
import {
  connectScheduler,
  type SchedulerConnection,
  type SchedulerTarget,
  type TlsMaterial,
  tlsContext,
} from './connection.ts'
import { DaskError, type DaskFault } from './fault.ts'
import { askUse, IdleWatch } from './idleness.ts'
import { type Pace, restMs } from './pace.ts'
import { WorkerProof } from './proof.ts'
import { identity, type SchedulerIdentity } from './scheduler.ts'
import type { Turnstile } from './turnstile.ts'
import { answering, differ, type Look } from './view.ts'

/** One scheduler to be watched, and what the operator shows it: the cluster's client certificate, or that there is none. */
export type WatchTarget = (TlsMaterial | { readonly tls: 'off' }) &
  Pick<SchedulerTarget, 'host' | 'port' | 'serverName'> & {
    /** How often at most it is asked whether anybody uses it, in milliseconds; not at all where undefined. */
    readonly idlePollMs?: number | undefined
  }

/** What every watch of a pool shares. */
export interface WatchContext {
  readonly pace: Pace
  /** A scheduler that takes longer to answer is silent. */
  readonly lookMs: number
  /** Handshakes at a time: the silent wait apart, so that many of them do not hold up a new cluster. */
  readonly gates: { readonly expected: Turnstile; readonly silent: Turnstile }
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number
  readonly random: () => number
}

const connectMs = 3_000

/** What a failure tells of a scheduler beside that it is silent. */
const hints: Partial<Record<DaskFault, { readonly unreached?: true; readonly expired?: true }>> = {
  unreached: { unreached: true },
  'tls-expired': { expired: true },
}

/** Asks one scheduler again and again, on a connection that stays open, until it is stopped. */
export class SchedulerWatch {
  readonly #target: WatchTarget
  readonly #context: WatchContext
  readonly #onChange: () => void
  readonly #stopper = new AbortController()
  readonly #proof: WorkerProof
  readonly #idle: IdleWatch
  readonly #running: Promise<void>
  #look: Look
  #tls: SecureContext | 'off' | undefined
  #connection: SchedulerConnection | undefined
  #failures = 0
  #quietSince: number
  #isHurried = false
  #wake = (): void => undefined

  /** `known` is what the watch before this one last saw. */
  constructor(target: WatchTarget, context: WatchContext, known: SchedulerView, onChange: () => void) {
    this.#target = target
    this.#context = context
    this.#onChange = onChange
    this.#look = { view: known, fault: undefined }
    this.#quietSince = context.now()
    this.#proof = new WorkerProof(call => this.open(call), context.now)
    this.#idle = new IdleWatch(target.idlePollMs, context.now)
    this.#running = this.#run({ signal: this.#stopper.signal })
  }

  get view(): SchedulerView {
    return this.#look.view
  }

  /** A connection of the caller's own. Throws a `DaskError`. */
  async open(call: Call): Promise<SchedulerConnection> {
    const { host, port, serverName } = this.#target
    this.#tls ??= 'tls' in this.#target ? this.#target.tls : tlsContext(this.#target)
    return connectScheduler({ host, port, serverName, tls: this.#tls }, call)
  }

  /** Whether anybody uses it, asked now: whoever does is not forgotten by the looks. Throws a `DaskError`. */
  async use(call: Call): Promise<Use> {
    using connection = await this.open(call)
    const use = await askUse(connection, call)
    if (use.kind !== 'idle') {
      this.#idle.interrupt()
      this.hurry()
    }
    return use
  }

  /** Has the next look taken now. */
  hurry(): void {
    this.#isHurried = true
    this.#wake()
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#stopper.abort(new Error('nobody watches this scheduler any more'))
    await this.#running
  }

  async #run(call: Call): Promise<void> {
    while (!call.signal.aborted) {
      const look = await this.#take(call)
      if (call.signal.aborted) break
      this.#show(look)
      await this.#pause(call)
    }
    this.#connection?.[Symbol.dispose]()
  }

  async #take(call: Call): Promise<Look> {
    try {
      const seen = await this.#ask(call)
      this.#failures = 0
      this.#quietSince = this.#context.now()
      await this.#proof.examine(
        seen.id,
        seen.workers.map(({ address }) => address),
        call,
      )
      const use = await this.#idleness(seen.id, call)
      return { view: answering(seen, address => this.#proof.isProven(address), use), fault: undefined }
    } catch (error) {
      this.#failures += 1
      this.#idle.interrupt()
      const { fault, message } = asDaskError(error)
      return { view: { kind: 'silent', problem: message, ...hints[fault] }, fault }
    }
  }

  /** A connection that was open and broke says little about the scheduler: only a new one that fails does. */
  async #ask(call: Call): Promise<SchedulerIdentity> {
    if (this.#connection?.isOpen) {
      try {
        return await this.#identity(this.#connection, call)
      } catch (error) {
        if (asDaskError(error).fault !== 'unreachable') throw error
      }
    }
    this.#connection = await this.#connect(call)
    return this.#identity(this.#connection, call)
  }

  #identity(connection: SchedulerConnection, call: Call): Promise<SchedulerIdentity> {
    return limited(this.#context.lookMs, call, inTime => identity(connection, inTime))
  }

  async #idleness(id: string, call: Call): Promise<Idleness> {
    const connection = this.#connection
    if (connection?.isOpen !== true) return { kind: 'unknown' }
    return limited(this.#context.lookMs, call, inTime => this.#idle.examine(id, connection, inTime))
  }

  async #connect(call: Call): Promise<SchedulerConnection> {
    const { gates, pace, now } = this.#context
    const isExpected = now() - this.#quietSince < pace.eagerForMs
    const gate = isExpected ? gates.expected : gates.silent
    return gate.through(() => limited(connectMs, call, inTime => this.open(inTime)), call)
  }

  #show(look: Look): void {
    const hasChanged = differ(this.#look, look)
    this.#look = look
    if (hasChanged) this.#onChange()
  }

  async #pause(call: Call): Promise<void> {
    const { pace, now, random } = this.#context
    const ms = jittered(restMs(pace, this.#failures, now() - this.#quietSince), 0.1, random)
    await limited(ms, call, async ({ signal }) => {
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      signal.addEventListener('abort', this.#wake, { once: true })
      if (!this.#isHurried && !signal.aborted) await woken.promise
    })
    this.#isHurried = false
  }
}

/** What is no `DaskError` is a mistake of ours: it is shown, and must not end the watch. */
function asDaskError(error: unknown): DaskError {
  if (error instanceof DaskError) return error
  return new DaskError('protocol', 'the scheduler could not be asked', { cause: error })
}
