import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { Boot } from '../../src/bootstrap/boot.ts'
import { renderUserData } from '../../src/bootstrap/user-data.ts'
import { interpret } from '../../src/clouds/local/boot-text.ts'
import type { LocalCloud } from '../../src/clouds/local/provider.ts'
import { SchedulerPool } from '../../src/dask/pool.ts'
import { poll } from '../../src/lib/wait.ts'
import type { ReservedAddress } from '../../src/model/machine.ts'
import { type MachineId, machineId, type Role, workerName } from '../../src/model/names.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { aBoot, bundle, identity } from '../support/boots.ts'
import { anOwner } from '../support/launch-request.ts'
import { aRequest, become, LocalGround, patience, pidsOf, untilDead } from '../support/local-ground.ts'
import { daskPython, tell } from '../support/python.ts'

const run = promisify(execFile)
const owner = anOwner()
const changes: Partial<Boot> = {
  env: { GREETING: 'say "hi" to $USER in /etc/dask', DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'False' },
  group: { threads: 1, memory: '500MB', resources: { GPU: 2 } },
}

let python: string
let ground: LocalGround
let cloud: LocalCloud
let address: ReservedAddress
let scheduler: MachineId
let workers: readonly MachineId[]

beforeAll(async () => {
  python = await daskPython({ signal: patience.signal, progress: tell })
  ground = await LocalGround.create(python)
  cloud = ground.open()
  const tls = join(ground.folder, 'tls')
  await mkdir(tls)
  await writeFile(join(tls, 'ca'), bundle.authority.certificate)
  await writeFile(join(tls, 'cert'), bundle.client.certificate)
  await writeFile(join(tls, 'key'), bundle.client.key)
  address = await cloud.reserveAddress({ owner, exposure: 'Public', admitted: [] }, patience)
  const began = performance.now()
  const [first] = await launch('scheduler', 1)
  scheduler = first ?? machineId('none')
  workers = await launch('worker', 2)
  await names(all => workers.every(id => all.has(workerName(id))))
  tell(`one scheduler and two workers together after ${Math.round(performance.now() - began)} ms`)
})
afterAll(async () => ground?.[Symbol.asyncDispose]())

async function launch(role: Role, count: number, more: Partial<Boot> = {}): Promise<readonly MachineId[]> {
  const { machines } = await cloud.launch(
    aRequest({
      owner,
      role,
      group: role,
      count,
      userData: renderUserData(aBoot(role, { ...changes, scheduler: address, ...more })),
      address: role === 'scheduler' ? address : undefined,
    }),
    patience,
  )
  return machines
}

/** What this program, given a connected `client`, prints as JSON. */
async function ask<T>(program: string): Promise<T> {
  const tls = join(ground.folder, 'tls')
  const { host, port } = address.external
  const text = `
import json, os
from distributed import Client, Security
security = Security(tls_ca_file="${tls}/ca", tls_client_cert="${tls}/cert", tls_client_key="${tls}/key", require_encryption=True)
with Client("tls://${host}:${port}", security=security, timeout="5s") as client:
    print(json.dumps(${program}))
`
  const { stdout } = await run(python, ['-c', text], { signal: patience.signal, timeout: 30_000 })
  return JSON.parse(stdout) as T
}

/** Workers by name, with their pid, once they are as they should be. */
function names(isSo: (found: ReadonlyMap<string, number>) => boolean): Promise<ReadonlyMap<string, number>> {
  const look = async (): Promise<ReadonlyMap<string, number> | undefined> => {
    const pids = 'list(client.run(lambda dask_worker: (dask_worker.name, os.getpid())).values())'
    const found = new Map(await ask<[string, number][]>(pids).catch(() => []))
    return isSo(found) ? found : undefined
  }
  return poll(look, 100, { signal: AbortSignal.timeout(60_000) })
}

const alone = (id: MachineId): Promise<readonly number[]> => pidsOf(ground.home(id))

/** The process of Dask itself, of a machine. */
async function daskPid(id: MachineId): Promise<number> {
  for (const pid of (await alone(id)).slice(1))
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('distributed.cli')) return pid
  throw new Error('Dask does not run there')
}

test('a result is computed over mutual TLS, with the threads, resources and environment that were asked for', async () => {
  const answer = await ask<unknown>(
    '[client.submit(sum, range(100), resources={"GPU": 2}).result(), ' +
      'sorted(set(client.run(lambda: os.environ["GREETING"]).values())), ' +
      'sorted(set(client.nthreads().values())), ' +
      'list(set(client.run(lambda: __import__("dask").config.get("distributed.comm.require-encryption")).values()))]',
  )
  expect(answer).toEqual([4950, ['say "hi" to $USER in /etc/dask'], [1], [true]])
})

test('each machine tells how long its software and its Dask took, in what the operator asks for anyway', async () => {
  await using pool = new SchedulerPool()
  const { authority, client } = bundle
  const tls = { ca: authority.certificate, cert: client.certificate, key: client.key }
  pool.track({
    uid: identity.uid,
    serverName: schedulerServerName(identity.uid),
    ...address.external,
    ...tls,
  })
  const told = await poll(
    async () => {
      const view = pool.last(identity.uid)
      return view.kind === 'answering' && view.workers.length === 2 ? view : undefined
    },
    100,
    { signal: AbortSignal.timeout(30_000) },
  )
  for (const boot of [told.boot, ...told.workers.map(worker => worker.boot)]) {
    expect(boot?.installed).toBeGreaterThan(0)
    expect(boot?.up).toBeGreaterThan(0)
    expect((boot?.installed ?? 0) + (boot?.up ?? 0)).toBeLessThan(60)
  }
})

