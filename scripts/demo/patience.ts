import type { Call } from '../../src/lib/call.ts'
import { wait } from '../../src/lib/wait.ts'
import type { Operator } from './operator.ts'
import type { Timeline } from './timeline.ts'

const lookMs = 100
const tellMs = 15_000
const tailLines = 15

/** Waits with a deadline, a word now and then, and a message that says what did not come about. */
export class Patience {
  readonly #operator: Pick<Operator, 'end' | 'said'>
  readonly #timeline: Pick<Timeline, 'note'>

  constructor(operator: Pick<Operator, 'end' | 'said'>, timeline: Pick<Timeline, 'note'>) {
    this.#operator = operator
    this.#timeline = timeline
  }

  /** Looks until `ready` gives something. Throws as soon as the operator has ended, and when `ms` have passed. */
  async until<T>(what: string, ms: number, ready: () => Promise<T | undefined>, call: Call): Promise<T> {
    const began = performance.now()
    for (let told = began; ; ) {
      const found = await ready()
      if (found !== undefined) return found
      call.signal.throwIfAborted()
      const now = performance.now()
      if (this.#operator.end !== undefined)
        throw await this.failure(`the operator ended (${this.#operator.end}) before ${what}`)
      if (now - began > ms) throw await this.failure(`waited ${ms / 1000} s for ${what}, in vain`)
      if (now - told > tellMs) {
        told = now
        this.#timeline.note(`waiting for ${what} ...`)
      }
      await wait(lookMs, call)
    }
  }

  async failure(problem: string): Promise<Error> {
    const said = (await this.#operator.said()).trimEnd().split('\n').slice(-tailLines).join('\n')
    return new Error(`${problem}. The operator's last lines:\n${said || '(none)'}`)
  }
}
