import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'

import { Certificates } from '../../src/app/certificates.ts'
import type { SecretStore } from '../../src/app/certificates-options.ts'
import type { RotationStep } from '../../src/model/action.ts'
import { installationId } from '../../src/model/names.ts'
import { leafRoles } from '../../src/pki/identity.ts'
import { type SecretPart, type SecretRef, secretParts, secretRef } from '../../src/pki/secret.ts'
import { type StoredSecret, textIn } from '../../src/pki/stored.ts'
import { markOf } from '../../src/pki/stored-rotation.ts'
import { UnclearWrite } from '../../src/reconcile/ports.ts'
import { aCluster, now } from '../support/a-world.ts'
import { nothingGiven } from '../support/nothing-given.ts'

const call = { signal: new AbortController().signal }
const cluster = aCluster({})
const exposed = { ...cluster, dashboard: { isExposed: true } }
const address = 'tls://203.0.113.7:8786'
const installation = installationId('ours')
const owner = { apiVersion: 'x/v1', kind: 'X' }
const place = { identity: cluster, operatorNamespace: 'ops', installation, owner }
const nameOf = ({ namespace, name }: SecretRef): string => `${namespace}/${name}`
const day = 86_400_000

/** For a key that nobody keeps. */
const request = (): string =>
  execFileSync(
    'openssl',
    'req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=x'.split(' '),
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )

/** One cluster’s certificates, made and good; `refuse` has the write of a part fail. */
async function aCase(whose = cluster) {
  const secrets = new Map<string, StoredSecret>()
  const state: {
    now: number
    refused: SecretPart | undefined
    mutate: (stored: StoredSecret) => StoredSecret
  } = {
    now,
    refused: undefined,
    mutate: stored => stored,
  }
  const store: SecretStore = {
    own: name => secrets.get(`ops/${name}`),
    get: async ref => secrets.get(nameOf(ref)),
    put: async secret => {
      if (state.refused !== undefined && secret.metadata.name === secretRef(state.refused, place).name)
        throw new UnclearWrite('503')
      const stored = state.mutate(secret)
      secrets.set(nameOf(secret.metadata), stored)
      return stored
    },
    remove: async ref => void secrets.delete(nameOf(ref)),
  }
  const options = { store, operatorNamespace: 'ops', installation, now: () => state.now, given: nothingGiven }
  const certificates = new Certificates(options)
  await certificates.issue(whose, address, call)
  await certificates.look(whose, address, call)
  const secret = (part: SecretPart) => secrets.get(nameOf(secretRef(part, place)))
  const view = async () => {
    const found = await new Certificates(options).look(whose, address, call)
    if (found.kind !== 'valid' || found.rotation === undefined) throw new Error(JSON.stringify(found))
    return found.rotation
  }
  return {
    state,
    certificates,
    restarted: () => new Certificates(options),
    text: (part: SecretPart, key: string) => textIn(secret(part), key),
    all: () => JSON.stringify(secretParts.map(part => secret(part)?.data)),
    take: async (step: RotationStep, value = 'one') => {
      state.now += day
      const asked = { leaves: value, authority: value }
      await certificates.issue(whose, address, call, { step, asked })
      return view()
    },
    view,
    spoil: (part: SecretPart, key: string) => {
      const spoilt = secret(part)
      const data = { ...spoilt?.data, [key]: 'bm9uc2Vuc2U=' }
      secrets.set(nameOf(secretRef(part, place)), { ...spoilt, data })
    },
  }
}

test('a cluster whose certificates were only ever renewed in time keeps its Secrets as they were', async () => {
  const { text, view } = await aCase()
  expect(text('authority', 'rotation.json')).toBe('')
  expect(await view()).toMatchObject({ stage: { kind: 'settled' }, heard: { leaves: '', authority: '' } })
})

test('all leaves are made anew on request, by the same authority, and the request is heard', async () => {
  const { text, take, certificates } = await aCase()
  const before = leafRoles.map(role => text(role, 'tls.key'))
  const ca = text('authority', 'ca.crt')
  const { heard, leavesFrom, launchedWith } = await take('renew-leaves')
  const after = leafRoles.map(role => text(role, 'tls.key'))
  expect(after.filter(key => before.includes(key))).toEqual([])
  expect(text('client', 'ca.crt')).toBe(ca)
  expect(heard).toEqual({ leaves: 'one', authority: '' })
  expect(launchedWith.worker.notBefore).toBe(leavesFrom)
  expect((await certificates.look(cluster, address, call)).kind).toBe('valid')
})

