import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { connectScheduler, type SchedulerConnection } from '../../src/dask/connection.ts'
import { DaskError } from '../../src/dask/fault.ts'
import { SchedulerPool } from '../../src/dask/pool.ts'
import { broadcastIdentity, checkIdle, close, drain, identity } from '../../src/dask/scheduler.ts'
import { poll } from '../../src/lib/wait.ts'
import type { DaskWorker, SchedulerView } from '../../src/model/world.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { renderDaskYaml } from '../../src/pki/dask-yaml.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import type { Credential } from '../../src/pki/x509.ts'
import { DaskProcesses, freePort, inTime, type Running } from '../support/dask-processes.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { daskPython, tell } from '../support/python.ts'

const { uid } = anIdentity
const serverName = schedulerServerName(uid)

let dask: DaskProcesses
let port: number
let scheduler: Running

beforeAll(async () => {
  const signal = AbortSignal.timeout(600_000)
  dask = await DaskProcesses.create(await daskPython({ signal, progress: tell }))
  port = await freePort()
  scheduler = await dask.scheduler(port)
  await dask.worker(port, 'w-a')
  await dask.worker(port, 'w-b')
})

afterAll(() => dask[Symbol.asyncDispose]())

const tlsOf = ({ certificate, key }: Credential, ca = dask.bundle.authority.certificate) => ({
  ca,
  cert: certificate,
  key,
})

const target = () => ({ uid, host: '127.0.0.1', port, serverName, ...tlsOf(dask.bundle.client) })

const connect = (tls = tlsOf(dask.bundle.client), name = serverName): Promise<SchedulerConnection> =>
  connectScheduler({ host: '127.0.0.1', port, tls, serverName: name }, inTime(10_000))

/** The pool's view, once it is as wanted. */
const until = <T extends SchedulerView>(pool: SchedulerPool, wanted: (view: SchedulerView) => view is T) =>
  poll(
    () => {
      const view = pool.last(uid)
      return wanted(view) ? view : undefined
    },
    20,
    inTime(30_000),
  )

type Answering = Extract<SchedulerView, { kind: 'answering' }>

const withWorkers =
  (wanted: Readonly<Record<string, string>>) =>
  (view: SchedulerView): view is Answering =>
    view.kind === 'answering' &&
    JSON.stringify(view.workers.map(({ name, status }) => [name, status])) ===
      JSON.stringify(Object.entries(wanted))

const isSilent = (view: SchedulerView): view is Extract<SchedulerView, { kind: 'silent' }> =>
  view.kind === 'silent'

const faultOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => (error instanceof DaskError ? error.fault : error),
  )

describe('a scheduler with two workers', () => {
  test('is seen by the pool, and each of its workers has answered', async () => {
    await using pool = new SchedulerPool()
    pool.track(target())
    const view = await until(pool, withWorkers({ 'w-a': 'running', 'w-b': 'running' }))
    expect(view.workers.map(({ threads }) => threads)).toEqual([1, 1])
  })

  test('answers each question with values of ours', async () => {
    using connection = await connect()
    const { id, workers } = await identity(connection, inTime(5_000))
    expect(id).toMatch(/^Scheduler-/)
    const addresses = workers.map(({ address }) => address)
    expect(await broadcastIdentity(connection, addresses, inTime(5_000))).toEqual(new Set(addresses))
    expect(await checkIdle(connection, inTime(5_000))).toBeGreaterThan(Date.now() - 600_000)
    expect(await drain(connection, ['w-nobody'], inTime(5_000))).toEqual([])
    expect(await close(connection, [], inTime(5_000))).toEqual([])
  })

  test('calls that overlap get their own answers', async () => {
    using connection = await connect()
    const answers = await Promise.all([
      ...Array.from({ length: 20 }, () => connection.call('ncores', {}, inTime(5_000))),
      identity(connection, inTime(5_000)),
    ])
    expect(answers[0]).toEqual(answers[19])
    expect(answers[20]).toMatchObject({ id: expect.stringMatching(/^Scheduler-/) })
  })

  test('an exception over there is a remote failure, and the connection lives on', async () => {
    using connection = await connect()
    expect(await faultOf(connection.call('identity', { nonsense: 1 }, inTime(5_000)))).toBe('remote')
    expect((await identity(connection, inTime(5_000))).workers).toHaveLength(2)
  })

  test('Python’s Client() without an argument works with the dask.yaml of the client’s Secret', async () => {
    const folder = join(dask.folder, 'client')
    await mkdir(folder)
    const yaml = renderDaskYaml({ schedulerAddress: `tls://127.0.0.1:${port}` })
    await writeFile(join(folder, 'dask.yaml'), yaml.replaceAll('/etc/dask', folder))
    await writeFile(join(folder, 'ca.crt'), dask.bundle.authority.certificate)
    await writeFile(join(folder, 'tls.crt'), dask.bundle.client.certificate)
    await writeFile(join(folder, 'tls.key'), dask.bundle.client.key, { mode: 0o600 })
    const client = dask.run(sumProgram, { DASK_CONFIG: folder })
    expect(await outcome(client)).toMatchObject({ code: 0, output: expect.stringContaining('sum 4950') })
  })
})

