import { expect, test } from 'vitest'
import { finalizer, inUseFinalizer, purpose } from '../../src/api/names.ts'
import { isKubeError } from '../../src/kube/fault.ts'
import { parseSecret, type StoredSecret } from '../../src/kube/secrets.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import type { OperatorProcess } from '../support/operator.ts'
import type { OperatorRoom } from '../support/operator-room.ts'
import { metricOf, ownRoom } from '../support/own-room.ts'
import { healthPort, scraped } from '../support/scrape.ts'

const plane = controlPlane()
const labels = { [purpose.label]: purpose.credentials }
const call = () => ({ signal: AbortSignal.timeout(30_000) })
const credentialsSecretRef = { name: 'token' }

const rehearsing = (room: OperatorRoom): OperatorProcess => {
  room.rehearse([])
  return room.operator({ settings: { 'simulated-faults': room.faultsFile } })
}

/** The tenant's Secret, written and read as its user does. */
function secretOf({ kube, namespaces }: OperatorRoom) {
  const path = `/api/v1/namespaces/${namespaces.tenant}/secrets`
  const contentType = 'application/merge-patch+json'
  return {
    create: (stringData: object, metadata: object = { labels }) =>
      kube.request(
        { method: 'POST', path, body: { metadata: { name: 'token', ...metadata }, stringData } },
        call(),
      ),
    patch: (body: object) =>
      kube.request({ method: 'PATCH', path: `${path}/token`, contentType, body }, call()),
    remove: () => kube.request({ method: 'DELETE', path: `${path}/token` }, call()),
    async read(): Promise<StoredSecret | undefined> {
      const found = kube.request({ method: 'GET', path: `${path}/token` }, call())
      return found.then(parseSecret, (error: unknown) => {
        if (isKubeError(error, 404)) return undefined
        throw error
      })
    },
  }
}

const becauseOf = (cluster: ClusterObject, type = 'CredentialsReady') => condition(cluster, type)?.reason

/** Every call that the token may make is refused from now on. */
const revoked = (token: string) =>
  ['connect', 'list', 'launch', 'terminate', 'reserve', 'release'].map(each => ({
    call: each,
    refuse: 'unauthorized',
    token,
  }))

const refusedCalls = (operator: OperatorProcess): Promise<number> =>
  metricOf(operator, 'dask_cloud_operator_cloud_call_seconds_count', 'result="unauthorized"')

test.concurrent('a Secret that is missing, unmarked or wrong is a condition, and is used within 5 s of being mended', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  rehearsing(room)
  const secret = secretOf(room)
  const { uid } = (await room.clusters.create('keyed', 1, { credentialsSecretRef })).metadata
  const missing = await room.clusters.until('keyed', each => becauseOf(each) === 'SecretNotFound', 15_000)
  expect(becauseOf(missing, 'Stalled')).toBe('SecretNotFound')
  expect(becauseOf(missing, 'Ready')).toBe('CredentialsNotReady')
  await secret.create({ token: 'two words' }, {})
  await room.clusters.until('keyed', each => becauseOf(each) === 'SecretNotLabelled', 5_000)
  expect((await secret.read())?.metadata.finalizers).toEqual([])
  await secret.patch({ metadata: { labels } })
  const wrong = await room.clusters.until('keyed', each => becauseOf(each) === 'SecretInvalid', 5_000)
  expect(condition(wrong, 'CredentialsReady')?.message).toContain('Secret token, key token')
  expect(JSON.stringify(wrong)).not.toContain('two words')
  expect(room.ledger.asked()).toEqual([])
  await secret.patch({ stringData: { token: 'good' } })
  await room.clusters.until('keyed', each => becauseOf(each) === 'Accepted', 5_000)
  expect((await secret.read())?.metadata.finalizers).toEqual([inUseFinalizer])
  await room.settled('keyed', 1)
  await room.removed('keyed')
  expect(room.ledger.launched(uid)).toHaveLength(2)
  expect(room.ledger.left).toEqual([])
  expect((await secret.read())?.metadata.finalizers).toEqual([])
})

