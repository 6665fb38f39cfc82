import { describe, expect, test } from 'vitest'
import { Certificates } from '../../src/app/certificates.ts'
import type { SecretStore } from '../../src/app/certificates-options.ts'
import { installationId } from '../../src/model/names.ts'
import { type Secret, type SecretRef, secretRef } from '../../src/pki/secret.ts'
import type { StoredSecret } from '../../src/pki/stored.ts'
import { UnclearWrite } from '../../src/reconcile/ports.ts'
import { aCluster, now } from '../support/a-world.ts'
import { nothingGiven } from '../support/nothing-given.ts'

const call = { signal: new AbortController().signal }
const cluster = aCluster({})
const address = 'tls://203.0.113.7:8786'
const installation = installationId('ours')
const place = {
  identity: cluster,
  operatorNamespace: 'ops',
  installation,
  owner: { apiVersion: 'x/v1', kind: 'X' },
}
const nameOf = ({ namespace, name }: SecretRef): string => `${namespace}/${name}`

/** Secrets by name, and what was written. */
function aStore() {
  const secrets = new Map<string, StoredSecret>()
  const written: string[] = []
  const clock = { now }
  const store: SecretStore = {
    own: name => secrets.get(`ops/${name}`),
    get: async ref => secrets.get(nameOf(ref)),
    put: async (secret: Secret) => {
      secrets.set(nameOf(secret.metadata), secret)
      written.push(nameOf(secret.metadata))
      return secret
    },
    remove: async ref => void secrets.delete(nameOf(ref)),
  }
  const options = { store, operatorNamespace: 'ops', installation, now: () => clock.now, given: nothingGiven }
  return {
    secrets,
    written,
    clock,
    store,
    certificates: new Certificates(options),
    restarted: () => new Certificates(options),
  }
}

const authority = nameOf(secretRef('authority', place))
const worker = nameOf(secretRef('worker', place))
const client = nameOf(secretRef('client', place))

