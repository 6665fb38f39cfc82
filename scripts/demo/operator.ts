import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { variablePrefix } from '../../src/config.ts'

/** Longer than a graceful end takes, the lease given back. */
const graceMs = 10_000

interface OperatorOptions {
  readonly kubeconfig: string
  /** The operator's own. */
  readonly namespace: string
  /** For its log, and for the machines of the local cloud. */
  readonly directory: string
}

/** The operator as a process of its own, as `npm start` runs it. */
export class Operator {
  readonly log: string
  readonly stateDirectory: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #end: string | undefined

  constructor({ kubeconfig, namespace, directory }: OperatorOptions) {
    this.log = join(directory, 'operator.log')
    this.stateDirectory = join(directory, 'state')
    const settings = {
      kubeconfig,
      namespace,
      'allow-clouds': 'local',
      'state-directory': this.stateDirectory,
      'http-address': '127.0.0.1:0',
      'log-format': 'text',
    }
    const output = openSync(this.log, 'a', 0o600)
    this.#child = spawn(process.execPath, [program, ...flags(settings)], {
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

const flags = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])

/** Settings of an operator that somebody runs from this shell are not meant for this one. */
const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith(variablePrefix)))
