import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'

/** The first time, Dask is installed. */
const runMs = 900_000
const endMs = 60_000

/** The demo with a folder for temporary files of its own, so that whatever it leaves is seen. */
class Demo {
  readonly folder: string
  readonly #child: ChildProcess
  output = ''

  constructor(folder: string, words: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    this.folder = folder
    this.#child = spawn(process.execPath, ['scripts/demo.ts', ...words], {
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
  }

  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.#child.kill(signal)
    const ms = signal === undefined ? runMs : endMs
    if (this.#child.exitCode === null && this.#child.signalCode === null)
      await once(this.#child, 'close', { signal: AbortSignal.timeout(ms) })
    return this.#child.exitCode
  }

  /** Files in its folder, and processes that have the folder's name in their arguments or environment. */
  async leftovers(): Promise<readonly string[]> {
    const files = await readdir(this.folder, { recursive: true, withFileTypes: true })
    const left = files.filter(each => !each.isDirectory()).map(each => join(each.parentPath, each.name))
    return [...left, ...(await processesWith(this.folder))]
  }
}

/** Linux only; elsewhere the files alone are looked at. */
async function processesWith(text: string): Promise<readonly string[]> {
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

const nothing = async (demo: Demo): Promise<void> => {
  const none = async (): Promise<true | undefined> =>
    (await demo.leftovers()).length === 0 ? true : undefined
  await poll(none, 100, { signal: AbortSignal.timeout(15_000) }).catch(() => undefined)
  expect(await demo.leftovers()).toEqual([])
}

describe('npm run demo', () => {
  let folder = ''
  beforeEach(async ({ skip }) => {
    const plane = inject('controlPlane')
    if (plane.kind === 'none') skip(plane.reason)
    folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test('tells a cluster’s life in order, and leaves nothing', async () => {
    const demo = new Demo(folder)
    expect({ code: await demo.end(), said: demo.output }).toMatchObject({ code: 0 })
    const steps = [...demo.output.matchAll(/^ *\d+\.\d\d s {2}(\S+(?: \S+)*) {2,}/gm)].map(([, step]) => step)
    const prepared = ['API server', 'CRD', 'operator']
    const served = [
      'applied',
      'certificates',
      'machines',
      'scheduler',
      'workers',
      'Ready',
      'result',
      'stranger',
    ]
    const ended = ['asked', 'machines', 'deleted', 'nothing left', 'stopped']
    expect(steps).toEqual([...prepared, ...served, ...ended])
    expect(demo.output).toMatch(/result +sum of the squares below 1000: 332833500, by [1-4] worker processes/)
    expect(demo.output).toMatch(/nothing left +0 of its \d\d+ processes run; 0 Secrets/)
    // A pipe gets no colours.
    expect(demo.output).not.toContain('\u001b')
    await nothing(demo)
  })

  test.each([
    { when: 'while the API server starts', text: 'on this computer', words: [] },
    { when: 'while the machines start', text: 'event Launching', words: [] },
    { when: 'while everything is kept', text: 'Everything runs until Ctrl-C', words: ['--keep'] },
  ])('Ctrl-C $when ends it with 130 and leaves nothing', async ({ text, words }) => {
    const demo = new Demo(folder, words)
    await demo.says(text)
    expect({ code: await demo.end('SIGINT'), said: demo.output }).toMatchObject({ code: 130 })
    await nothing(demo)
  })

  test('killed, it leaves nothing either', async () => {
    const demo = new Demo(folder)
    await demo.says('event Launching')
    await demo.end('SIGKILL')
    const machines = async (): Promise<true | undefined> =>
      (await processesWith(folder)).length === 0 ? true : undefined
    await poll(machines, 100, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
    expect(await processesWith(folder)).toEqual([])
  })

  test('without Python it says what to install', async () => {
    const demo = new Demo(folder, [], { PATH: folder })
    expect(await demo.end()).toBe(1)
    expect(demo.output).toContain('Install Python 3.10 or newer')
    await nothing(demo)
  })

  test('a word it does not know is refused', async () => {
    const demo = new Demo(folder, ['--kepe'])
    expect(await demo.end()).toBe(2)
    expect(demo.output).toContain('--kepe is not an option')
  })
})
