import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { Clusters, clustersIn } from '../../src/kube/clusters.ts'
import { Events } from '../../src/kube/events.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { acquireLease } from '../../src/kube/lease.ts'
import { Secrets } from '../../src/kube/secrets.ts'
import { connectKube, type KubeTransport } from '../../src/kube/transport.ts'
import { list, record, text } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { type ClusterKey, clusterKey } from '../../src/model/names.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { controlPlane } from '../support/control-plane.ts'
import { manifest } from '../support/crd-plane.ts'

const within = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })
const plane = controlPlane()
const open: KubeTransport[] = []
plane.prepare(async () => {
  open.push(await connectKube({ kubeconfig: plane.kubeconfig }))
})
afterAll(() => Promise.all(open.map(each => each[Symbol.asyncDispose]())))

function kube(): KubeTransport {
  const [one] = open
  if (one === undefined) throw new Error('not connected')
  return one
}

const metadataOf = (raw: unknown) => record(record(raw, 'object')['metadata'], 'metadata')
const versionOf = (raw: unknown): string => text(metadataOf(raw)['resourceVersion'], 'version')
const failure = (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: unknown) => error)

async function made(name: string): Promise<{ key: ClusterKey; resourceVersion: string }> {
  const { path } = clustersIn(plane.namespace)
  const answer = await kube().request({ method: 'POST', path, body: manifest(name) }, within())
  return { key: clusterKey(plane.namespace, name), resourceVersion: versionOf(answer) }
}

const wanted = (name: string, key: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: { namespace: plane.namespace, name, labels: { 'cloud.dask.org/role': 'ca' } },
  data: { 'ca.key': Buffer.from(key).toString('base64') },
})

const notes = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const path = `/apis/events.k8s.io/v1/namespaces/${plane.namespace}/events`
  const reply = record(await kube().request({ method: 'GET', path }, within()), 'events')
  return list(reply['items'], 'items').map(item => record(item, 'event'))
}

const acquire = async (identity: string) =>
  acquireLease(
    {
      kube: kube().leases,
      lease: { namespace: plane.namespace, name: 'operator' },
      identity,
      metrics: createMetrics(),
      onProblem: () => undefined,
    },
    within(60_000),
  )

describe('a cluster', () => {
  test('its status is written, and a write to a version that is gone changes nothing', async () => {
    const clusters = new Clusters(kube())
    const before = await made('stale')
    const after = await clusters.writeStatus(before, { cloud: 'simulated' }, within())
    expect(record(record(after, 'cluster')['status'], 'status')['cloud']).toBe('simulated')
    const error = await failure(clusters.writeStatus(before, { cloud: 'local' }, within()))
    expect(error).toBeInstanceOf(KubeError)
    expect(error).toMatchObject({ status: 409, reason: 'Conflict' })
    const seen = await clusters.read(before.key, within())
    expect(record(record(seen, 'cluster')['status'], 'status')['cloud']).toBe('simulated')
    expect(versionOf(seen)).toBe(versionOf(after))
  })

  test('its finalizer and annotations come and go, under the same lock', async () => {
    const clusters = new Clusters(kube())
    const before = await made('held')
    const patch = { finalizers: ['cloud.dask.org/machines'], annotations: { note: 'yes' } }
    const held = await clusters.writeMetadata(before, patch, within())
    expect(metadataOf(held)).toMatchObject(patch)
    expect(await failure(clusters.writeMetadata(before, { finalizers: [] }, within()))).toMatchObject({
      status: 409,
    })
    await kube().request({ method: 'DELETE', path: `${clustersIn(plane.namespace).path}/held` }, within())
    const leaving = await clusters.read(before.key, within())
    expect(metadataOf(leaving)['deletionTimestamp']).toBeDefined()
    const seen = { key: before.key, resourceVersion: versionOf(leaving) }
    await clusters.writeMetadata(seen, { finalizers: [], annotations: { note: null } }, within())
    expect(await clusters.read(before.key, within())).toBeUndefined()
  })

  test('a list of many is complete, page after page', async () => {
    const names = Array.from({ length: 7 }, (_, at) => `many-${at}`)
    await Promise.all(names.map(made))
    const { items } = await new Clusters(kube()).list(plane.namespace, within())
    const found = items.map(item => metadataOf(item)['name'])
    expect(found).toEqual(expect.arrayContaining(names))
  })
})

