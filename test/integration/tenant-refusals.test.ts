import { afterAll, expect, test } from 'vitest'
import { secretsIn } from '../../src/kube/secrets.ts'
import { controlPlane } from '../support/control-plane.ts'
import { type OwnRoom, ownRoom } from '../support/own-room.ts'
import { on, tenantOf } from '../support/tenant.ts'

const plane = controlPlane()
const all = new AsyncDisposableStack()
let own: OwnRoom
let tenant: Awaited<ReturnType<typeof tenantOf>>

plane.prepare(async () => {
  own = all.use(await ownRoom(plane))
  tenant = all.use(await tenantOf(plane, own.room))
})
afterAll(() => all.disposeAsync())

const aws = { region: 'us-east-1' }
const gcp = { project: 'acme-data', region: 'us-central1' }
const azure = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }
const digitalOcean = { region: 'fra1' }

test.each([
  {
    given: 'a Secret of another namespace, as a path',
    patch: { credentialsSecretRef: { name: '../../kube-system/secrets/any' } },
    says: 'must be the name of a Secret',
  },
  {
    given: 'our tag on AWS',
    patch: on('aws', { ...aws, tags: { 'cloud.dask.org/uid': 'x' } }),
    says: 'not yours to give',
  },
  {
    given: 'our tag on Azure',
    patch: on('azure', { ...azure, tags: { 'dask-uid': 'x' } }),
    says: 'not yours to give',
  },
  {
    given: 'our label on Google Cloud',
    patch: on('gcp', { ...gcp, labels: { 'dask-uid': 'x' } }),
    says: 'not yours to give',
  },
  {
    given: 'our tag on DigitalOcean',
    patch: on('digitalOcean', { ...digitalOcean, tags: ['dask-cluster:x'] }),
    says: 'lets into a cluster',
  },
  {
    given: 'shell in the name of a variable',
    patch: { software: { python: {}, env: { 'A;$(reboot)': '' } } },
    says: '422',
  },
  {
    given: 'shell in a size',
    patch: { workers: { sizes: ['$(reboot)'] } },
    says: 'must be the name of a size',
  },
  {
    given: 'ten megabytes',
    patch: { software: { python: {}, env: { A: 'x'.repeat(10_000_000) } } },
    says: /^413: |too large/i,
  },
])('the API server refuses a tenant $given', async ({ patch, says }) => {
  expect(await tenant.create('refused', patch)).toMatch(says)
  expect(await own.room.clusters.get('refused')).toBeUndefined()
})

test('what is no field does not reach the operator: another namespace, an endpoint, ids of machines', async () => {
  const endpoint = 'http://127.0.0.1:9'
  const name = 'pruned'
  const extras = { endpoint, endpointUrl: endpoint, machines: ['i-0123456789abcdef0'] }
  const patch = {
    ...on('aws', { ...aws, ...extras }),
    ...extras,
    credentialsSecretRef: { name: 'a', namespace: 'kube-system' },
  }
  const kept = await tenant.create(name, patch)
  expect(kept).toContain('"region":"us-east-1"')
  expect(JSON.stringify(JSON.parse(kept).spec)).not.toMatch(/127\.0\.0\.1|i-0123456789|kube-system/)
  await tenant.remove(name)
})

test('a tenant writes no status, and reads nobody else’s Secrets', async () => {
  const status = { schedulerAddress: 'tls://127.0.0.1:9' }
  await tenant.create('plain', on('simulated', {}))
  expect(await tenant.patch('plain', { status }, '/status')).toMatch(/^403: /)
  expect(await tenant.patch('plain', { status })).not.toContain(status.schedulerAddress)
  for (const namespace of [own.room.namespaces.operator, 'kube-system'])
    for (const name of ['', '/dask-cloud-operator-seal'])
      expect(await tenant.ask({ method: 'GET', path: `${secretsIn(namespace, '').path}${name}` })).toMatch(
        /^403: /,
      )
})
