import { afterAll, expect, test } from 'vitest'

import { createBundle } from '../../src/pki/bundle.ts'
import { issueLeaf } from '../../src/pki/leaf.ts'
import { markOf } from '../../src/pki/stored-rotation.ts'
import { ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { DaskUser, squaresBelow } from '../support/dask-user.ts'
import { keep, marked } from '../support/given-secret.ts'
import type { Texts } from '../support/openssl-authority.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { presented } from '../support/presented.ts'
import { tell } from '../support/python.ts'

const plane = controlPlane()
let stage: ClusterStage

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const { authority } = createBundle(anIdentity, Date.now())
/** Long enough for machines to come up. */
const briefS = 50

/** Until a time in milliseconds since the epoch. */
function lasting(until: number): Texts {
  const now = Date.now()
  const form = { ...anIdentity, role: 'scheduler', now, days: (until - now) / 86_400_000 } as const
  const { certificate, key } = issueLeaf(authority, form)
  return { 'ca.crt': authority.certificate, 'tls.crt': certificate, 'tls.key': key }
}

const secretRefs = {
  scheduler: { name: 'for-scheduler' },
  worker: { name: 'for-workers' },
  client: { name: 'for-clients' },
}

/** One of them for each role, which all end together. Returns the scheduler's. */
async function giveAll(until: number): Promise<Texts> {
  const { scheduler, ...others } = secretRefs
  for (const { name } of Object.values(others)) await keep(stage, name, lasting(until), marked)
  const texts = lasting(until)
  await keep(stage, scheduler.name, texts, marked)
  return texts
}

/** Somebody with the client's Secret as it is now. */
async function userNow(name: string): Promise<DaskUser> {
  const { status } = await stage.cluster('late')
  return DaskUser.create(stage.python, await stage.subfolder(name), {
    secret: await stage.clientSecret('late'),
    scheduler: status.schedulerAddress,
  })
}

const reasonsOf = (cluster: Parameters<typeof conditionOf>[0], ...types: readonly string[]) =>
  types.map(type => conditionOf(cluster, type)?.reason)

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`

test('certificates that nobody replaced in time: it is said, and a good Secret and a restart bring all back', async () => {
  // Certificates know whole seconds, and what rounds down must not end one of them earlier.
  const end = (Math.floor(Date.now() / 1_000) + briefS) * 1_000
  await giveAll(end + 500)
  await stage.apply('late', {
    cloud: { local: {} },
    workers: { replicas: 1, threads: 1, memory: '1GiB' },
    security: { tls: { mode: 'Provided', secretRefs } },
  })
  await stage.settled('late', briefS * 1_000)
  tell(`all serve ${seconds(end - briefS * 1_000)} after the certificates were made`)
  const job = (await userNow('before')).count(0.1, 'job')
  await job.goesOn()
  const [[worker], before] = [await stage.fleet.workers(), await stage.fleet.scheduler()]

  const expired = await stage.until(
    'late',
    each => reasonsOf(each, 'Stalled')[0] === 'CertificateExpired',
    90_000,
  )
  expect(Date.now()).toBeGreaterThan(end)
  expect(conditionOf(expired, 'Reconciling')).toBeUndefined()
  expect(conditionOf(expired, 'CertificatesReady')?.message).toMatch(
    /^The certificate of scheduler, worker and client has expired at \S+Z\. Secret for-\w+, tls\.crt: .*restart=/,
  )
  tell(`said ${seconds(end)} after the end`)
  expect(Date.now() - end).toBeLessThan(15_000)

  const good = await giveAll(Date.now() + 86_400_000)
  const waiting = await stage.until(
    'late',
    each => reasonsOf(each, 'UpdatePending')[0] === 'CertificateExpired',
    30_000,
  )
  expect(reasonsOf(waiting, 'CertificatesReady', 'Stalled')).toEqual(['Provided', 'CertificateExpired'])
  expect(conditionOf(waiting, 'UpdatePending')?.message).toContain(
    `kubectl annotate dcc/late --namespace ${stage.tenant} --overwrite cloud.dask.org/restart=`,
  )
  expect((await stage.fleet.scheduler()).program).toBe(before.program)
  // Whoever is connected works on, and loses what is there with a new scheduler: nobody ends it unasked.
  await job.goesOn()
  const { tasks, total } = await job.end()
  expect(total).toBe(squaresBelow(tasks))

  const began = Date.now()
  await stage.kubectl('annotate', 'dcc/late', '--overwrite', 'cloud.dask.org/restart=now')
  const isBack = async (): Promise<boolean> =>
    (await stage.fleet.workers()).every(({ id }) => id !== worker?.id)
  await stage.until('late', isBack, 90_000)
  const { status } = await stage.settled('late', 90_000)
  expect((await stage.fleet.scheduler()).program).not.toBe(before.program)
  tell(`all serve again ${seconds(began)} after the restart was asked for`)
  expect(reasonsOf(await stage.cluster('late'), 'Stalled', 'UpdatePending')).toEqual([undefined, undefined])
  const address = status.schedulerAddress ?? ''
  expect(await presented(address)).toBe(markOf(good['tls.crt']))
  expect(
    await (await userNow('after')).ask('print(json.dumps(client.submit(lambda x: x + 1, 41).result()))'),
  ).toBe(42)
  await stage.kubectl('delete', 'dcc/late', '--timeout=90s')
})
