import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '../../src/lib/call.ts'
import { poll } from '../../src/lib/wait.ts'
import { healthPort, sampled, scraped } from '../../test/support/scrape.ts'
import { withoutSettings } from '../environment.ts'
import type { Home } from './home.ts'

export interface OperatorOptions {
  readonly kubeconfig: string
  readonly namespace: string
  /** For its log and its simulated cloud. */
  readonly home: Home
  /** By the names of their flags, in place of what the bench usually has. */
  readonly settings?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

export interface Vitals {
  readonly rssMb: number
  readonly stallMs: number
  /** Requests that change something, events too, since it began. */
  readonly writes: number
  readonly cpuMs: number
}

const graceMs = 10_000
/** As `npm start` and the image have it. */
const usual = '--max-semi-space-size=4'

/** The operator as a process of its own, with machines that start at once. */
export class MeasuredOperator implements AsyncDisposable {
  readonly journal: string
  readonly #log: string
  readonly #child: ChildProcess
  readonly #ended: Promise<string>
  #end: string | undefined

  constructor({ kubeconfig, namespace, home, settings = {}, env = {} }: OperatorOptions) {
    this.journal = join(home.directory, 'simulated.jsonl')
    this.#log = join(home.directory, 'operator.log')
    const usualSettings = {
      kubeconfig,
      namespace,
      'allow-clouds': 'simulated',
      'simulated-state': this.journal,
      'simulated-startup': '0ms',
      'http-address': '127.0.0.1:0',
    }
    // Without an election there are no leases among the writes that are counted.
    const words = [
      ...Object.entries({ ...usualSettings, ...settings }).flatMap(([name, value]) => [`--${name}`, value]),
      '--no-leader-elect',
    ]
    const output = openSync(this.#log, 'a', 0o600)
    const given = (process.env['BENCH_OPERATOR_NODE_FLAGS'] ?? usual).split(' ').filter(Boolean)
    this.#child = spawn(process.execPath, [...given, program, ...words], {
      // Not in the terminal's group: Ctrl-C is for the bench, which ends the operator in order.
      detached: true,
      env: { ...withoutSettings(process.env), ...env },
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    home.guard(this.#child)
    this.#ended = new Promise(resolve => {
      const end = (how: string): void => resolve((this.#end ??= how))
      this.#child.once('error', error => end(error.message))
      this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  /** Resolves when it works. */
  async ready(call: Call): Promise<void> {
    await poll(async () => ((await this.#said()).includes('"ready"') ? true : undefined), 50, call)
  }

  /** Throws where it has ended. */
  async vitals(): Promise<Vitals> {
    if (this.#end !== undefined)
      throw new Error(`the operator ended (${this.#end}):\n${(await this.#said()).slice(-4_000)}`)
    const { body } = await scraped(healthPort(await this.#said()))
    const writes = ['POST', 'PUT', 'PATCH', 'DELETE'].map(method =>
      sampled(body, 'rest_client_requests_total', `method="${method}"`),
    )
    return {
      rssMb: sampled(body, 'process_resident_memory_bytes') / 1_048_576,
      stallMs: sampled(body, 'dask_cloud_operator_loop_stall_ms'),
      writes: writes.reduce((sum, each) => sum + each, 0),
      cpuMs: sampled(body, 'process_cpu_seconds_total') * 1_000,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await this.#ended
    clearTimeout(timer)
  }

  #said(): Promise<string> {
    return readFile(this.#log, 'utf8').catch(() => '')
  }
}

const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
