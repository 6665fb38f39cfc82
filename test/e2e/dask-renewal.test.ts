import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { connectScheduler, type SchedulerConnection } from '../../src/dask/connection.ts'
import { type NewMaterial, renewScheduler, renewWorkers } from '../../src/dask/renewal.ts'
import { identity, type SchedulerIdentity } from '../../src/dask/scheduler.ts'
import { poll } from '../../src/lib/wait.ts'
import type { Renewal } from '../../src/model/renewal.ts'
import { type Authority, createAuthority } from '../../src/pki/authority.ts'
import { authorityName, type LeafRole, schedulerServerName } from '../../src/pki/identity.ts'
import { certifyLeaf, issueLeaf } from '../../src/pki/leaf.ts'
import { requestedKey } from '../../src/pki/request.ts'
import { DaskProcesses, freePort, inTime, type Running } from '../support/dask-processes.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { daskPython, tell } from '../support/python.ts'

const run = promisify(execFile)
const preload = resolve('src/bootstrap/machine/dask_tls.py')
const names = ['w-alone', 'w-nannied']
let dask: DaskProcesses
let port: number
const joined = async (): Promise<true | undefined> =>
  (await looked()).workers.filter(({ holds }) => holds !== undefined).length === names.length
    ? true
    : undefined

/** As a machine has it: a folder of its own, which Dask may write. */
async function machine(name: string): Promise<Readonly<Record<string, string>>> {
  const home = join(dask.folder, `home-${name}`)
  await mkdir(home)
  const loaded = JSON.stringify([preload])
  return {
    HOME: home,
    DASK_DISTRIBUTED__WORKER__PRELOAD: loaded,
    DASK_DISTRIBUTED__SCHEDULER__PRELOAD: loaded,
  }
}

beforeAll(async () => {
  const python = await daskPython({ signal: AbortSignal.timeout(600_000), progress: tell })
  dask = await DaskProcesses.create(python)
  port = await freePort()
  await dask.scheduler(port, await machine('scheduler'))
  await dask.worker(port, 'w-alone', dask.bundle.worker, await machine('w-alone'))
  await dask.nanny(port, 'w-nannied', preload, await machine('w-nannied'))
  await poll(() => joined().catch(() => undefined), 100, inTime(60_000))
})
afterAll(async () => dask?.[Symbol.asyncDispose]())

interface Shown {
  readonly ca: string
  readonly issuer: Authority
}
const usual = (): Shown => ({ ca: dask.bundle.authority.certificate, issuer: dask.bundle.authority })

/** A connection of a client that trusts `ca` and has a leaf of `issuer`, made now. */
async function connected({ ca, issuer } = usual()): Promise<SchedulerConnection> {
  const own = issueLeaf(issuer, { ...anIdentity, role: 'client', now: Date.now(), days: 90 })
  const tls = { ca, cert: own.certificate, key: own.key }
  const serverName = schedulerServerName(anIdentity.uid)
  return connectScheduler({ host: '127.0.0.1', port, serverName, tls }, inTime(10_000))
}

async function looked(shown = usual()): Promise<SchedulerIdentity> {
  using connection = await connected(shown)
  return await identity(connection, inTime(10_000))
}

const material = (ca: string, issuer: Authority | undefined, role: LeafRole): NewMaterial => ({
  ca,
  certify:
    issuer &&
    (request =>
      certifyLeaf(issuer, requestedKey(request), { ...anIdentity, role, now: Date.now(), days: 90 })),
})

/** Renews the scheduler and all workers; what became of each. */
async function renew(
  ca: string,
  issuer: Authority | undefined,
  shown = usual(),
): Promise<readonly Renewal[]> {
  const { workers } = await looked(shown)
  using connection = await connected(shown)
  const scheduler = await renewScheduler(connection, material(ca, issuer, 'scheduler'), inTime(20_000))
  const addresses = workers.map(({ address }) => address)
  const found = await renewWorkers(connection, addresses, material(ca, issuer, 'worker'), inTime(20_000))
  return [scheduler, ...found.values()]
}

