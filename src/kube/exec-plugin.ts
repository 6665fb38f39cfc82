import { X509Certificate } from 'node:crypto'
import type { Call } from '../lib/call.ts'
import { SingleFlight } from '../lib/single-flight.ts'
import type { Plugin } from './access.ts'
import { type PluginCredential, runPlugin } from './plugin-run.ts'

const deadlineMs = 30_000
/** However many requests are refused or fail, it is run no more often. */
const restMs = 5_000
/** It is asked for the next credential so long before the end of this one, or a tenth of its life. */
const earlyMs = 30_000

type Held = PluginCredential & { readonly renewAt: number }

/** A plugin and its last credential. It is run when that ends or is refused, once for all who wait. */
export class ExecPlugin implements Disposable {
  readonly #plugin: Plugin
  readonly #onProblem: (error: unknown) => void
  readonly #flight = new SingleFlight<Held>()
  readonly #stop = new AbortController()
  #held: Held | undefined
  #failure: { readonly error: unknown } | undefined
  #beganAt = -Infinity

  /** `onProblem` hears of failures that cost nobody anything yet. */
  constructor(plugin: Plugin, onProblem: (error: unknown) => void) {
    this.#plugin = plugin
    this.#onProblem = onProblem
  }

  /** Before then another call has the same answer; milliseconds since the epoch. */
  get renewAt(): number {
    return this.#held?.renewAt ?? 0
  }

  /** The credential that is good now. Until the old one has ended nobody waits for the new one. */
  async credential(authority: string | undefined): Promise<PluginCredential> {
    const held = this.#held
    if (held !== undefined && Date.now() < held.renewAt) return held
    const isGood = held !== undefined && Date.now() < held.expiresAt
    if (this.#rests() && isGood) return held
    if (this.#rests() && this.#failure !== undefined) throw this.#failure.error
    const running = this.#flight.run(() => this.#run(authority))
    if (!isGood) return running
    running.catch(this.#onProblem)
    return held
  }

  /** The API server has refused what it gave. */
  refused(): void {
    if (!this.#rests()) this.#held = undefined
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the connection is closed'))
  }

  #rests(): boolean {
    return performance.now() - this.#beganAt < restMs
  }

  async #run(authority: string | undefined): Promise<Held> {
    this.#beganAt = performance.now()
    this.#failure = undefined
    const call: Call = { signal: this.#stop.signal }
    try {
      const given = await runPlugin(this.#plugin, { authority, deadlineMs }, call)
      const expiresAt = Math.min(given.expiresAt, endOf(given.certificate))
      const lifeMs = Math.max(0, expiresAt - Date.now())
      this.#held = { ...given, expiresAt, renewAt: expiresAt - Math.min(earlyMs, lifeMs / 10) }
      return this.#held
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }
}

/** A certificate says itself when it ends; what cannot be read is found out when a connection is made with it. */
function endOf(certificate: string | undefined): number {
  if (certificate === undefined) return Infinity
  try {
    return new X509Certificate(certificate).validToDate.getTime()
  } catch {
    return Infinity
  }
}
