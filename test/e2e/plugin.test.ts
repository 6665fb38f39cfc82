import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { ClusterStage } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { PluginUser } from '../support/plugin-user.ts'

const plane = controlPlane()
let stage: ClusterStage
let user: PluginUser

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
  user = await PluginUser.create(plane, stage.tenant, await stage.subfolder('user'))
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const program = `
from distributed import Client
with Client(timeout=20) as client:
    print(client.submit(lambda x: x + 1, 41).result(), client.scheduler.addr)
`

/** What Dask makes of the user's own configuration, with no argument at all. */
async function asUser(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawn(stage.python, ['-c', program], {
    cwd: user.home,
    env: { PATH: process.env['PATH'], HOME: user.home, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: AbortSignal.timeout(60_000),
  })
  return (await text(child.stdout)).trim()
}

describe('kubectl daskcloud', () => {
  test('says what is not there, and what is not ready', async () => {
    expect(await user.runByKubectl('describe', 'demo')).toMatchObject({
      code: 3,
      errors: expect.stringContaining(
        `there is no DaskCloudCluster demo in namespace ${stage.tenant}; there is none`,
      ),
    })
    await stage.apply('demo', { cloud: { local: {} }, workers: { replicas: 1, threads: 1, memory: '1GiB' } })
    expect(await user.run('describe', 'dmeo')).toMatchObject({
      code: 3,
      errors: expect.stringContaining('there are demo'),
    })
    const tls = { mode: 'Provided', secretRef: { name: 'never' } }
    await stage.apply('stuck', { cloud: { local: {} }, security: { tls } })
    expect(await user.run('connect', 'stuck', '--wait', '--timeout', '5s')).toMatchObject({
      code: 4,
      errors: expect.stringContaining('stuck is not ready'),
    })
  })

  test('connects: Client() needs no argument, and nobody else reads the key', async () => {
    const told = await user.text('connect', 'demo', '--wait', '--timeout', '60s')
    const { schedulerAddress: address = '' } = (await stage.cluster('demo')).status
    expect(told).toContain(`demo is at ${address}`)
    const folder = `.config/dask/daskcloud/${stage.tenant}/demo`
    expect(await user.modes('.config/dask')).toEqual([
      '700 .config/dask',
      '700 .config/dask/daskcloud',
      '600 .config/dask/daskcloud.yaml',
      `700 .config/dask/daskcloud/${stage.tenant}`,
      `700 ${folder}`,
      ...['ca.crt', 'dask.yaml', 'tls.crt', 'tls.key'].map(name => `600 ${folder}/${name}`),
    ])
    expect(await asUser()).toBe(`42 ${address}`)
    expect(await user.json('connect', 'demo', '--dir', 'elsewhere')).toMatchObject({
      address,
      environment: { DASK_CONFIG: `${user.home}/elsewhere` },
    })
  })

  test('runs a program as a client, hands its exit code on and leaves nothing', async () => {
    const before = await readdir(user.home)
    const { code, output } = await user.runByKubectl(
      'connect',
      'demo',
      '--exec',
      stage.python,
      '-c',
      `${program}\nexit(7)`,
    )
    expect(output).toContain('42 tls://')
    expect(code).toBe(7)
    expect(await readdir(user.home)).toEqual(before)
  })

  test('scales and waits', async () => {
    expect(await user.text('scale', 'demo', '2', '--wait', '--timeout', '60s')).toContain('1 → 2; 2 serve')
    expect(await user.run('scale', 'demo', '2', '--group', 'gpu')).toMatchObject({
      code: 3,
      errors: expect.stringContaining('demo has no group gpu; there are default'),
    })
  })

  test('describes what is there, and tells programs the same', async () => {
    await stage.settled('demo')
    const told = await user.text('describe', 'demo')
    expect(told).toMatch(/^demo in .*: ready: The scheduler and its workers answer\.$/m)
    const joined = /^ {4}w-\S+: joined, software in [\d.]+ s, Dask up [\d.]+ s later, 1 thread/gm
    expect(told.match(joined)).toHaveLength(2)
    expect(await user.json('describe', 'demo')).toMatchObject({
      phase: 'ready',
      waitsFor: [],
      unseen: [],
      events: expect.arrayContaining([expect.objectContaining({ reason: 'Ready' })]),
    })
    expect(await user.json('scale', 'demo', '2')).toMatchObject({ from: 2, to: 2, ready: 2 })
    expect(await user.json('orphans', '-n', stage.tenant)).toEqual({ orphans: [] })
  })

  test('shows what Dask logs and does', async () => {
    expect(await user.text('logs', 'demo')).toMatch(/distributed\.scheduler .*Register worker/)
    const [worker] = await stage.fleet.workers()
    expect(await user.text('logs', 'demo', worker?.id ?? '')).toMatch(/distributed\.worker .*Registered to/)
    expect(await user.json('logs', 'demo', '--all', '--tail', '1')).toMatchObject({
      entries: { length: 3 },
    })
    expect(await user.run('logs', 'demo', 'w-none')).toMatchObject({
      code: 3,
      errors: expect.stringContaining(`w-${worker?.id}`),
    })
    const top = await user.text('top', 'demo')
    expect(top).toMatch(/^demo at tls:\S+, up \d+s: 2 workers, 2 threads, CPU \d+%, memory [\d.]+ [MG]iB$/m)
    expect(top.match(/^w-\S+ +running +1 +\d+% /gm)).toHaveLength(2)
    expect(await user.json('top', 'demo', '--sort', 'cpu')).toMatchObject({
      crew: { workers: { length: 2 } },
    })
  })

  test('follows a log until it is stopped', async () => {
    const child = user.start('logs', 'demo', '--all', '--follow', '--tail', '1', '-o', 'json')
    const lines = createInterface({ input: child.stdout })
    const found: string[] = []
    let visit: Promise<string> | undefined
    for await (const line of lines) {
      found.push(line)
      // One line of each machine was there before.
      if (found.length === 3) visit = asUser()
      if (found.length > 3 && line.includes('Receive client connection')) break
    }
    expect(await visit).toContain('42')
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
  })

  test('is told that a cluster sleeps', async () => {
    await stage.patch('demo', { suspend: true })
    expect(await user.run('connect', 'demo')).toMatchObject({
      code: 4,
      errors: expect.stringContaining('demo sleeps'),
    })
  })
})
