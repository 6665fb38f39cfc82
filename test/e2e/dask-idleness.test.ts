import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { SchedulerPool } from '../../src/dask/pool.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Idleness } from '../../src/model/world.ts'
import { renderDaskYaml } from '../../src/pki/dask-yaml.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { DaskProcesses, freePort, inTime, type Running } from '../support/dask-processes.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { daskPython, tell } from '../support/python.ts'

const { uid } = anIdentity

let dask: DaskProcesses
let pool: SchedulerPool
let config: string

beforeAll(async () => {
  dask = await DaskProcesses.create(
    await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell }),
  )
  const port = await freePort()
  await dask.scheduler(port)
  await dask.worker(port, 'w-a')
  config = await clientConfig(port)
  pool = new SchedulerPool()
  const { authority, client } = dask.bundle
  const presented = { ca: authority.certificate, cert: client.certificate, key: client.key }
  const serverName = schedulerServerName(uid)
  pool.track({ uid, host: '127.0.0.1', port, serverName, idlePollMs: 100, ...presented })
  await until(view => view.kind === 'answering' && view.workers.length === 1)
})

afterAll(async () => {
  await pool?.[Symbol.asyncDispose]()
  await dask?.[Symbol.asyncDispose]()
})

async function clientConfig(port: number): Promise<string> {
  const folder = join(dask.folder, 'client')
  await mkdir(folder)
  const yaml = renderDaskYaml({ schedulerAddress: `tls://127.0.0.1:${port}` })
  await writeFile(join(folder, 'dask.yaml'), yaml.replaceAll('/etc/dask', folder))
  await writeFile(join(folder, 'ca.crt'), dask.bundle.authority.certificate)
  await writeFile(join(folder, 'tls.crt'), dask.bundle.client.certificate)
  await writeFile(join(folder, 'tls.key'), dask.bundle.client.key, { mode: 0o600 })
  return folder
}

type View = ReturnType<SchedulerPool['last']>

const until = (isMet: (view: View) => boolean): Promise<View> =>
  poll(
    () => {
      const view = pool.last(uid)
      return isMet(view) ? view : undefined
    },
    20,
    inTime(60_000),
  )

const useIn = (view: View): Idleness => (view.kind === 'answering' ? view.idleness : { kind: 'unknown' })

const use = async (kind: Idleness['kind']): Promise<Idleness> =>
  useIn(await until(view => useIn(view).kind === kind))

const begins = (program: string): Running =>
  dask.run(preamble + program, { DASK_CONFIG: config, FOLDER: dask.folder })

const ends = async (program: Running): Promise<void> => {
  const code = await program.ended(inTime(60_000))
  if (code !== 0) throw new Error(`the program ended with ${code}: ${program.output}`)
}

const happen = (name: string): Promise<void> => writeFile(join(dask.folder, name), '')

const preamble = `
import os, time
from distributed import Client, Queue, Variable, fire_and_forget, worker_client
folder = os.environ["FOLDER"]
def wait_for(name):
    while not os.path.exists(os.path.join(folder, name)):
        time.sleep(0.05)
def nest():
    with worker_client() as client:
        return client.submit(lambda: 1).result()
`

test('nobody is there: idle', async () => {
  expect(await use('idle')).toMatchObject({ kind: 'idle', since: expect.any(Number) })
})

test('a client that is connected and does nothing keeps a cluster awake until it is closed', async () => {
  const program = begins('client = Client(timeout=20); wait_for("closed"); client.close()')
  expect(await use('busy')).toEqual({ kind: 'busy' })
  await happen('closed')
  await ends(program)
  expect((await use('idle')).kind).toBe('idle')
})

test('so does one whose program is killed, until then', async () => {
  const program = begins('client = Client(timeout=20); wait_for("never")')
  expect(await use('busy')).toEqual({ kind: 'busy' })
  await program.stop('SIGKILL')
  expect((await use('idle')).kind).toBe('idle')
})

test('a task that nobody waits for keeps it awake with no client, and its end is another idleness', async () => {
  const before = await use('idle')
  const task = begins(`
with Client(timeout=20) as client:
    fire_and_forget(client.submit(wait_for, "done"))
    while not any(client.processing().values()):
        time.sleep(0.05)
`)
  await ends(task)
  expect(await use('busy')).toEqual({ kind: 'busy' })
  await happen('done')
  const after = await use('idle')
  expect(after).not.toEqual(before)
})

test('results that are kept with no client do not', async () => {
  const program = begins(`
with Client(timeout=20) as client:
    kept = client.submit(lambda: list(range(1000)))
    client.publish_dataset(kept=kept)
    Queue("kept").put(kept)
    Variable("kept").set(kept)
    wait_for("published")
`)
  expect(await use('busy')).toEqual({ kind: 'busy' })
  await happen('published')
  await ends(program)
  expect((await use('idle')).kind).toBe('idle')
  const later = begins(
    'with Client(timeout=20) as client: assert len(client.get_dataset("kept").result()) == 1000',
  )
  await ends(later)
})

test('nor does the client that a task has opened on its worker, once it is done', async () => {
  const program = begins('with Client(timeout=20) as client: assert client.submit(nest).result() == 1')
  await ends(program)
  expect((await use('idle')).kind).toBe('idle')
})
