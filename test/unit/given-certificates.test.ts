import { afterAll, expect, test } from 'vitest'
import { secretRef } from '../../src/pki/secret.ts'
import { address, aRoom, call, keyOf, place } from '../support/given-room.ts'
import { type AuthorityForm, OpensslRoom } from '../support/openssl-authority.ts'

const room = new OpensslRoom()
afterAll(() => room[Symbol.dispose]())

const dayMs = 86_400_000
const authority = room.authority()

async function provided(texts = authority.leaf()) {
  const made = aRoom()
  await made.give(texts)
  await made.certificates.issue(made.cluster, address, call)
  const look = () => made.certificates.look(made.cluster, address, call)
  return { ...made, look, texts }
}

test('are copied for machines, operator and client, with no key of an authority', async () => {
  const { secrets, certificates, cluster, look, texts } = await provided()
  expect(await look()).toMatchObject({ kind: 'valid', renewAt: Infinity })
  expect([...secrets.keys()].toSorted()).toEqual(
    ['mine', 'demo-client']
      .map(name => `team-a/${name}`)
      .concat(['scheduler', 'worker'].map(role => `ops/dask-${cluster.uid}-${role}`))
      .toSorted(),
  )
  for (const role of ['scheduler', 'worker', 'client'] as const)
    expect(certificates.credential(cluster, role)?.cert).toBe(texts['tls.crt'])
})

test('go on serving while what was to replace them is bad, and make room for what is good', async () => {
  const { certificates, cluster, look, give, pass } = await provided()
  await give(authority.leaf({ days: -1 }))
  expect(await look()).toEqual(expect.not.objectContaining({ concern: expect.anything() }))
  pass(10_000)
  const worried = {
    kind: 'valid',
    concern: { reason: 'SecretInvalid', problem: expect.stringContaining('has expired') },
  }
  expect(await look()).toMatchObject(worried)
  const next = authority.leaf()
  await give(next)
  pass(2_500)
  expect(await look()).toMatchObject({ kind: 'valid', renewAt: -Infinity })
  await certificates.issue(cluster, address, call)
  expect(certificates.credential(cluster, 'worker')?.cert).toBe(next['tls.crt'])
  expect(await look()).toEqual(expect.not.objectContaining({ concern: expect.anything() }))
})

test('that are taken away leave the copies, for as long as these last', async () => {
  const { secrets, look, pass } = await provided(authority.leaf({ days: 30 }))
  secrets.delete('team-a/mine')
  pass(10_000)
  expect(await look()).toMatchObject({ kind: 'valid', concern: { reason: 'SecretNotFound' } })
  pass(30 * dayMs)
  expect(await look()).toMatchObject({
    kind: 'refused',
    reason: 'CertificateExpired',
    problem: expect.stringMatching(
      /^The certificate of scheduler, worker and client has expired at \S+Z\. Secret mine is not there/,
    ),
  })
})

test('that have ended are told by role, and what workers were launched with is remembered once good ones come', async () => {
  const { certificates, cluster, look, give, pass } = await provided(authority.leaf({ days: 1 }))
  expect(await look()).not.toHaveProperty('superseded')
  pass(dayMs - 30_000)
  const soon =
    /^Secret mine, tls\.crt: the certificate of CN=dask \(scheduler, worker, client\) ends at (\S+): /
  const before = await look()
  expect(before).toMatchObject({ concern: { reason: 'ExpiresSoon', problem: expect.stringMatching(soon) } })
  const problem = before.kind === 'valid' ? (before.concern?.problem ?? '') : ''
  const end = Date.parse(soon.exec(problem)?.[1] ?? '')
  // Less than it takes until everything is judged anew by itself.
  pass(31_000)
  const after = await look()
  expect(after).toMatchObject({ kind: 'refused', reason: 'CertificateExpired' })
  expect(after.kind === 'refused' && after.problem).toMatch(
    /CN=dask has expired at \S+Z: have it issued anew$/,
  )
  pass(10_000)
  await give(authority.leaf())
  await certificates.issue(cluster, address, call)
  pass(60_000)
  const [view, again] = [await look(), await look()]
  expect(view).toMatchObject({ kind: 'valid', renewAt: Infinity, superseded: { until: end } })
  expect(again).toEqual(view)
  await give(authority.leaf())
  pass(10_000)
  expect(await look()).toMatchObject({ flaw: expect.stringContaining('no copy of what is given now') })
  await certificates.issue(cluster, address, call)
  const last = await look()
  expect(last.kind === 'valid' && last.superseded?.until).toBeGreaterThan(end)
})

