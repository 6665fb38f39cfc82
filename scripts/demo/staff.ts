import type { Call } from '../../src/lib/call.ts'
import { Watchdog } from '../controlplane/process.ts'
import { Machines } from './machines.ts'
import { Operator, type OperatorOptions, stateIn } from './operator.ts'
import { Patience } from './patience.ts'
import type { Timeline } from './timeline.ts'

const startMs = 60_000

/** The operator that works at the moment, and who sees to it that nothing of it outlives the demo. */
export class Staff implements AsyncDisposable {
  readonly machines: Machines
  readonly #options: OperatorOptions
  readonly #timeline: Timeline
  readonly #watchdog: Watchdog
  #operator: Operator
  #count = 1

  constructor(options: OperatorOptions, timeline: Timeline) {
    this.#options = options
    this.#timeline = timeline
    this.#watchdog = new Watchdog(options.directory)
    this.machines = new Machines(stateIn(options.directory))
    this.#operator = this.#start()
  }

  get operator(): Operator {
    return this.#operator
  }

  get patience(): Patience {
    return new Patience(this.#operator, this.#timeline)
  }

  /** Resolves when the operator leads. */
  async begin(call: Call): Promise<void> {
    const leads = async (): Promise<true | undefined> => ((await this.#operator.leads()) ? true : undefined)
    await this.patience.until('the operator to lead', startMs, leads, call)
  }

  /** Another operator process for the same machines, after the one before has ended. */
  hire(): void {
    this.#count++
    this.#operator = this.#start()
  }

  /** Stops the operator in order. Throws where it did not end as it should. */
  async leave(): Promise<void> {
    const exit = await this.#operator.stop()
    if (exit !== 'exit code 0') throw await this.patience.failure(`the operator ended with ${exit}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator.stop()
    await this.machines.end()
    this.#watchdog.dismiss()
  }

  #start(): Operator {
    const operator = new Operator({ ...this.#options, name: `operator-${this.#count}` })
    this.#watchdog.tell(`+ ${operator.pid}`)
    return operator
  }
}