describe('certificates', () => {
  test('are made once: keys in the operator’s namespace, the client’s beside the cluster', async () => {
    const { certificates, secrets, written } = aStore()
    expect((await certificates.look(cluster, address, call)).kind).toBe('missing')
    await certificates.issue(cluster, address, call)
    await certificates.issue(cluster, address, call)
    expect(written).toHaveLength(4)
    expect([...secrets.keys()].filter(name => !name.startsWith('ops/'))).toEqual(['team-a/demo-client'])
    expect((await certificates.look(cluster, address, call)).kind).toBe('valid')
  })

  test('are there for browsers while the dashboard is exposed, and the others stay as they were', async () => {
    const { certificates, secrets, written } = aStore()
    await certificates.issue(cluster, address, call)
    await certificates.look(cluster, address, call)
    const before = secrets.get(client)?.data
    const exposed = { ...cluster, dashboard: { isExposed: true } }
    expect((await certificates.look(exposed, address, call)).kind).toBe('broken')
    await certificates.issue(exposed, address, call)
    expect(await certificates.look(exposed, address, call)).toMatchObject({ kind: 'valid' })
    expect(secrets.get(client)?.data).toMatchObject({ ...before, 'client.p12': expect.any(String) })
    expect((await certificates.look(cluster, address, call)).kind).toBe('broken')
    await certificates.issue(cluster, address, call)
    expect(await certificates.look(cluster, address, call)).toMatchObject({ kind: 'valid' })
    expect(secrets.get(client)?.data).toEqual(before)
    expect(written.slice(4)).toEqual([client, client])
  })

  test('row 28: a deleted authority comes back as it was, and no leaf is made anew', async () => {
    const { certificates, secrets, written } = aStore()
    await certificates.issue(cluster, address, call)
    await certificates.look(cluster, address, call)
    const [before, leaf] = [secrets.get(authority)?.data, secrets.get(worker)?.data]
    secrets.delete(authority)
    expect((await certificates.look(cluster, address, call)).kind).toBe('broken')
    await certificates.issue(cluster, address, call)
    expect([secrets.get(authority)?.data, secrets.get(worker)?.data]).toEqual([before, leaf])
    expect(written).toHaveLength(5)
  })

  test('row 28: an edited leaf is made anew by the same authority', async () => {
    const { certificates, secrets } = aStore()
    await certificates.issue(cluster, address, call)
    await certificates.look(cluster, address, call)
    const before = secrets.get(authority)?.data
    secrets.set(worker, { ...secrets.get(worker), data: { 'tls.crt': 'bm9uc2Vuc2U=' } })
    await certificates.issue(cluster, address, call)
    expect(secrets.get(authority)?.data).toEqual(before)
    expect((await certificates.look(cluster, address, call)).kind).toBe('valid')
  })

  test('a Secret of somebody else is never overwritten, and what is wrong names it', async () => {
    const { certificates, secrets } = aStore()
    const theirs = { metadata: { labels: { app: 'theirs' } }, data: { secret: 'dGhlaXJz' } }
    secrets.set(client, theirs)
    expect(await certificates.look(cluster, address, call)).toEqual({ kind: 'foreign', secret: client })
    await expect(certificates.issue(cluster, address, call)).rejects.toThrow('not this cluster')
    expect(secrets.get(client)).toBe(theirs)
    await certificates.remove(cluster, call)
    expect(secrets.get(client)).toBe(theirs)
  })

  test('a tenant’s Secret is read again after ten seconds, and every three while something is wrong', async () => {
    const { certificates, secrets, clock } = aStore()
    await certificates.issue(cluster, address, call)
    await certificates.look(cluster, address, call)
    secrets.delete(client)
    clock.now += 9_000
    expect((await certificates.look(cluster, address, call)).kind).toBe('valid')
    clock.now += 1_000
    expect((await certificates.look(cluster, address, call)).kind).toBe('broken')
    await certificates.issue(cluster, address, call)
    expect((await certificates.look(cluster, address, call)).kind).toBe('valid')
  })

  test('are renewed when two thirds of their life are over, under the same authority', async () => {
    const { restarted, secrets, clock } = aStore()
    await restarted().issue(cluster, address, call)
    const before = secrets.get(authority)?.data
    const view = await restarted().look(cluster, address, call)
    if (view.kind !== 'valid') throw new Error('not valid')
    clock.now = view.renewAt + 1
    await restarted().issue(cluster, address, call)
    const after = await restarted().look(cluster, address, call)
    expect(after.kind === 'valid' && after.renewAt > view.renewAt).toBe(true)
    expect(secrets.get(authority)?.data).toEqual(before)
  })

  test('that a watch does not show yet are found by the write, and stay as they are', async () => {
    const { certificates, secrets, store } = aStore()
    await certificates.issue(cluster, address, call)
    const before = new Map(secrets)
    const put: SecretStore['put'] = async (secret, expected, limit) => {
      if (expected === undefined && secrets.has(nameOf(secret.metadata))) throw new UnclearWrite('409')
      return store.put(secret, expected, limit)
    }
    const blind = { ...store, own: () => undefined, put }
    const other = new Certificates({
      store: blind,
      operatorNamespace: 'ops',
      installation,
      now: () => now,
      given: nothingGiven,
    })
    await expect(other.issue(cluster, address, call)).rejects.toThrow(UnclearWrite)
    expect(secrets).toEqual(before)
    await other.issue(cluster, address, call)
    expect(secrets).toEqual(before)
  })

  test('are none of them under way any more when one of them could not be written', async () => {
    const { secrets, store } = aStore()
    const put: SecretStore['put'] = async (secret, expected, limit) => {
      if (nameOf(secret.metadata) === worker) throw new UnclearWrite('503')
      await new Promise(resolve => setImmediate(resolve))
      return store.put(secret, expected, limit)
    }
    const options = { operatorNamespace: 'ops', installation, now: () => now, given: nothingGiven }
    const certificates = new Certificates({ ...options, store: { ...store, put } })
    await expect(certificates.issue(cluster, address, call)).rejects.toThrow(UnclearWrite)
    expect(secrets.size).toBe(3)
    await new Certificates({ ...options, store }).issue(cluster, address, call)
    expect((await new Certificates({ ...options, store }).look(cluster, address, call)).kind).toBe('valid')
  })

  test('go with the cluster', async () => {
    const { certificates, secrets } = aStore()
    await certificates.issue(cluster, address, call)
    await certificates.remove(cluster, call)
    expect(secrets.size).toBe(0)
    expect(await certificates.look(aCluster({ phase: 'deleting' }), address, call)).toEqual({
      kind: 'removed',
    })
  })
})