describe('a Secret', () => {
  test('is made once, replaced as it was seen, and removed as the one it is', async () => {
    const secrets = new Secrets(kube())
    const ref = { namespace: plane.namespace, name: 'keys' }
    expect(await secrets.read(ref, within())).toBeUndefined()
    const first = await secrets.create(wanted('keys', 'one'), within())
    expect(await failure(secrets.create(wanted('keys', 'two'), within()))).toMatchObject({
      reason: 'AlreadyExists',
    })
    const second = await secrets.replace(wanted('keys', 'two'), first, within())
    expect(await failure(secrets.replace(wanted('keys', 'three'), first, within()))).toMatchObject({
      status: 409,
    })
    expect((await secrets.read(ref, within()))?.data['ca.key']).toBe(Buffer.from('two').toString('base64'))
    await secrets.remove(ref, '00000000-0000-0000-0000-000000000000', within())
    expect((await secrets.read(ref, within()))?.metadata.uid).toBe(second.metadata.uid)
    await secrets.remove(ref, second.metadata.uid, within())
    await secrets.remove(ref, second.metadata.uid, within())
    expect(await secrets.read(ref, within())).toBeUndefined()
  })
})

describe('events', () => {
  test('are taken by the API server, and the same ones are counted', async () => {
    const { key } = await made('told')
    const uid = text(metadataOf(await new Clusters(kube()).read(key, within()))['uid'], 'uid')
    const regarding = {
      apiVersion: 'cloud.dask.org/v1alpha1',
      kind: 'DaskCloudCluster',
      namespace: plane.namespace,
      name: 'told',
      uid,
    }
    const metrics = createMetrics()
    const events = new Events({
      kube: kube(),
      controller: 'cloud.dask.org/operator',
      instance: 'test',
      metrics,
    })
    onTestFinished(() => events[Symbol.asyncDispose]())
    const tell = (): void =>
      events.report(regarding, { kind: 'Warning', reason: 'NoCapacity', message: 'none left' })
    tell()
    await poll(async () => ((await notes()).length > 0 ? true : undefined), 50, within())
    tell()
    tell()
    const counted = async () => (await notes()).find(note => note['series'] !== undefined)
    const event = await poll(counted, 50, within())
    expect(event).toMatchObject({ reason: 'NoCapacity', note: 'none left', type: 'Warning', regarding })
    expect(await notes()).toHaveLength(1)
    expect(
      await plane.kubectl(['events', '-n', plane.namespace, '--for', 'DaskCloudCluster/told']),
    ).toContain('none left')
    expect(await metrics.read()).not.toMatch(/events_dropped_total\{.*\} [1-9]/)
  })
})

describe('a lease', () => {
  test('is given back within a second, and the next one has it within two more', async () => {
    const first = await acquire('one')
    const waiting = acquire('two')
    const began = performance.now()
    expect(first.remainingMs()).toBeGreaterThan(5_000)
    await first[Symbol.asyncDispose]()
    const released = performance.now()
    expect(released - began).toBeLessThan(1_000)
    await using second = await waiting
    expect(performance.now() - released).toBeLessThan(2_000)
    expect(second.remainingMs()).toBeGreaterThan(5_000)
    expect(first.signal.aborted).toBe(true)
  })
})

describe('connections', () => {
  test('many requests use few', async () => {
    const metrics = createMetrics()
    await using own = await connectKube({
      kubeconfig: plane.kubeconfig,
      requests: metrics.kubeRequests,
      connections: 6,
    })
    const path = `/api/v1/namespaces/${plane.namespace}`
    let connections = 0
    const count = (): void => {
      connections++
    }
    subscribe('undici:client:connected', count)
    onTestFinished(() => {
      unsubscribe('undici:client:connected', count)
    })
    const ask = () => own.request({ method: 'GET', path }, within())
    await Promise.all(Array.from({ length: 300 }, ask))
    await ask()
    expect(connections).toBeGreaterThan(0)
    expect(connections).toBeLessThanOrEqual(6)
    expect(await metrics.read()).toMatch(
      /rest_client_requests_total\{code="200",method="GET",host="[^"]+"\} 301/,
    )
  })
})

test('a token that is replaced in its file is used, and the old one is not missed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kube-token-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const token = join(folder, 'token')
  await writeFile(token, `${randomBytes(24).toString('hex')}\n`)
  const kubeconfig = join(folder, 'kubeconfig')
  const authority = Buffer.from(plane.authority).toString('base64')
  await writeFile(
    kubeconfig,
    JSON.stringify({
      'current-context': 'x',
      clusters: [{ name: 'x', cluster: { server: plane.url, 'certificate-authority-data': authority } }],
      users: [{ name: 'x', user: { tokenFile: token } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    }),
  )
  await using own = await connectKube({ kubeconfig })
  await writeFile(token, `${plane.token}\n`)
  const reply = await own.request({ method: 'GET', path: '/api/v1/namespaces/default' }, within())
  expect(metadataOf(reply)['name']).toBe('default')
})
