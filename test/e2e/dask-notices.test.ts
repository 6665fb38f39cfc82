import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { SchedulerPool } from '../../src/dask/pool.ts'
import { poll } from '../../src/lib/wait.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { DaskProcesses, freePort, inTime, type Running } from '../support/dask-processes.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { daskPython, tell } from '../support/python.ts'

/** The status with which Dask ends for good. */
const done = 86

let dask: DaskProcesses
let port: number

beforeAll(async () => {
  const python = await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell })
  dask = await DaskProcesses.create(python)
  port = await freePort()
  await dask.scheduler(port, await watched('scheduler'))
})
afterAll(async () => dask?.[Symbol.asyncDispose]())

const at = (...names: readonly string[]): string => join(dask.folder, ...names)

/** The environment of Dask on a machine of this name that is watched. */
async function watched(name: string, leaveWithinS = 60): Promise<Readonly<Record<string, string>>> {
  const folder = at('machines', name)
  await mkdir(folder, { recursive: true })
  const settings = { notice: join(folder, 'notice'), heartbeat: join(folder, 'heartbeat'), leaveWithinS }
  await writeFile(join(folder, 'watch'), JSON.stringify(settings))
  const preload = join(folder, 'dask_watch.py')
  await copyFile('src/bootstrap/machine/dask_watch.py', preload)
  return {
    DASK_CONFIG: folder,
    DASK_DISTRIBUTED__WORKER__PRELOAD: JSON.stringify([preload]),
    DASK_DISTRIBUTED__SCHEDULER__PRELOAD: JSON.stringify([preload]),
  }
}

const worker = async (name: string, leaveWithinS?: number): Promise<Running> =>
  dask.worker(port, name, dask.bundle.worker, await watched(name, leaveWithinS))

/** Under a nanny, with all that a machine has both of them load. */
async function nannied(name: string, leaveWithinS?: number): Promise<Running> {
  const env = await watched(name, leaveWithinS)
  const folder = at('machines', name)
  const machine = join(folder, 'dask_machine.py')
  await copyFile('src/bootstrap/machine/dask_machine.py', machine)
  const preloads = [join(folder, 'dask_watch.py'), machine]
  return dask.nanny(port, name, machine, {
    ...env,
    HOME: folder,
    DASK_DISTRIBUTED__WORKER__PRELOAD: JSON.stringify(preloads),
  })
}

/** How it ended, and what it said. */
const endOf = async (running: Running): Promise<string> =>
  `ended with ${await running.ended(inTime(60_000))}: ${running.output}`

const notify = (name: string, notice: string): Promise<void> =>
  writeFile(at('machines', name, 'notice'), notice)

const isHeard = async (name: string): Promise<void> => {
  const heartbeat = at('machines', name, 'heartbeat')
  const before = await stat(heartbeat).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
  const isNew = (): Promise<true | undefined> =>
    stat(heartbeat).then(
      ({ mtimeMs }) => (mtimeMs > before ? true : undefined),
      () => undefined,
    )
  await poll(isNew, 50, inTime(30_000))
}

const happens = (name: string): Promise<true> =>
  poll(() => (existsSync(at(name)) ? true : undefined), 50, inTime(60_000))

async function client(program: string): Promise<Running> {
  const { authority, client: own } = dask.bundle
  await writeFile(at('ca.crt'), authority.certificate)
  await writeFile(at('tls.crt'), own.certificate)
  await writeFile(at('tls.key'), own.key, { mode: 0o600 })
  return dask.run(preamble + program, { FOLDER: dask.folder, ADDRESS: `tls://127.0.0.1:${port}` })
}

const preamble = `
import os, time
from distributed import Client, Security, get_worker
folder = os.environ["FOLDER"]
mine = {"tls_ca_file": "ca.crt", "tls_client_cert": "tls.crt", "tls_client_key": "tls.key"}
security = Security(require_encryption=True, **{key: os.path.join(folder, name) for key, name in mine.items()})
client = Client(os.environ["ADDRESS"], security=security, timeout=20)
def note(name):
    with open(os.path.join(folder, name), "a") as file:
        file.write("x")
def wait_for(name):
    while not os.path.exists(os.path.join(folder, name)):
        time.sleep(0.05)
def work(number):
    time.sleep(0.3)
    note(f"ran-{number}")
    return number
def stay():
    note(f"stays-{get_worker().name}")
    if get_worker().name in ("w-c", "w-e"):
        time.sleep(600)
    return get_worker().name
`

test('a scheduler without operator and clients says nothing, whatever workers it has', async () => {
  const alone = await worker('w-a')
  await isHeard('w-a')
  await isHeard('w-a')
  expect(existsSync(at('machines', 'scheduler', 'heartbeat'))).toBe(false)
  expect(alone.hasEnded).toBe(false)
})

