import { wait } from '../../src/lib/wait.ts'
import type { OperatorProcess } from './operator.ts'

/** Starts an operator again whenever it has ended: the first time at once, then after a pause, as a kubelet does. */
export class Supervisor implements AsyncDisposable {
  /** How each ended so far: its exit code, or null where it was killed. */
  readonly exits: (number | null)[] = []
  readonly #start: () => OperatorProcess
  readonly #pauseMs: number
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #process: OperatorProcess

  constructor(start: () => OperatorProcess, pauseMs = 0) {
    this.#start = start
    this.#pauseMs = pauseMs
    this.#process = start()
    this.#running = this.#watch().catch(() => undefined)
  }

  get process(): OperatorProcess {
    return this.#process
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the test is over'))
    await this.#process.stop()
    await this.#running
  }

  async #watch(): Promise<void> {
    for (;;) {
      const exit = await this.#process.ended
      if (this.#stop.signal.aborted) return
      this.exits.push(exit)
      if (this.exits.length > 1) await wait(this.#pauseMs, this.#stop)
      this.#process = this.#start()
    }
  }
}