const done = [{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]
const markOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase().slice(0, 16)

/** All that is told, once every worker's next heartbeat has brought what it holds. */
const told = (isSo: (seen: SchedulerIdentity) => boolean, shown = usual()): Promise<SchedulerIdentity> =>
  poll(
    async () => {
      const seen = await looked(shown)
      return isSo(seen) ? seen : undefined
    },
    100,
    inTime(20_000),
  )

/** What listens there shows whoever connects. */
async function presented(address: string): Promise<string> {
  const { host } = new URL(address)
  const { stdout } = await run('sh', ['-c', `openssl s_client -connect ${host} </dev/null 2>/dev/null || :`])
  return markOf(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout)?.[0] ?? '')
}

/** A client that, unless it is given another deed, counts tasks, each in a file of its own, until it is told to end. */
async function job(name: string, shown = usual(), deed = counting): Promise<Running> {
  const own = issueLeaf(shown.issuer, { ...anIdentity, role: 'client', now: Date.now(), days: 90 })
  const files = { 'ca.crt': shown.ca, 'tls.crt': own.certificate, 'tls.key': own.key }
  const folder = join(dask.folder, name)
  await mkdir(folder)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text, { mode: 0o600 })
  return dask.run(program + deed, { FOLDER: folder, ADDRESS: `tls://127.0.0.1:${port}` })
}
const program = `
import os, time
from distributed import Client, Security, get_worker
folder = os.environ["FOLDER"]
mine = {"tls_ca_file": "ca.crt", "tls_client_cert": "tls.crt", "tls_client_key": "tls.key"}
security = Security(require_encryption=True, **{key: os.path.join(folder, name) for key, name in mine.items()})
def task(number):
    with open(os.path.join(folder, f"ran-{number}"), "a") as file:
        file.write("x")
    return number
def total(numbers):
    return sum(numbers)
client = Client(os.environ["ADDRESS"], security=security, timeout=20)
client.wait_for_workers(2)
`
const counting = `
count = 0
while not os.path.exists(os.path.join(folder, "over")) or count < 40:
    workers = ["${names[0]}", "${names[1]}"]
    futures = [client.submit(task, count + each, pure=False, workers=workers[each % 2]) for each in range(10)]
    assert client.submit(total, futures, pure=False).result(timeout=30) == sum(range(count, count + 10))
    count += 10
client.close()
print("tasks", count, flush=True)
`

async function ended(name: string, running: Running): Promise<void> {
  const folder = join(dask.folder, name)
  await writeFile(join(folder, 'over'), '')
  expect(`${await running.ended(inTime(60_000))} ${running.output}`).toMatch(/^0 [^]*tasks \d+\n$/)
  const tasks = Number(/tasks (\d+)/.exec(running.output)?.[1])
  const ran = (await readdir(folder)).filter(each => each.startsWith('ran-'))
  expect(ran).toHaveLength(tasks)
  for (const each of ran) expect(await readFile(join(folder, each), 'utf8')).toBe('x')
}

const processes = async (): Promise<unknown> => {
  const { id, workers } = await looked(shownLast)
  return [id, ...workers.map(({ address }) => address)]
}
/** What a client is let in with by now. */
let shownLast: Shown

