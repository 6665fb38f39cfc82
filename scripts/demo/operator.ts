import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Call, within } from '../../src/lib/call.ts'
import { withoutSettings } from '../environment.ts'

/** Longer than a graceful end takes, the lease given back. */
const graceMs = 10_000
const metricsMs = 5_000

export interface OperatorOptions {
  readonly kubeconfig: string
  readonly context: string | undefined
  /** The operator's own. */
  readonly namespace: string
  /** Whose clusters it serves; none stands for all. */
  readonly watched: readonly string[]
  readonly cloud: 'local' | 'simulated'
  /** For its log, and for the machines of its cloud: another operator of the same directory finds them. */
  readonly directory: string
  /** Tells the logs of two operators of one directory apart. */
  readonly name?: string
}

export const stateIn = (directory: string): string => join(directory, 'state')
/** The world of the simulated cloud. */
export const worldIn = (directory: string): string => join(directory, 'simulated.jsonl')

/** The operator as a process of its own, as `npm start` runs it. */
export class Operator {
  readonly log: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #end: string | undefined

  constructor(options: OperatorOptions) {
    this.log = join(options.directory, `${options.name ?? 'operator'}.log`)
    const output = openSync(this.log, 'a', 0o600)
    this.#child = spawn(process.execPath, [program, ...flags(settingsOf(options))], {
      // Not in the terminal's group: Ctrl-C is for the demo, which ends the operator in order.
      detached: true,
      env: withoutSettings(process.env),
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    this.#ended = new Promise(resolve => {
      const end = (how: string): void => {
        this.#end ??= how
        resolve()
      }
      this.#child.once('error', error => end(error.message))
      this.#child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How it ended, or undefined while it runs. */
  get end(): string | undefined {
    return this.#end
  }

  async said(): Promise<string> {
    return readFile(this.log, 'utf8').catch(() => '')
  }

  /** Whether it leads and has seen what is there. */
  async leads(): Promise<boolean> {
    return /\bready\b/.test(await this.said())
  }

  /** What it counts, as Prometheus reads it. */
  async metrics({ signal }: Call): Promise<string> {
    const port = /serving \/metrics.* port=(\d+)/.exec(await this.said())?.[1]
    if (port === undefined) throw new Error('the operator does not say where it serves its metrics')
    return (await fetch(`http://127.0.0.1:${port}/metrics`, within({ signal }, metricsMs))).text()
  }

  /** SIGKILL: it has no time to put anything in order. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Returns how it ended. */
  async stop(): Promise<string | undefined> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs)
    await this.#ended
    clearTimeout(timer)
    return this.#end
  }
}

const program = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

const settingsOf = ({ kubeconfig, context, namespace, watched, cloud, directory }: OperatorOptions) => ({
  kubeconfig,
  namespace,
  ...(context === undefined ? {} : { context }),
  ...(watched.length === 0 ? {} : { 'watch-namespaces': watched.join(',') }),
  'allow-clouds': cloud,
  'state-directory': stateIn(directory),
  'simulated-state': worldIn(directory),
  'http-address': '127.0.0.1:0',
  'log-format': 'text',
})

const flags = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