test('cloud-init’s YAML reads what the interpreter reads', async () => {
  const userData = renderUserData(aBoot('worker', changes))
  const program = 'import json,sys,yaml; print(json.dumps(yaml.safe_load(sys.argv[1])["write_files"]))'
  const { stdout } = await run(python, ['-c', program, userData])
  const read = JSON.parse(stdout) as { path: string; content: string }[]
  expect(read.map(({ path, content }) => [path, content])).toEqual(
    interpret(userData).files.map(({ path, content }) => [path, content]),
  )
})

test('a worker whose process is killed starts again and joins under its name', async () => {
  const [id = machineId('none')] = workers
  const before = await daskPid(id)
  process.kill(before, 'SIGKILL')
  const after = await names(found => (found.get(workerName(id)) ?? before) !== before)
  expect(after.size).toBe(2)
})

test('a scheduler whose process is killed starts again, and all workers join it by themselves', async () => {
  const before = await Promise.all(workers.map(daskPid))
  process.kill(await daskPid(scheduler), 'SIGKILL')
  const after = await names(found => workers.every(id => found.has(workerName(id))))
  expect(before.filter(pid => [...after.values()].includes(pid))).toEqual([])
})

test('a scheduler that is told to end from outside starts again, and all workers join it by themselves', async () => {
  const before = await daskPid(scheduler)
  process.kill(before, 'SIGTERM')
  await untilDead([before])
  await names(found => workers.every(id => found.has(workerName(id))))
  expect(await daskPid(scheduler)).not.toBe(before)
})

/** What a machine has said when it has nothing more to run, once its worker was retired. */
async function retire(id: MachineId): Promise<string> {
  const name = JSON.stringify(workerName(id))
  const drain = (close: string) =>
    ask(
      `client.sync(client.scheduler.retire_workers, names=[${name}], close_workers=${close}, remove=${close}) and 1`,
    )
  await drain('False')
  await drain('True')
  const quiet = async () => {
    const said = await cloud.console(id, patience)
    return said.includes('nothing runs here any more') ? said : undefined
  }
  return poll(quiet, 50, { signal: AbortSignal.timeout(30_000) })
}

test('a worker under a nanny starts again within its machine, joins again after its scheduler, and stays down once retired', async () => {
  const group = { threads: 1, memory: '1GiB', resources: {}, nanny: true }
  const [id = machineId('none')] = await launch('worker', 1, { group })
  const first = (await names(found => found.has(workerName(id)))).get(workerName(id)) ?? 0
  process.kill(first, 'SIGKILL')
  const second = (await names(found => (found.get(workerName(id)) ?? first) !== first)).get(workerName(id))
  expect(await cloud.console(id, patience)).not.toContain('dask.service ended')
  process.kill(await daskPid(scheduler), 'SIGKILL')
  await names(found => (found.get(workerName(id)) ?? second) !== second)
  expect(await retire(id)).toContain('dask.service ended with status 86')
  await cloud.terminate([id], patience)
})

test('a retired worker stays down, and its machine waits to be ended', async () => {
  const [id = machineId('none'), other = machineId('none')] = workers
  expect(await retire(id)).toContain('dask.service ended with status 86')
  expect((await alone(id)).length).toBe(1)
  const found = await names(all => all.has(workerName(other)))
  expect([...found.keys()]).toEqual([workerName(other)])
})

test('a worker whose retirement was given up is not taken for a retired one', async () => {
  const [, id = machineId('none')] = workers
  const before = await daskPid(id)
  // No other worker could hold the result.
  const retired = await ask<unknown>(
    '[(kept := client.submit(lambda: 1)).result(), len(client.sync(client.scheduler.retire_workers, ' +
      `names=["${workerName(id)}"], close_workers=True, remove=True))]`,
  )
  expect(retired).toEqual([1, 0])
  process.kill(await daskPid(scheduler), 'SIGKILL')
  await names(found => (found.get(workerName(id)) ?? before) !== before)
  expect(await daskPid(id)).not.toBe(before)
})

test('a machine whose supervisor is killed is gone, and so are its processes', async () => {
  const [id = machineId('none')] = await launch('worker', 1)
  await names(found => found.has(workerName(id)))
  const pids = await alone(id)
  process.kill(pids[0] ?? 0, 'SIGKILL')
  await become(cloud, [id], 'gone')
  await untilDead(pids)
  expect(await readdir(join(ground.folder, 'state', 'ours', 'machines'))).not.toContain(id)
})

test('ending them all leaves no process and no folder', async () => {
  const all = [scheduler, ...workers]
  const pids = (await Promise.all(all.map(alone))).flat()
  const began = performance.now()
  await cloud.terminate(all, patience)
  await become(cloud, all, 'gone')
  tell(`gone after ${Math.round(performance.now() - began)} ms`)
  await untilDead(pids)
  await cloud.releaseAddress(owner.uid, patience)
  expect(await readdir(join(ground.folder, 'state', 'ours', 'machines'))).toEqual([])
  expect(await readdir(join(ground.folder, 'claims'))).toEqual([])
})