test.concurrent('row 29: revoked in the middle: a condition, one call a minute, the finalizer stays, on within 5 s of the new Secret', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const operator = rehearsing(room)
  const secret = secretOf(room)
  await secret.create({ token: 'first' })
  const { uid } = (await room.clusters.create('revoked', 2, { credentialsSecretRef })).metadata
  await room.settled('revoked', 2)
  room.rehearse(revoked('first'))
  const told = await room.clusters.until('revoked', each => becauseOf(each) === 'Unauthorized', 30_000)
  expect(becauseOf(told, 'Stalled')).toBe('Unauthorized')
  await room.clusters.remove('revoked')
  const [before, since] = [await refusedCalls(operator), Date.now()]
  await room.until('a minute to pass', () => Date.now() - since > 60_000, 90_000)
  expect((await refusedCalls(operator)) - before).toBeLessThanOrEqual(1)
  expect((await room.clusters.get('revoked'))?.metadata.finalizers).toContain(finalizer)
  expect(room.ledger.alive(uid)).toHaveLength(3)
  await secret.patch({ stringData: { token: 'second' } })
  await room.until('its machines to end', () => room.ledger.alive(uid).length === 0, 5_000)
  await room.clusters.gone('revoked', uid)
  expect(room.ledger.launched(uid)).toHaveLength(3)
  expect(room.ledger.left).toEqual([])
})

test.concurrent('a rotated Secret is taken up and rolls nothing; another cluster that uses it keeps it in use', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  rehearsing(room)
  const secret = secretOf(room)
  await secret.create({ token: 'first' })
  const names = ['one', 'other']
  for (const name of names) await room.clusters.create(name, 1, { credentialsSecretRef })
  for (const name of names) await room.settled(name, 1)
  await secret.patch({ stringData: { token: 'second' } })
  room.rehearse(revoked('first'))
  for (const name of names) await room.clusters.scale(name, 2)
  for (const name of names) await room.settled(name, 2)
  expect(room.ledger.marks.filter(({ kind }) => kind === 'ended')).toEqual([])
  await room.removed('one')
  expect((await secret.read())?.metadata.finalizers).toEqual([inUseFinalizer])
  await room.removed('other')
  expect((await secret.read())?.metadata.finalizers).toEqual([])
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 8: the namespace is deleted with cluster, Secrets and credentials: machines end, and so does the namespace', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  rehearsing(room)
  const secret = secretOf(room)
  await secret.create({ token: 'first' })
  const { uid } = (await room.clusters.create('swept-away', 2, { credentialsSecretRef })).metadata
  await room.settled('swept-away', 2)
  // No namespace controller runs here: this is what it does, in the order that hurts.
  await secret.remove()
  expect((await secret.read())?.metadata.isDeleting).toBe(true)
  await room.clusters.remove('swept-away')
  await room.clusters.gone('swept-away', uid)
  expect(room.ledger.left).toEqual([])
  await room.until('the Secret to go', async () => (await secret.read()) === undefined, 10_000)
})

test.concurrent('nothing of what is in a Secret is told: not in the log, events, status or metrics', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const operator = rehearsing(room)
  const secret = secretOf(room)
  const marked = 'Marked-1f0c7c2e9b'
  await secret.create({ token: `${marked} with spaces` })
  await room.clusters.create('marked', 1, { credentialsSecretRef })
  await room.clusters.until('marked', each => becauseOf(each) === 'SecretInvalid', 15_000)
  await secret.patch({ stringData: { token: marked } })
  await room.settled('marked', 1)
  room.rehearse(revoked(marked))
  const told = await room.clusters.until('marked', each => becauseOf(each) === 'Unauthorized', 30_000)
  const { body } = await scraped(healthPort(await operator.log()))
  const everything = [await operator.log(), await own.events(), JSON.stringify(told), body].join('\n')
  expect(everything).toContain('Unauthorized')
  for (const form of [marked, Buffer.from(marked).toString('base64').replace(/=+$/, '')])
    expect(everything).not.toContain(form)
  room.rehearse([])
  await secret.patch({ stringData: { token: 'other' } })
  await room.removed('marked')
})
