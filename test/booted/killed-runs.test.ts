import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { machines } from '../support/machines/room.ts'
import { groundVariables } from '../support/machines/suite.ts'
import { processesOf, tidy, tracesOf } from '../support/machines/traces.ts'

const ground = machines()
const script = join(import.meta.dirname, '../support/machines/held-run.ts')
const readyMs = 60_000
const goneMs = 20_000

interface HeldRun {
  readonly outer: ChildProcess
  /** Of the process that made the namespaces, and of the first one inside. */
  readonly maker: number
  readonly first: number
  readonly name: string
}

/** A run in the middle: one machine is on. */
async function begin(): Promise<HeldRun> {
  if (ground === undefined) throw new Error('no machine can be booted')
  const env = { ...process.env, ...groundVariables(ground) }
  const outer = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: outer.stdout, signal: AbortSignal.timeout(readyMs) })
  const said = lines[Symbol.asyncIterator]()
  const name = String((await said.next()).value)
  const traces: unknown = JSON.parse(String((await said.next()).value))
  expect(kinds(traces)).toEqual(['cgroup', 'folder', 'mount', 'namespace', 'process'])
  const maker = childOf(Number(outer.pid))
  return { outer, maker, first: childOf(maker), name }
}

const kinds = (traces: unknown): readonly string[] =>
  Array.isArray(traces) ? [...new Set(traces.map(each => String(each).split(' ')[0] ?? ''))].toSorted() : []

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])

/** Resolves once no process of the run is alive, by nobody's hand. */
async function ended({ name }: HeldRun): Promise<void> {
  const none = (): true | undefined => (processesOf(name).length === 0 ? true : undefined)
  await poll(none, 20, { signal: AbortSignal.timeout(goneMs) })
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a run that is ended by %s leaves nothing',
  async signal => {
    const run = await begin()
    run.outer.kill(signal)
    expect(await once(run.outer, 'exit')).toEqual([{ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal], null])
    expect(processesOf(run.name)).toEqual([])
    expect(tracesOf(run.name)).toEqual([])
  },
)

test.each(['maker', 'first'] as const)(
  'a run whose %s inside is killed ends, and leaves nothing',
  async who => {
    const run = await begin()
    process.kill(run[who], 'SIGKILL')
    await once(run.outer, 'exit')
    expect(processesOf(run.name)).toEqual([])
    expect(tracesOf(run.name)).toEqual([])
  },
)

test('a run whose outer process is killed ends by itself, and the next run takes its folders and cgroups away', async () => {
  const run = await begin()
  const alive = await begin()
  run.outer.kill('SIGKILL')
  await ended(run)
  expect(kinds(tracesOf(run.name))).toEqual(['cgroup', 'folder'])
  await tidy()
  expect(tracesOf(run.name)).toEqual([])
  expect(kinds(tracesOf(alive.name))).toEqual(['cgroup', 'folder', 'process'])
  alive.outer.kill('SIGTERM')
  await once(alive.outer, 'exit')
})

test('of a run of which every process is killed the next run takes away what is left', async () => {
  const run = await begin()
  const pids = processesOf(run.name).map(line => Number(/^process (\d+)/.exec(line)?.[1]))
  const killing = spawn('sh', ['-c', `kill -KILL ${[run.outer.pid, ...pids].join(' ')}`], { stdio: 'ignore' })
  await once(killing, 'exit')
  await ended(run)
  await tidy()
  expect(tracesOf(run.name)).toEqual([])
})