test('the authority is rolled in three steps, with two that are trusted in between', async () => {
  const { text, take } = await aCase()
  const old = text('authority', 'ca.crt')
  const leaf = text('worker', 'tls.crt')
  const introduced = await take('introduce-authority')
  const next = text('authority', 'next.crt')
  expect(introduced.stage.kind).toBe('introducing')
  expect(introduced.authorities).toEqual([markOf(old), markOf(next)].toSorted())
  expect(text('client', 'ca.crt')).toBe(`${old}${next}`)
  expect(text('worker', 'tls.crt')).toBe(leaf)
  const changed = await take('change-authority')
  expect(changed.stage.kind).toBe('leaving')
  expect(text('authority', 'ca.crt')).toBe(next)
  expect(text('authority', 'next.key')).toBe('')
  expect(text('client', 'ca.crt')).toBe(`${next}${old}`)
  for (const role of leafRoles)
    expect(new X509Certificate(text(role, 'tls.crt')).verify(new X509Certificate(next).publicKey)).toBe(true)
  const dropped = await take('drop-authority')
  expect(dropped).toMatchObject({ stage: { kind: 'settled' }, authorities: [markOf(next)] })
  expect(text('client', 'ca.crt')).toBe(next)
  expect(text('authority', 'previous.crt')).toBe('')
})

test('with two authorities, what browsers import is good to the next look as well', async () => {
  const { text, take } = await aCase(exposed)
  const steps = ['introduce-authority', 'change-authority', 'drop-authority'] as const
  const files: string[] = []
  for (const step of steps) {
    // Whatever is not good to a look has no rotation, and that is an error here.
    await take(step)
    files.push(text('client', 'client.p12'))
  }
  expect(new Set(files).size).toBe(steps.length)
})

test('what somebody changes as it is written is an error that says so, and is no reason to write for ever', async () => {
  const { state, certificates, take } = await aCase(exposed)
  await take('renew-leaves')
  state.mutate = ({ data, ...secret }) => {
    const { 'client.p12': _stripped, ...kept } = data ?? {}
    return { ...secret, data: kept }
  }
  await expect(take('introduce-authority')).rejects.toThrow(
    'The Secrets are not as they were written: the Secret team-a/demo-client: client.p12 is not its present certificate and key. Look for an admission webhook that changes Secrets.',
  )
  state.mutate = stored => stored
  await certificates.issue(exposed, address, call)
  expect((await certificates.look(exposed, address, call)).kind).toBe('valid')
})

test('a step that is not the next one changes nothing but what was heard', async () => {
  const { take, text, all } = await aCase()
  await take('introduce-authority')
  const [before, next] = [all(), text('authority', 'next.crt')]
  await take('introduce-authority')
  expect(text('authority', 'next.crt')).toBe(next)
  expect(all()).toBe(before)
})

test.each(['authority', 'worker', 'client'] as const)(
  'a step whose write of the %s was lost is taken again, and what there is stays usable',
  async part => {
    const { state, certificates, take, text } = await aCase()
    await take('introduce-authority')
    await certificates.look(cluster, address, call)
    state.refused = part
    await expect(take('change-authority')).rejects.toThrow(UnclearWrite)
    state.refused = undefined
    await certificates.issue(cluster, address, call)
    const view = await certificates.look(cluster, address, call)
    expect(view.kind).toBe('valid')
    await take('change-authority')
    expect(text('client', 'ca.crt').match(/BEGIN/g)).toHaveLength(2)
  },
)

test('an authority that signs stays, although a client’s Secret cannot be written', async () => {
  const { state, certificates, take, text } = await aCase()
  await take('introduce-authority')
  await certificates.look(cluster, address, call)
  const next = text('authority', 'next.crt')
  state.refused = 'client'
  await expect(take('change-authority')).rejects.toThrow(UnclearWrite)
  await certificates.look(cluster, address, call)
  await expect(certificates.issue(cluster, address, call)).rejects.toThrow(UnclearWrite)
  expect(text('authority', 'ca.crt')).toBe(next)
})

test('leaves are new to whoever asked for them, although the clock was put back since', async () => {
  const { state, take, restarted, certificates, text } = await aCase()
  const { leavesFrom } = await take('renew-leaves')
  state.now -= 600_000
  const again = await take('introduce-authority')
  state.now -= day
  expect(again.leavesFrom).toBe(leavesFrom)
  const signer = certificates.signer(cluster)
  const leaf = new X509Certificate(signer?.certify(request(), 'worker', state.now) ?? '')
  expect(leaf.validFromDate.getTime()).toBeGreaterThanOrEqual(leavesFrom)
  await restarted().issue(cluster, address, call)
  expect(new X509Certificate(text('worker', 'tls.crt')).validFromDate.getTime()).toBeGreaterThanOrEqual(
    leavesFrom,
  )
})

test('what somebody has spoilt of it counts as never begun: the request is heard again', async () => {
  const { take, spoil, restarted, text, view } = await aCase()
  await take('introduce-authority')
  const ca = text('authority', 'ca.crt')
  spoil('authority', 'next.key')
  const after = restarted()
  expect((await after.look(cluster, address, call)).kind).toBe('broken')
  await after.issue(cluster, address, call)
  expect(await view()).toMatchObject({ stage: { kind: 'settled' }, heard: { authority: '' } })
  expect(text('client', 'ca.crt')).toBe(ca)
})

test('who signs for machines has the authority’s key and trusts what the Secrets say', async () => {
  const { take, certificates, text, spoil } = await aCase()
  await take('introduce-authority')
  expect(certificates.signer(cluster)?.trust).toBe(text('client', 'ca.crt'))
  spoil('authority', 'ca.key')
  expect(certificates.signer(cluster)).toBeUndefined()
})
