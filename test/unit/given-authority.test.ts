import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, test } from 'vitest'
import type { Presented } from '../../src/app/certificates-options.ts'
import type { RotationStep } from '../../src/model/action.ts'
import { type SecretPart, secretRef } from '../../src/pki/secret.ts'
import { address, aRoom, call, keyOf, place } from '../support/given-room.ts'
import { authorityExtensions, OpensslRoom, type Texts } from '../support/openssl-authority.ts'

const room = new OpensslRoom()
afterAll(() => room[Symbol.dispose]())

const [before, after] = [room.authority(), room.authority()]
const [old, next] = [before.leaf(), after.leaf()]
const both = (one: Texts, other: Texts): Texts => ({ ...one, 'ca.crt': one['ca.crt'] + other['ca.crt'] })
const blocks = (text: string): readonly string[] => text.split(/(?<=-----END CERTIFICATE-----\n)/).toSorted()
const trusts = (...all: readonly Texts[]) => all.map(texts => texts['ca.crt']).toSorted()

const copyOf = (part: SecretPart) => keyOf(secretRef(part, place))

/** A cluster that has copies of what it was given. */
async function aCopied(texts = old) {
  const made = aRoom()
  const { certificates, cluster } = made
  const look = () => certificates.look(cluster, address, call)
  const issue = (step?: RotationStep) =>
    certificates.issue(cluster, address, call, step && { step, asked: { leaves: '', authority: '' } })
  const shown = (role: 'scheduler' | 'worker' | 'client'): Presented => {
    const credential = certificates.credential(cluster, role)
    if (credential === undefined) throw new Error(`there is no copy of the ${role}'s`)
    return credential
  }
  const give = async (given: Texts) => {
    await made.give(given)
    made.pass(10_000)
  }
  await give(texts)
  await look()
  await issue()
  return { ...made, look, issue, shown, give }
}
type Copied = Awaited<ReturnType<typeof aCopied>>

const holds = ({ shown }: Copied) =>
  (['scheduler', 'worker', 'client'] as const).map(role => ({
    leaf: shown(role).cert,
    ca: blocks(shown(role).ca),
  }))
const allHold = (leaf: Texts, ...trusted: readonly Texts[]) =>
  ['scheduler', 'worker', 'client'].map(() => ({ leaf: leaf['tls.crt'], ca: trusts(...trusted) }))

/** Whoever holds the copies of before and whoever holds those of now take one another. */
function expectTalk(one: Presented, other: Presented): void {
  for (const [a, b] of [
    [one, other],
    [other, one],
  ] as const)
    expect(room.accepts({ 'ca.crt': a.ca, 'tls.crt': b.cert, 'tls.key': '' })).toBe(true)
}

describe('an authority that is replaced in one go', () => {
  test('is made known first, then signs, and then the one before goes: at no time are two strangers', async () => {
    const cluster = await aCopied()
    const { look, issue, shown } = cluster
    const first = shown('scheduler')
    await cluster.give(next)
    expect(await look()).toMatchObject({ kind: 'valid', renewAt: -Infinity })
    await issue()
    expect(holds(cluster)).toEqual(allHold(old, old, next))
    const introduced = shown('scheduler')
    expectTalk(first, introduced)
    expect(await look()).toMatchObject({ kind: 'valid', renewAt: Infinity, stage: { kind: 'introducing' } })
    for (const step of [undefined, 'drop-authority'] as const) await issue(step)
    expect(holds(cluster)).toEqual(allHold(old, old, next))
    await issue('change-authority')
    expect(holds(cluster)).toEqual(allHold(next, old, next))
    expectTalk(introduced, shown('scheduler'))
    expect(await look()).toMatchObject({ kind: 'valid', stage: { kind: 'leaving' } })
    for (const step of [undefined, 'change-authority'] as const) await issue(step)
    expect(holds(cluster)).toEqual(allHold(next, old, next))
    const changed = shown('scheduler')
    await issue('drop-authority')
    expect(holds(cluster)).toEqual(allHold(next, next))
    expectTalk(changed, shown('scheduler'))
    expect(await look()).not.toHaveProperty('stage')
  })

  test('is not brought on by what is bad, and the copies are told where the scheduler is all the same', async () => {
    const cluster = await aCopied()
    const { look, issue, certificates, secrets } = cluster
    await cluster.give(next)
    await look()
    await issue()
    await cluster.give(after.leaf({ days: -1 }))
    const view = await look()
    expect(view).toMatchObject({ concern: { reason: 'SecretInvalid' }, marks: expect.anything() })
    expect(view).not.toHaveProperty('stage')
    await issue('change-authority')
    expect(holds(cluster)).toEqual(allHold(old, old, next))
    const moved = 'tls://203.0.113.8:8786'
    expect(await certificates.look(cluster.cluster, moved, call)).toMatchObject({ renewAt: -Infinity })
    await certificates.issue(cluster.cluster, moved, call)
    const yaml = secrets.get(copyOf('client'))?.data['dask.yaml'] ?? ''
    expect(Buffer.from(yaml, 'base64').toString()).toContain(moved)
    expect(await certificates.look(cluster.cluster, moved, call)).toMatchObject({ renewAt: Infinity })
  })

  test('survives that a client’s Secret is deleted in the middle', async () => {
    const cluster = await aCopied()
    const { look, issue, secrets, pass } = cluster
    await cluster.give(next)
    await look()
    await issue()
    await look()
    secrets.delete(copyOf('client'))
    pass(10_000)
    expect(await look()).toMatchObject({ kind: 'valid', renewAt: -Infinity })
    await issue()
    await look()
    expect(holds(cluster)).toEqual(allHold(old, old, next))
  })

  test('that is replaced again is trusted until machines have what came last', async () => {
    const cluster = await aCopied()
    const { look, issue } = cluster
    await cluster.give(next)
    await issue()
    const last = room.authority().leaf()
    await cluster.give(last)
    await issue('change-authority')
    expect(holds(cluster)).toEqual(allHold(old, old, next, last))
    await issue('change-authority')
    expect(holds(cluster)).toEqual(allHold(last, old, next, last))
    await issue('drop-authority')
    expect(holds(cluster)).toEqual(allHold(last, last))
    expect(await look()).not.toHaveProperty('stage')
  })

  test('and taken back is dropped again', async () => {
    const cluster = await aCopied()
    const { look, issue } = cluster
    await cluster.give(next)
    await issue()
    await cluster.give(old)
    expect(await look()).toMatchObject({ stage: { kind: 'introducing' } })
    await issue('change-authority')
    expect(await look()).toMatchObject({ stage: { kind: 'leaving' } })
    await issue('drop-authority')
    expect(holds(cluster)).toEqual(allHold(old, old))
  })

  test('waits where both are more than fit', async () => {
    const many = Array.from({ length: 9 }, () => ({ ...old, 'ca.crt': room.authority().own.certificate }))
    const cluster = await aCopied(many.reduce(both, old))
    await cluster.give(next)
    expect(await cluster.look()).toMatchObject({
      kind: 'valid',
      concern: {
        reason: 'SecretInvalid',
        problem: expect.stringMatching(/^Secret mine, ca\.crt: .* are 11 certificates together/),
      },
    })
    await cluster.issue()
    expect(holds(cluster)).toEqual(allHold(old, old, ...many))
  })
})

