import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withoutSettings } from '../../scripts/environment.ts'
import { temporaryFolder } from '../../scripts/remains.ts'
import { poll } from '../../src/lib/wait.ts'
import { cacheFolder } from './cached-folder.ts'
import { undocumented } from './log-check.ts'
import { indiscretions, type Speaker } from './told.ts'

export interface OperatorOptions {
  readonly kubeconfig: string
  /** The operator's own namespace, and the only one it watches unless `watch` says otherwise. */
  readonly namespace: string
  readonly watch?: string
  /** Kept from one process to the next, so that machines are found again. */
  readonly directory: string
  readonly flags?: readonly string[]
  /** Settings by the names of their flags, in place of what tests usually have. */
  readonly settings?: Readonly<Record<string, string>>
  /** Tells the logs of two processes of one directory apart. */
  readonly name?: string
  /** In place of all settings, as a Deployment gives them to its container. */
  readonly argv?: readonly string[]
  /** Another program that takes the operator's flags. */
  readonly program?: string
  /** In place of Node and a program of ours; it takes the operator's flags. */
  readonly command?: readonly [string, ...string[]]
  /** Beside the test's own. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * The operator as a process of its own, to be stopped gently or killed. Its log is in `directory`/`name`.log. Disposing of it
 * fails where a private key or a credential stands there or on its command line, and where docs/logs.md does not know a line.
 */
export class OperatorProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<number | null>
  readonly #speaker: Speaker

  constructor(options: OperatorOptions) {
    const { kubeconfig, namespace, watch = namespace, directory, flags = [], name = 'operator' } = options
    this.#log = join(directory, `${name}.log`)
    const words = {
      kubeconfig,
      namespace,
      'watch-namespaces': watch,
      'allow-clouds': 'local,simulated',
      'http-address': '127.0.0.1:0',
      'state-directory': join(directory, 'state'),
      'simulated-state': join(directory, 'simulated.jsonl'),
    }
    const usual = Object.entries({ ...words, ...options.settings })
    const settings = options.argv ?? usual.flatMap(([word, value]) => [`--${word}`, value])
    const { program = 'src/main.ts', command = [process.execPath, program], env = {} } = options
    const [executable, ...before] = command
    this.#speaker = { name, words: [...settings, ...flags], env, kubeconfig }
    this.#child = spawn(executable, [...before, ...settings, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Hundreds of operators are started from the same sources in one run of the tests.
      env: { ...withoutSettings(process.env), NODE_COMPILE_CACHE: join(cacheFolder(), 'node'), ...env },
    })
    const sink = createWriteStream(this.#log, { flags: 'a' })
    this.#child.stdout?.pipe(sink, { end: false })
    this.#child.stderr?.pipe(sink, { end: false })
    this.#ended = new Promise(resolve => this.#child.once('exit', code => resolve(code)))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when the process has ended, with its exit code; null where a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended
  }

  /** SIGSTOP: it stands still in the middle of whatever it does. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  /** SIGCONT: it goes on and knows nothing of the time between. */
  wake(): void {
    this.#child.kill('SIGCONT')
  }

  /** The lines that all processes of this directory and name have logged. */
  async log(): Promise<string> {
    return readFile(this.#log, 'utf8').catch(() => '')
  }

  /** Waits until a line of the log holds `text`; the error shows the log's end. */
  async logged(text: string, ms = 60_000): Promise<void> {
    const found = async (): Promise<true | undefined> =>
      (await this.log()).includes(text) ? true : undefined
    await poll(found, 20, { signal: AbortSignal.timeout(ms) }).catch(async () => {
      throw new Error(
        `the operator did not log "${text}" in ${ms} ms; it said:\n${(await this.log()).slice(-4_000)}`,
      )
    })
  }

  /** SIGKILL: no handler runs, nothing is released. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, and its exit code; killed where it has not ended in 15 s. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    this.#child.kill('SIGCONT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    return this.#ended.finally(() => clearTimeout(timer))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    const log = await this.log()
    const told = [...indiscretions(this.#speaker, log), ...undocumented(log)]
    if (told.length > 0) throw new Error(told.join('\n'))
  }
}

/** A directory for one test's operator, removed at its end. */
export async function operatorDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await temporaryFolder('dask-operator')
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