test('it says that somebody is there while a client is, and while the operator asks', async () => {
  const program = await client('wait_for("closed"); client.close()')
  await isHeard('scheduler')
  await isHeard('scheduler')
  await writeFile(at('closed'), '')
  expect(await program.ended(inTime(30_000))).toBe(0)
  await rm(at('machines', 'scheduler', 'heartbeat'))
  await using pool = new SchedulerPool()
  const { authority, client: own } = dask.bundle
  const { uid } = anIdentity
  const presented = { ca: authority.certificate, cert: own.certificate, key: own.key }
  const serverName = schedulerServerName(uid)
  pool.track({ uid, host: '127.0.0.1', port, serverName, idlePollMs: undefined, ...presented })
  await isHeard('scheduler')
  await isHeard('scheduler')
  expect(pool.last(uid).kind).toBe('answering')
})

test('a worker whose machine is taken back finishes, hands over and ends for good: no task is lost or run twice', async () => {
  const leaving = await worker('w-b')
  const program = await client(`
client.wait_for_workers(2)
futures = client.map(work, range(40), pure=False)
wait_for("ran-1")
note("begun")
assert sum(client.gather(futures)) == sum(range(40))
client.close()
`)
  await happens('begun')
  await notify('w-b', 'interruption')
  expect(await endOf(leaving)).toContain(`ended with ${done}`)
  expect(await endOf(program)).toContain('ended with 0')
  const ran = (await readdir(dask.folder)).filter(name => name.startsWith('ran-'))
  expect(ran).toHaveLength(40)
  for (const name of ran) expect(await readFile(at(name), 'utf8')).toBe('x')
})

test('one that is only advised to go stays while it runs a task; one whose time is up ends, and its task runs elsewhere', async () => {
  const leaving = await worker('w-c', 1)
  const program = await client(`
client.wait_for_workers(2)
future = client.submit(stay, workers=["w-c"], allow_other_workers=True, pure=False)
assert future.result() == "w-a"
client.close()
`)
  await happens('stays-w-c')
  await notify('w-c', 'rebalance')
  await poll(
    () => (leaving.output.includes('takes this machine back') ? true : undefined),
    50,
    inTime(30_000),
  )
  await isHeard('w-c')
  await isHeard('w-c')
  expect(leaving.hasEnded).toBe(false)
  await notify('w-c', 'interruption')
  expect(await endOf(leaving)).toContain(`ended with ${done}`)
  expect(await endOf(program)).toContain('ended with 0')
})

test('a worker under a nanny finishes and hands over, and its nanny ends for good with it', async () => {
  const leaving = await nannied('w-d')
  const program = await client(`
client.wait_for_workers(2)
futures = client.map(work, range(100, 120), pure=False)
wait_for("ran-101")
note("begun-d")
assert sum(client.gather(futures)) == sum(range(100, 120))
client.close()
`)
  await happens('begun-d')
  await notify('w-d', 'interruption')
  expect(await endOf(leaving)).toContain(`ended with ${done}`)
  expect(await endOf(program)).toContain('ended with 0')
  const ran = (await readdir(dask.folder)).filter(name => name.startsWith('ran-1') && name.length === 7)
  expect(ran).toHaveLength(20)
  for (const name of ran) expect(await readFile(at(name), 'utf8')).toBe('x')
})

test('one under a nanny whose time is up ends for good in the middle of its task', async () => {
  const leaving = await nannied('w-e', 1)
  const program = await client(`
client.wait_for_workers(2)
future = client.submit(stay, workers=["w-e"], allow_other_workers=True, pure=False)
assert future.result() == "w-a"
client.close()
`)
  await happens('stays-w-e')
  await notify('w-e', 'interruption')
  expect(await endOf(leaving)).toContain(`ended with ${done}`)
  expect(await endOf(program)).toContain('ended with 0')
})

test('a worker that has nobody to hand over to stays when it is only advised to go', async () => {
  const program = await client(`
kept = client.submit(lambda: list(range(1000)), pure=False)
kept.result()
note("kept")
wait_for("asked")
assert len(kept.result()) == 1000
client.close()
`)
  await happens('kept')
  await notify('w-a', 'rebalance')
  for (let beats = 0; beats < 5; beats += 1) await isHeard('w-a')
  await writeFile(at('asked'), '')
  expect(await endOf(program)).toContain('ended with 0')
})

test('one under a nanny that finds nobody to hand over to ends for good all the same when its time is up', async () => {
  const leaving = await nannied('w-f', 1)
  const program = await client(`
while [worker["name"] for worker in client.scheduler_info(n_workers=-1)["workers"].values()] != ["w-f"]:
    time.sleep(0.05)
kept = client.submit(lambda: list(range(1000)), pure=False)
kept.result()
note("kept-f")
wait_for("gone-f")
client.close()
`)
  await happens('kept-f')
  await notify('w-f', 'interruption')
  expect(await endOf(leaving)).toContain(`ended with ${done}`)
  await writeFile(at('gone-f'), '')
  expect(await endOf(program)).toContain('ended with 0')
})
