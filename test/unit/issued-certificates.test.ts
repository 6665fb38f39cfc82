import { afterAll, expect, test } from 'vitest'
import type { RotationStep } from '../../src/model/action.ts'
import type { IssuerRef } from '../../src/model/cluster.ts'
import { address, aRoom, call } from '../support/given-room.ts'
import { OpensslRoom, type Texts } from '../support/openssl-authority.ts'

const room = new OpensslRoom()
afterAll(() => room[Symbol.dispose]())

const [old, next] = [room.authority().leaf(), room.authority().leaf()]
const roles = ['scheduler', 'worker', 'client'] as const
const team: IssuerRef = { name: 'team', kind: 'Issuer', group: 'cert-manager.io' }

/** A cluster for which cert-manager is asked. */
function anIssued() {
  const made = aRoom({ kind: 'issuer', issuer: team })
  const { certificates, cluster, pass, asked } = made
  return {
    ...made,
    look: (issuer = team) =>
      certificates.look({ ...cluster, tls: { kind: 'issuer', issuer } }, address, call),
    issue: (step?: RotationStep, issuer = team) =>
      certificates.issue(
        { ...cluster, tls: { kind: 'issuer', issuer } },
        address,
        call,
        step && { step, asked: { leaves: '', authority: '' } },
      ),
    give: async (role: string, texts: Texts) => {
      await made.give(texts, undefined, `demo-${role}-tls`)
      pass(10_000)
    },
    /** What cert-manager says of the worker's. */
    tell: (said: object) => {
      const [name, certificate] = [...asked].find(([each]) => each.endsWith('worker-tls')) ?? []
      if (name === undefined || certificate === undefined) throw new Error('nobody was asked')
      asked.set(name, { ...certificate, ...said })
      pass(60_000)
    },
  }
}

test('are renewed one by one: while their authority becomes another, both are trusted', async () => {
  const { give, issue, look, certificates, cluster } = anIssued()
  await issue()
  for (const role of roles) await give(role, old)
  await issue()
  await give('worker', next)
  expect(await look()).toEqual(expect.not.objectContaining({ concern: expect.anything() }))
  await issue()
  await issue('change-authority')
  expect(certificates.credential(cluster, 'worker')?.cert).toBe(next['tls.crt'])
  expect(certificates.credential(cluster, 'scheduler')?.cert).toBe(old['tls.crt'])
  for (const role of roles) await give(role, next)
  await issue()
  await issue('drop-authority')
  const wanted = { ca: next['ca.crt'], cert: next['tls.crt'] }
  for (const role of roles) expect(certificates.credential(cluster, role)).toMatchObject(wanted)
  expect(await look()).not.toHaveProperty('stage')
})

test('are asked of another issuer as soon as the cluster names that one', async () => {
  const { give, issue, look, asked, tell } = anIssued()
  await issue()
  for (const role of roles) await give(role, old)
  await issue()
  const other = { ...team, name: 'other', kind: 'ClusterIssuer' }
  expect(await look(other)).toMatchObject({ kind: 'valid', renewAt: -Infinity })
  await issue(undefined, other)
  expect([...asked.values()].map(({ issuer }) => issuer)).toEqual(
    roles.map(() => 'cert-manager.io/ClusterIssuer/other'),
  )
  expect(await look(other)).toMatchObject({ kind: 'valid', renewAt: Infinity })
  tell({ ready: { isTrue: false, message: 'Secret was issued by another' } })
  expect(await look(other)).toMatchObject({
    kind: 'valid',
    concern: { reason: 'Awaited', problem: 'cert-manager says: Secret was issued by another' },
  })
})

test('that do not come are said to be late in cert-manager’s words, those of the last attempt first', async () => {
  const { give, issue, look, tell } = anIssued()
  expect(await look()).toMatchObject({ kind: 'missing' })
  await issue()
  expect(await look()).toMatchObject({ kind: 'awaited', problem: 'cert-manager has not answered yet' })
  const ready = { isTrue: false, message: 'Secret does not exist' }
  tell({ ready })
  expect(await look()).toMatchObject({
    kind: 'awaited',
    problem: 'cert-manager says: Secret does not exist',
  })
  tell({ ready, issuing: { isTrue: false, message: 'the issuer refused' } })
  expect(await look()).toMatchObject({ kind: 'awaited', problem: 'cert-manager says: the issuer refused' })
  for (const role of roles) await give(role, old)
  await issue()
  const concern = { reason: 'Awaited', problem: 'cert-manager says: the issuer refused' }
  expect(await look()).toMatchObject({ kind: 'valid', concern })
  tell({ ready: { isTrue: true, message: '' }, issuing: undefined })
  expect(await look()).not.toHaveProperty('concern')
})