describe('who is not let in', () => {
  test.each([
    {
      given: 'a client of another authority',
      tls: () => tlsOf(createBundle(anIdentity, Date.now()).client),
      want: 'tls-unknown-authority',
    },
    {
      given: 'a client of another authority that trusts this one',
      tls: () => tlsOf(createBundle(anIdentity, Date.now()).client, dask.bundle.authority.certificate),
      want: 'tls-unknown-authority',
    },
    { given: 'an expired client', tls: () => tlsOf(leafOf('client', 200)), want: 'tls-own-expired' },
    { given: 'a name that is not pinned', name: 'scheduler.other.dask.internal', want: 'tls-wrong-peer' },
  ])('$given: $want', async ({ tls, name, want }) => {
    expect(await faultOf(connect(tls?.(), name))).toBe(want)
  })
})

const leafOf = (role: 'client' | 'worker', daysAgo: number): Credential =>
  issueLeaf(dask.bundle.authority, { ...anIdentity, role, now: Date.now() - daysAgo * 86_400_000, days: 90 })

describe('workers come and go', () => {
  test('one whose certificate no other may trust is registered, and seen as unreachable', async () => {
    await using pool = new SchedulerPool()
    pool.track(target())
    const bad = await dask.worker(port, 'w-bad', dask.bundle.client)
    const view = await until(
      pool,
      withWorkers({ 'w-a': 'running', 'w-b': 'running', 'w-bad': 'unreachable' }),
    )
    expect(workerOf(view, 'w-bad')).toMatchObject({ threads: 1 })
    await bad.stop('SIGKILL')
    await until(pool, withWorkers({ 'w-a': 'running', 'w-b': 'running' }))
  })

  test('one that is drained ends its task, then is closed, and no task ran twice', async () => {
    await using pool = new SchedulerPool()
    pool.track(target())
    const changes: string[] = []
    using _ = pool.onChange(changed => void changes.push(changed))
    const runs = join(dask.folder, 'runs')
    await mkdir(runs)
    const client = dask.run(slowProgram(port), { RUNS: runs, ...securityEnv() })
    await until(pool, (view): view is Answering => workerOf(view, 'w-b')?.executing === 1)
    await pool.drain(uid, ['w-b'], inTime(5_000))
    await until(pool, hasDrained)
    expect(await pool.close(uid, ['w-b', 'w-nobody'], inTime(10_000))).toEqual(['w-b'])
    await until(pool, withWorkers({ 'w-a': 'running' }))
    expect(await outcome(client)).toMatchObject({ code: 0, output: expect.stringContaining('sum 190') })
    expect(await readdir(runs)).toHaveLength(20)
    expect(new Set(changes)).toEqual(new Set([uid]))
  })

  test('a scheduler that is killed is silent, and is found again on the same port', async () => {
    await using pool = new SchedulerPool()
    pool.track(target())
    const before = await until(pool, withWorkers({ 'w-a': 'running' }))
    await scheduler.stop('SIGKILL')
    expect((await until(pool, isSilent)).problem).toBe(
      `127.0.0.1:${port} refused the connection: nothing listens there`,
    )
    scheduler = await dask.scheduler(port)
    const after = await until(pool, withWorkers({}))
    expect(after.id).not.toBe(before.id)
    await dask.worker(port, 'w-c')
    await until(pool, withWorkers({ 'w-c': 'running' }))
  })
})

function hasDrained(view: SchedulerView): view is Answering {
  const worker = workerOf(view, 'w-b')
  return worker?.status === 'closing_gracefully' && worker.executing === 0
}

const outcome = async (running: Running): Promise<unknown> => ({
  code: await running.ended(inTime(60_000)),
  output: running.output,
})

function workerOf(view: SchedulerView, name: string): DaskWorker | undefined {
  return view.kind === 'answering' ? view.workers.find(worker => worker.name === name) : undefined
}

const sumProgram = `
from distributed import Client
with Client(timeout=20) as client:
    print("sum", sum(client.gather(client.map(lambda n: n, range(100)))))
`

const slowProgram = (at: number): string => `
import os, time, uuid
from distributed import Client
def work(n, runs):
    time.sleep(0.4)
    open(os.path.join(runs, f"{n}-{uuid.uuid4()}"), "w").close()
    return n
with Client("tls://127.0.0.1:${at}", timeout=20) as client:
    print("sum", sum(client.gather(client.map(work, range(20), runs=os.environ["RUNS"]))))
`

const securityEnv = (): Record<string, string> => ({ DASK_CONFIG: join(dask.folder, 'client') })