test('of which a copy was spoilt say nothing of what workers were launched with', async () => {
  const { certificates, cluster, look, secrets } = await provided()
  await look()
  const name = keyOf(secretRef('worker', place))
  const copy = secrets.get(name)
  if (copy === undefined) throw new Error('there is no copy')
  secrets.set(name, { ...copy, data: { ...copy.data, 'tls.crt': Buffer.from('spoilt').toString('base64') } })
  await certificates.issue(cluster, address, call)
  const view = await look()
  expect(view).toMatchObject({ kind: 'valid', renewAt: Infinity })
  expect(view).not.toHaveProperty('superseded')
})

test('of one role that have ended are told of that role alone, and a scheduler that shows what it had is known still', async () => {
  const tls = { kind: 'provided', secrets: { scheduler: 's', worker: 'w', client: 'c' } } as const
  const { certificates, cluster, give, pass, secrets } = aRoom(tls)
  const put = async (worker: AuthorityForm) => {
    for (const name of ['s', 'w', 'c'])
      await give(authority.leaf(name === 'w' ? worker : {}), undefined, name)
  }
  await put({ days: 1 })
  pass(10_000)
  await certificates.issue(cluster, address, call)
  const [print] = certificates.prints(cluster)
  expect(secrets.size).toBe(6)
  pass(dayMs + 10_000)
  const view = await certificates.look(cluster, address, call)
  expect(view.kind === 'refused' && view.problem).toMatch(/^The certificate of worker has expired at/)
  await put({})
  pass(10_000)
  await certificates.look(cluster, address, call)
  await certificates.issue(cluster, address, call)
  expect(certificates.prints(cluster)).toHaveLength(2)
  expect(certificates.prints(cluster)).toContain(print)
})

test('that cannot be read any more serve on, and after minutes that is said', async () => {
  const { look, pass, shut } = await provided()
  await look()
  shut(true)
  for (const ms of [10_000, 100_000]) {
    pass(ms)
    expect(await look()).not.toHaveProperty('concern')
  }
  pass(100_000)
  const problem = expect.stringMatching(/Secret mine cannot be read: no right to get secrets/)
  expect(await look()).toMatchObject({ kind: 'valid', concern: { reason: 'Unreadable', problem } })
  shut(false)
  pass(10_000)
  expect(await look()).not.toHaveProperty('concern')
})

test('say that they end once two thirds of their time are over', async () => {
  const { look, pass } = await provided(authority.leaf({ days: 30 }))
  pass(19 * dayMs)
  expect(await look()).not.toHaveProperty('concern')
  pass(2 * dayMs)
  expect(await look()).toMatchObject({ kind: 'valid', concern: { reason: 'ExpiresSoon' } })
})

test('are not used without their mark, whatever they are', async () => {
  const { certificates, cluster, give, secrets } = aRoom()
  await give(authority.leaf(), {})
  expect(await certificates.look(cluster, address, call)).toMatchObject({
    kind: 'refused',
    reason: 'SecretNotLabelled',
  })
  await certificates.issue(cluster, address, call)
  expect([...secrets.keys()]).toEqual(['team-a/mine'])
})

test('never take the place of a stranger’s Secret', async () => {
  const texts = authority.leaf()
  const { certificates, cluster, give, secrets } = aRoom()
  await give(texts)
  const worker = secretRef('worker', place)
  const mineNow = secrets.get('team-a/mine')
  if (mineNow === undefined) throw new Error('nothing was given')
  secrets.set(keyOf(worker), { ...mineNow, metadata: { ...mineNow.metadata, ...worker } })
  await expect(certificates.issue(cluster, address, call)).rejects.toThrow(/is not this cluster's/)
  expect(await certificates.look(cluster, address, call)).toEqual({ kind: 'foreign', secret: keyOf(worker) })
})

test('are all gone after the cluster, and those that were given stay', async () => {
  const { certificates, cluster, secrets } = await provided()
  const deleting = { ...cluster, phase: 'deleting' as const }
  expect((await certificates.look(deleting, address, call)).kind).toBe('broken')
  await certificates.remove(deleting, call)
  expect([...secrets.keys()]).toEqual(['team-a/mine'])
  expect(await certificates.look(deleting, address, call)).toEqual({ kind: 'removed' })
})

test('of a cluster without TLS there is where the scheduler is, and nothing else', async () => {
  const { certificates, cluster, secrets } = aRoom({ kind: 'disabled' })
  expect((await certificates.look(cluster, address, call)).kind).toBe('missing')
  await certificates.issue(cluster, 'tcp://203.0.113.7:8786', call)
  const found = [...secrets].map(([name, { data }]) => [name, Object.keys(data)])
  expect(found).toEqual([['team-a/demo-client', ['dask.yaml']]])
  const yaml = Buffer.from(secrets.get('team-a/demo-client')?.data['dask.yaml'] ?? '', 'base64').toString()
  expect(yaml).toBe(
    'scheduler-address: "tcp://203.0.113.7:8786"\ndistributed:\n  comm:\n    require-encryption: false\n',
  )
})
