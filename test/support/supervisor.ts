import type { FateBook } from './fate.ts'
import type { OperatorProcess } from './operator.ts'
import type { OperatorRoom } from './operator-room.ts'

/** Starts an operator again whenever its fate has killed it, at once, as a Deployment would a little later. */
export class Supervisor implements AsyncDisposable {
  readonly #start: () => OperatorProcess
  readonly #running: Promise<void>
  #operator: OperatorProcess
  #isOver = false
  /** How processes ended that nobody killed. */
  readonly ends: (number | null)[] = []

  constructor(room: OperatorRoom, { fate }: FateBook) {
    this.#start = () => room.operator({ fate })
    this.#operator = this.#start()
    this.#running = this.#run()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#operator.stop()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const code = await this.#operator.ended
      if (this.#isOver) return
      if (code !== null) this.ends.push(code)
      this.#operator = this.#start()
    }
  }
}
