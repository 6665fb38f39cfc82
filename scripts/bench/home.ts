import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import { Watchdog } from '../controlplane/process.ts'

export interface BenchCall extends Call {
  /** Told in one line what begins. */
  readonly progress: (line: string) => void
}

/** A folder for everything. If this process is killed, the watchdog takes it away and ends the processes. */
export class Home implements AsyncDisposable {
  readonly directory: string
  readonly #watchdog: Watchdog

  private constructor(directory: string) {
    this.directory = directory
    this.#watchdog = new Watchdog(directory)
  }

  static async open(): Promise<Home> {
    return new Home(await mkdtemp(join(tmpdir(), 'dask-bench-')))
  }

  guard(child: ChildProcess): void {
    const { pid } = child
    if (pid === undefined) return
    this.#watchdog.tell(`+ ${pid}`)
    child.once('exit', () => this.#watchdog.tell(`- ${pid}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
    this.#watchdog.dismiss()
  }
}