test('one more authority is made known before anybody shows a certificate of it', async () => {
  const cluster = await aCopied()
  const { look, issue } = cluster
  await cluster.give(both(old, next))
  await issue()
  await cluster.give(both(next, old))
  await issue()
  expect(holds(cluster)).toEqual(allHold(old, old, next))
  expect(await look()).toMatchObject({ stage: { kind: 'introducing' } })
  await issue('change-authority')
  expect(holds(cluster)).toEqual(allHold(next, old, next))
  expect(await look()).not.toHaveProperty('stage')
})

test('a certificate of the same authority takes the place of another at once', async () => {
  const cluster = await aCopied()
  const newer = before.leaf()
  await cluster.give(newer)
  await cluster.issue()
  expect(holds(cluster)).toEqual(allHold(newer, old))
  expect(await cluster.look()).not.toHaveProperty('stage')
  // The scheduler shows the one from before until it has taken this one.
  const prints = [newer, old].map(texts => new X509Certificate(texts['tls.crt']).fingerprint256)
  expect(cluster.certificates.prints(cluster.cluster)).toEqual(prints)
})

test('copies that do not take one another tell machines nothing of what they are to hold', async () => {
  const { look, secrets, shown, certificates, cluster } = await aCopied()
  await look()
  const copy = secrets.get(copyOf('worker'))
  if (copy === undefined) throw new Error('there is no copy of the worker’s')
  const strange = Object.entries(next).map(([key, text]) => [key, Buffer.from(text).toString('base64')])
  secrets.set(copyOf('worker'), {
    ...copy,
    metadata: { ...copy.metadata, resourceVersion: 'torn' },
    data: Object.fromEntries(strange),
  })
  const view = await look()
  expect(view).toMatchObject({ kind: 'valid', renewAt: -Infinity })
  expect(view).not.toHaveProperty('marks')
  await certificates.issue(cluster, address, call)
  expect(shown('worker').cert).toBe(old['tls.crt'])
})

test.each([
  {
    given: 'a machine’s certificate',
    stranger: () => before.leaf({ subject: '/CN=astray' })['tls.crt'],
    name: 'astray',
  },
  {
    given: 'an authority that may not sign',
    stranger: () => {
      const others = authorityExtensions.filter(each => !each.startsWith('keyUsage'))
      const extensions = [...others, 'keyUsage=critical,cRLSign']
      return room.authority({ subject: '/CN=unable', extensions }).own.certificate
    },
    name: 'unable',
  },
])('$given in ca.crt, which no machine would ever tell of, is refused', async ({ stranger, name }) => {
  const { give, look, issue, ...cluster } = await aCopied()
  await give({ ...next, 'ca.crt': next['ca.crt'] + stranger() })
  const problem = `Secret mine, ca.crt: the certificate of CN=${name} is no certificate authority`
  expect(await look()).toMatchObject({
    kind: 'valid',
    concern: { reason: 'SecretInvalid', problem: expect.stringContaining(problem) },
  })
  await issue()
  expect(cluster.shown('worker').ca).toBe(old['ca.crt'])
})
