import { X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { renewScheduler } from '../../src/dask/renewal.ts'
import type { SchedulerIdentity } from '../../src/dask/scheduler.ts'
import { markOf } from '../../src/pki/stored-rotation.ts'
import type { Running } from '../support/dask-processes.ts'
import { presented } from '../support/presented.ts'
import { anotherAuthority, counting, RenewedDask, type Shown } from '../support/renewed-dask.ts'

let dask: RenewedDask
/** What a client is let in with by now. */
let shown: Shown

beforeAll(async () => {
  dask = await RenewedDask.start()
  shown = dask.first
})
afterAll(async () => dask?.[Symbol.asyncDispose]())

const done = [{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]

async function expectEachOnce(name: string, client: Running): Promise<void> {
  const { tasks, runs } = await dask.counted(name, client)
  expect(runs).toBe(tasks)
}

const processes = async (): Promise<unknown> => {
  const { id, workers } = await dask.look(shown)
  return [id, ...workers.map(({ address }) => address)]
}

test('all processes take new leaves while tasks run, with keys that never left them', async () => {
  const { bundle } = dask.processes
  const client = await dask.client('leaves', shown, counting)
  const before = await dask.look(shown)
  expect(before.holds).toMatchObject({
    certificate: markOf(bundle.scheduler.certificate),
    authorities: [markOf(bundle.authority.certificate)],
    notAfter: new X509Certificate(bundle.scheduler.certificate).validToDate.getTime(),
  })
  const unchanged = await processes()
  expect(await dask.renew(shown.ca, shown.issuer)).toEqual(done)
  const old = markOf(bundle.worker.certificate)
  const isNew = ({ workers }: SchedulerIdentity): boolean =>
    workers.every(({ holds }) => holds?.certificate !== old)
  const after = await dask.told(isNew, shown)
  expect(after.holds?.certificate).not.toBe(before.holds?.certificate)
  expect(new Set(after.workers.map(({ holds }) => holds?.certificate)).size).toBe(2)
  expect(await presented(`tls://127.0.0.1:${dask.port}`)).toBe(after.holds?.certificate)
  for (const { address, holds } of after.workers) expect(await presented(address)).toBe(holds?.certificate)
  await expectEachOnce('leaves', client)
  expect(await processes()).toEqual(unchanged)
})

test('what came is whole in the machine’s own folder, for the next start alone', async () => {
  const folder = join(dask.processes.folder, 'home-w-alone', 'tls')
  const key = join(folder, 'current', 'node.key')
  expect((await stat(key)).mode & 0o777).toBe(0o600)
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  expect((await readFile(join(folder, 'current', 'ca.pem'), 'utf8')).trim()).toBe(shown.ca.trim())
  expect(await readdir(folder)).toHaveLength(2)
})

test('what does not fit is refused, and what was there stays', async () => {
  const stranger = anotherAuthority()
  const before = await dask.look(shown)
  const { ca } = shown
  for (const outcome of await dask.renew(ca, stranger)) expect(outcome).toMatchObject({ kind: 'failed' })
  for (const outcome of await dask.renew(stranger.certificate, undefined))
    expect(outcome).toMatchObject({ kind: 'failed' })
  using connection = await dask.connect(shown)
  const wrong = { ca, certify: () => dask.processes.bundle.scheduler.certificate }
  expect(await renewScheduler(connection, wrong, { signal: AbortSignal.timeout(20_000) })).toMatchObject({
    kind: 'failed',
  })
  expect((await dask.look(shown)).holds).toEqual(before.holds)
})

test('a key that was given goes to the scheduler that has its certificate from us, and to no other', async () => {
  const { holds } = await dask.look(shown)
  const other = new X509Certificate(dask.processes.bundle.worker.certificate).fingerprint256
  const refused = await dask.give(shown, () => [other])
  const problem = expect.stringContaining('it is given no key')
  expect(refused.outcome).toMatchObject({ kind: 'failed', problem })
  expect((await dask.look(shown)).holds).toEqual(holds)
  const taken = await dask.give(shown, print => [other, print])
  expect(taken.outcome).toEqual({ kind: 'done' })
  expect((await dask.look(shown)).holds?.certificate).toBe(markOf(taken.cert))
})

test.each([
  { how: 'without openssl', problem: 'there is no openssl on it' },
  { how: 'of an older version', problem: 'launched by a version that renews nothing' },
] as const)('a machine $how is told from one that may yet', async ({ how, problem }) => {
  const worker = await dask.worker(how.replaceAll(' ', '-'), how)
  await dask.told(({ workers }) => workers.length === 3, shown)
  const outcomes = await dask.renew(shown.ca, shown.issuer)
  const unable = outcomes.filter(({ kind }) => kind !== 'done')
  expect(unable).toMatchObject([{ kind: 'unable', problem: expect.stringContaining(problem) }])
  await worker.stop()
  await dask.told(({ workers }) => workers.length === 2, shown)
})

test('the authority is rolled: both are trusted, then the new one signs, then the old one is nobody’s', async () => {
  const next = anotherAuthority()
  const [old, both] = [shown, `${shown.ca}${next.certificate}`]
  const overlapping = { ca: both, issuer: old.issuer }
  const client = await dask.client('roll', overlapping, counting)
  const unchanged = await processes()
  expect(await dask.renew(both, undefined)).toEqual(done)
  expect((await dask.look(shown)).holds?.authorities).toHaveLength(2)
  expect(await dask.renew(both, next, overlapping)).toEqual(done)
  expect((await dask.look({ ca: next.certificate, issuer: old.issuer })).workers).toHaveLength(2)
  await expectEachOnce('roll', client)
  shown = { ca: next.certificate, issuer: next }
  const later = await dask.client('rolled', shown, counting)
  expect(await dask.renew(next.certificate, undefined, overlapping)).toEqual(done)
  await expect(dask.look(overlapping)).rejects.toThrow('does not trust the operator’s certificate')
  await dask.told(({ workers }) => workers.every(({ holds }) => holds?.authorities.length === 1), shown)
  await expectEachOnce('rolled', later)
  expect(await processes()).toEqual(unchanged)
})

const heldBy = (seen: SchedulerIdentity): unknown =>
  seen.workers.find(({ name }) => name === 'w-nannied')?.holds

test('a worker that its nanny starts anew begins with what came while it ran', async () => {
  const before = await dask.look(shown)
  const client = await dask.client('end', shown, 'client.submit(os._exit, 1, workers=["w-nannied"])')
  const isBack = ({ workers }: SchedulerIdentity): boolean =>
    workers.length === 2 &&
    workers.some(({ address }) => before.workers.every(each => each.address !== address))
  const after = await dask.told(seen => isBack(seen) && heldBy(seen) !== undefined, shown)
  expect(heldBy(after)).toEqual(heldBy(before))
  expect(after.id).toBe(before.id)
  await client.stop()
})