test('all processes take new leaves while tasks run, with keys that never left them', async () => {
  shownLast = usual()
  const running = await job('leaves')
  const before = await looked()
  expect(before.holds).toMatchObject({
    certificate: markOf(dask.bundle.scheduler.certificate),
    authorities: [markOf(dask.bundle.authority.certificate)],
    notAfter: new X509Certificate(dask.bundle.scheduler.certificate).validToDate.getTime(),
  })
  const [unchanged, { ca, issuer }] = [await processes(), usual()]
  expect(await renew(ca, issuer)).toEqual(done)
  const old = markOf(dask.bundle.worker.certificate)
  const after = await told(({ workers }) => workers.every(({ holds }) => holds?.certificate !== old))
  expect(after.holds?.certificate).not.toBe(before.holds?.certificate)
  expect(new Set(after.workers.map(({ holds }) => holds?.certificate)).size).toBe(2)
  expect(await presented(`tls://127.0.0.1:${port}`)).toBe(after.holds?.certificate)
  for (const { address, holds } of after.workers) expect(await presented(address)).toBe(holds?.certificate)
  await ended('leaves', running)
  expect(await processes()).toEqual(unchanged)
})

test('what came is whole in the machine’s own folder, for the next start alone', async () => {
  const folder = join(dask.folder, 'home-w-alone', 'tls')
  const key = join(folder, 'current', 'node.key')
  expect((await stat(key)).mode & 0o777).toBe(0o600)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await readFile(join(folder, 'current', 'ca.pem'), 'utf8')).trim()).toBe(usual().ca.trim())
  expect(await readdir(folder)).toHaveLength(2)
})

test('what does not fit is refused, and what was there stays', async () => {
  const stranger = createAuthority({ name: authorityName(anIdentity.uid), now: Date.now(), days: 365 })
  const before = await looked()
  const { ca } = usual()
  for (const outcome of await renew(ca, stranger)) expect(outcome).toMatchObject({ kind: 'failed' })
  for (const outcome of await renew(stranger.certificate, undefined))
    expect(outcome).toMatchObject({ kind: 'failed' })
  using connection = await connected()
  const wrong = { ca, certify: () => dask.bundle.scheduler.certificate }
  expect(await renewScheduler(connection, wrong, inTime(20_000))).toMatchObject({ kind: 'failed' })
  expect((await looked()).holds).toEqual(before.holds)
})

test('the authority is rolled: both are trusted, then the new one signs, then the old one is nobody’s', async () => {
  const next = createAuthority({ name: authorityName(anIdentity.uid), now: Date.now(), days: 365 })
  const [old, both] = [usual(), `${usual().ca}${next.certificate}`]
  const overlapping = { ca: both, issuer: old.issuer }
  const running = await job('roll', overlapping)
  const unchanged = await processes()
  expect(await renew(both, undefined)).toEqual(done)
  expect((await looked()).holds?.authorities).toHaveLength(2)
  expect(await renew(both, next, overlapping)).toEqual(done)
  expect((await looked({ ca: next.certificate, issuer: old.issuer })).workers).toHaveLength(2)
  await ended('roll', running)
  const young = { ca: next.certificate, issuer: next }
  const later = await job('rolled', young)
  expect(await renew(next.certificate, undefined, overlapping)).toEqual(done)
  await expect(looked({ ca: both, issuer: old.issuer })).rejects.toThrow(
    'does not trust the operator’s certificate',
  )
  await told(({ workers }) => workers.every(({ holds }) => holds?.authorities.length === 1), young)
  await ended('rolled', later)
  shownLast = young
  expect(await processes()).toEqual(unchanged)
})

const heldBy = (seen: SchedulerIdentity): unknown =>
  seen.workers.find(({ name }) => name === 'w-nannied')?.holds

test('a worker that its nanny starts anew begins with what came while it ran', async () => {
  const before = await looked(shownLast)
  const running = await job('end', shownLast, 'client.submit(os._exit, 1, workers=["w-nannied"], retries=0)')
  const isBack = ({ workers }: SchedulerIdentity): boolean =>
    workers.length === 2 &&
    workers.some(({ address }) => before.workers.every(each => each.address !== address))
  const after = await told(isBack, shownLast)
  await told(seen => heldBy(seen) !== undefined, shownLast)
  expect(heldBy(await looked(shownLast))).toEqual(heldBy(before))
  expect(after.id).toBe(before.id)
  await running.stop()
})
