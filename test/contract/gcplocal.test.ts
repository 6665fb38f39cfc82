import { FirewallsClient, InstancesClient } from '@google-cloud/compute'
import { GoogleAuth, OAuth2Client } from 'google-auth-library'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type GcpLocal, startGcpLocal } from '../support/gcp/gcplocal.ts'
import { single } from '../support/gcp/sdk-desk.ts'

// What gcplocal cannot express, and is not asked here: filters, names that are taken, bulk inserts, lists of all zones, waits.

const project = 'dask-home'
const zone = 'us-central1-a'
let emulator: GcpLocal
let instances: InstancesClient
let firewalls: FirewallsClient

beforeAll(async () => {
  emulator = await startGcpLocal()
  const client = new OAuth2Client()
  client.setCredentials({ access_token: 'any', expiry_date: Date.now() + 3_600_000 })
  const auth = new GoogleAuth({ authClient: client })
  const options = {
    apiEndpoint: '127.0.0.1',
    port: emulator.port,
    protocol: 'http',
    fallback: 'rest',
    auth,
  } as const
  instances = new InstancesClient(options)
  firewalls = new FirewallsClient(options)
})
afterAll(async () => {
  await instances?.close()
  await firewalls?.close()
  await emulator?.[Symbol.asyncDispose]()
})

test('a machine as the simulated Compute Engine takes it is taken here, too', async () => {
  const at = { project, zone, instance: 'one' }
  await instances.insert({ project, zone, instanceResource: single('one', zone, { labels: { team: 'a' } }) })
  const [shown] = await instances.get(at)
  expect(shown).toMatchObject({ name: 'one', status: 'RUNNING' })
  const [listed] = await instances.list({ project, zone })
  expect(listed.map(({ name }) => name)).toEqual(['one'])
  await instances.delete(at)
  await expect(instances.get(at)).rejects.toMatchObject({ httpStatusCode: 404 })
})

test('a firewall is made, shown and removed', async () => {
  const at = { project, firewall: 'dask-a' }
  const firewallResource = {
    name: 'dask-a',
    network: 'global/networks/default',
    direction: 'INGRESS',
    sourceRanges: ['203.0.113.0/24'],
    allowed: [{ IPProtocol: 'tcp', ports: ['8786'] }],
  }
  await firewalls.insert({ project, firewallResource })
  expect((await firewalls.get(at))[0]).toMatchObject({ name: 'dask-a', sourceRanges: ['203.0.113.0/24'] })
  await firewalls.delete(at)
  await expect(firewalls.get(at)).rejects.toMatchObject({ httpStatusCode: 404 })
})
