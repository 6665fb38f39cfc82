import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { scan } from './scan.ts'

/** The first time, Dask is installed. */
const runMs = 900_000
/** Longer than the demo gives itself to take away what it made. */
const endMs = 240_000

/** The demo with a folder for temporary files of its own, so that whatever it leaves is seen. */
export class Demo {
  readonly folder: string
  readonly #child: ChildProcess
  output = ''

  constructor(
    folder: string,
    words: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
    script = 'scripts/demo.ts',
  ) {
    this.folder = folder
    this.#child = spawn(process.execPath, [script, ...words], {
      env: { ...process.env, TMPDIR: folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
  }

  async says(text: string): Promise<void> {
    const found = (): true | undefined => {
      if (this.#child.exitCode !== null) throw new Error(`it ended and did not say ${text}:\n${this.output}`)
      return this.output.includes(text) ? true : undefined
    }
    await poll(found, 20, { signal: AbortSignal.timeout(runMs) })
    await this.#seekKeys()
  }

  /** The names of the steps that it has told, in order. */
  get steps(): readonly string[] {
    return [...this.output.matchAll(/^ *\d+\.\d\d s {2}(\S+(?: \S+)*) {2,}/gm)].map(([, step = '']) => step)
  }

  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal)
    const ms = signal === undefined ? runMs : endMs
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'close', { signal: AbortSignal.timeout(ms) })
    await this.#seekKeys()
    return this.#child.exitCode
  }

  /** In what it has told, in the logs that it and its operator keep, and on the command lines of its processes. */
  async #seekKeys(): Promise<void> {
    const folders = (await namesIn(this.folder)).map(name => join(this.folder, name))
    const files = folders.map(async path => (await namesIn(path)).map(name => join(path, name)))
    const logs = (await Promise.all(files)).flat().filter(path => path.endsWith('.log'))
    const texts = logs.map(async name => ({ name, text: await readFile(name).catch(() => '') }))
    const commands = { name: 'its processes', text: (await processesWith(this.folder)).join('\n') }
    const told = [{ name: 'the demo', text: this.output }, commands, ...(await Promise.all(texts))]
    const found = scan(told, [])
    if (found.length > 0) throw new Error(found.join('\n'))
  }

  /** Files in its folder, and processes that have the folder's name in their arguments or environment. */
  async leftovers(): Promise<readonly string[]> {
    const files = await readdir(this.folder, { recursive: true, withFileTypes: true })
    const left = files.filter(each => !each.isDirectory()).map(each => join(each.parentPath, each.name))
    return [...left, ...(await processesWith(this.folder))]
  }
}

/** None where there is no such folder, or not any more. */
const namesIn = (path: string): Promise<string[]> => readdir(path).catch(() => [])

/** Linux only; elsewhere the files alone are looked at. */
export async function processesWith(text: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter(name => /^\d+$/.test(name))
  const found = pids.map(async pid => {
    const parts = ['cmdline', 'environ', 'stat'].map(part =>
      readFile(`/proc/${pid}/${part}`, 'utf8').catch(() => ''),
    )
    const [command = '', environment = '', stat = ''] = await Promise.all(parts)
    const isDead = / [ZX] /.test(stat.slice(stat.lastIndexOf(')')))
    return !isDead && `${command}${environment}`.includes(text) ? [`process ${pid}: ${command}`] : []
  })
  return (await Promise.all(found)).flat()
}

/** Resolves when it has left no file and no process. */
export const nothing = async (demo: Demo): Promise<void> => {
  const none = async (): Promise<true | undefined> =>
    (await demo.leftovers()).length === 0 ? true : undefined
  await poll(none, 100, { signal: AbortSignal.timeout(15_000) }).catch(() => undefined)
  expect(await demo.leftovers()).toEqual([])
}
