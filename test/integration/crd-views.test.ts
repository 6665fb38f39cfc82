import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLaunches, writeLaunches } from '../../src/api/launch-records.ts'
import { parseResource } from '../../src/api/resource.ts'
import { statusPatch } from '../../src/api/status.ts'
import { record } from '../../src/lib/parse.ts'
import { updatedConditions } from '../../src/model/conditions.ts'
import { clusterUid, fingerprint, launchId, machineId, scope } from '../../src/model/names.ts'
import { type CrdPlane, manifest, merge, startCrdPlane } from '../support/crd-plane.ts'

let server: CrdPlane

beforeAll(async () => {
  server = await startCrdPlane()
})

afterAll(() => server?.[Symbol.asyncDispose]())

describe('a new cluster', () => {
  test('has the defaults filled in that no class may have', async () => {
    await server.create('new')
    expect(await server.spec('new')).toEqual({
      cloud: { local: {} },
      scheduler: {},
      workers: { replicas: 1 },
      workerGroups: [],
      network: {},
      dashboard: { expose: false },
      security: { tls: { mode: 'Generated' } },
      suspend: false,
    })
  })

  test('is not known to be ready before anybody has looked', async () => {
    const { body } = await server.send('GET', { name: 'new' })
    expect(record(body['status'], 'status')['conditions']).toEqual([
      expect.objectContaining({ type: 'Ready', status: 'Unknown', reason: 'Pending' }),
    ])
    const waited = await server.complaint(['wait', '--for=condition=Ready', '--timeout=1s', 'dcc/new'])
    expect(waited).toContain('timed out waiting')
  })

  test('cannot bring a status of its own', async () => {
    const body = {
      ...manifest('claims'),
      status: { schedulerAddress: 'tls://a:1', ledger: { uid: 'x', seq: 1 } },
    }
    const { body: created } = await server.send('POST', { body })
    expect(Object.keys(record(created['status'], 'status'))).toEqual(['conditions'])
  })
})

test('a class has its defaults filled in, and lets nobody in', async () => {
  const spec = { cloud: { simulated: {} } }
  const body = {
    apiVersion: 'cloud.dask.org/v1alpha1',
    kind: 'DaskCloudClass',
    metadata: { name: 'bare' },
    spec,
  }
  await server.plane.kubectl(['apply', '-f', '-'], JSON.stringify(body))
  const kept = record(JSON.parse(await server.plane.kubectl(['get', 'dcclass/bare', '-o', 'json'])), 'class')
  expect(kept['spec']).toMatchObject({
    ...spec,
    defaults: {},
    overrides: { maxWorkers: 10, maxGroups: 0, env: [], images: [], setup: false, plainTraffic: false },
    updatePolicy: 'Never',
  })
  expect(kept['spec']).not.toHaveProperty('namespaces')
})

test.each([
  {
    given: 'another cloud',
    spec: { cloud: { simulated: null, local: {} } },
    says: 'the cloud of a cluster cannot change',
  },
  { given: 'no cloud', spec: { cloud: null }, says: 'spec.cloud: Required value' },
  { given: 'a pattern with a bracket', spec: { overrides: { env: ['['] } }, says: 'must be letters, digits' },
  {
    given: 'In without values',
    spec: { namespaces: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    says: 'In and NotIn need values',
  },
])('a class is refused with $given', async ({ spec, says }) => {
  const patch = ['patch', 'dcclass/bare', '--type=merge', '-p', JSON.stringify({ spec })]
  expect(await server.complaint(patch)).toContain(says)
})

test.each(['aws', 'simulated', 'tenant'])('the sample class-%s is taken', async sample => {
  const said = await server.complaint([
    'apply',
    '--dry-run=server',
    '-f',
    `deploy/samples/class-${sample}.yaml`,
  ])
  expect(said).toMatch(/^taken: .* created \(server dry run\)/)
})

test('a cluster keeps the class that it has, or none', async () => {
  await server.create('classed', { cloud: null, className: 'bare' })
  const change = (spec: object) => server.send('PATCH', { name: 'classed', body: { spec }, type: merge })
  expect((await change({ className: 'other' })).message).toContain('the class of a cluster cannot change')
  expect((await change({ className: null, cloud: { simulated: {} } })).message).toContain(
    'the class of a cluster cannot change',
  )
  expect((await change({ workers: { replicas: 3 } })).status).toBe(200)
})

describe('status', () => {
  const at = '2026-08-01T12:00:00Z'
  const uid = clusterUid('4f4f5e9a-0000-4000-8000-000000000001')
  const launch = {
    id: launchId('0123456789abcdef'),
    owner: uid,
    generation: 1,
    scope: scope('local/here'),
    role: 'worker',
    group: 'default',
    count: 2,
    fingerprint: fingerprint('v1:00'),
    seq: 1,
    offerings: ['process'],
    offering: 0,
    requestHash: '00',
    recordedAt: Date.parse(at) + 123,
    state: { kind: 'accepted', at: Date.parse(at) + 456, machines: [machineId('m-1'), machineId('m-2')] },
  } as const
  const published = {
    observedGeneration: 1,
    cloud: 'local',
    conditions: updatedConditions(
      [],
      [
        { type: 'Ready', status: 'True', reason: 'Serving', message: '' },
        { type: 'Suspended', status: 'False', reason: 'Awake', message: 'x'.repeat(5000) },
      ],
      { generation: 1, at },
    ),
    schedulerAddress: 'tls://127.0.0.1:8786',
    clientSecretName: 'shown-client',
    workers: { replicas: 3, ready: 2, selector: `cloud.dask.org/cluster-uid=${uid}` },
    certificates: { notAfter: '2026-09-01T12:00:00Z', renewAt: at },
    readySince: at,
  }

  test('is taken as the operator writes it, and read back the same', async () => {
    await server.create('shown', { workers: { replicas: 3 } })
    const status = { ...statusPatch({ conditions: [] }, published), launches: writeLaunches([launch]) }
    const written = await server.send('PATCH', { name: 'shown/status', body: { status }, type: merge })
    expect(written).toMatchObject({ status: 200 })
    const read = parseResource(written.body, (_name, settings) => ({ settings, intent: () => ({}) }))
    if (read.kind !== 'valid') throw new Error(JSON.stringify(read))
    expect(read.resource.status).toEqual(published)
    expect(read.resource.launches).toEqual([launch])
  })

  test('loses what is gone, and keeps the records of launches', async () => {
    const { schedulerAddress: _gone, ...rest } = published
    const patch = statusPatch(published, rest)
    const { body } = await server.send('PATCH', {
      name: 'shown/status',
      body: { status: patch },
      type: merge,
    })
    const status = record(body['status'], 'status')
    expect(status).not.toHaveProperty('schedulerAddress')
    expect(readLaunches(status['launches'], 'x')).toEqual([launch])
    await server.send('PATCH', {
      name: 'shown/status',
      body: { status: statusPatch(rest, published) },
      type: merge,
    })
  })

  test('is not writable beside the spec', async () => {
    const body = { status: { schedulerAddress: 'tls://evil:1' } }
    const { body: after } = await server.send('PATCH', { name: 'shown', body, type: merge })
    expect(record(after['status'], 'status')['schedulerAddress']).toBe('tls://127.0.0.1:8786')
  })

  test('shows in the columns of kubectl get', async () => {
    const [head, line] = rows(await server.plane.kubectl(['get', 'dcc', 'shown']))
    expect(head).toEqual(['NAME', 'READY', 'CLOUD', 'WORKERS', 'SCHEDULER', 'AGE'])
    expect(line?.slice(0, 5)).toEqual(['shown', 'True', 'local', '2', 'tls://127.0.0.1:8786'])
  })

  test('shows more in the wide columns', async () => {
    const [head, line] = rows(await server.plane.kubectl(['get', 'dask', 'shown', '-o', 'wide']))
    expect(head?.slice(6)).toEqual(['REASON', 'WANTED', 'SUSPENDED', 'SECRET', 'CERTIFICATES', 'CLASS'])
    expect(line?.slice(6)).toEqual(['Serving', '3', 'False', 'shown-client', '2026-09-01T12:00:00Z'])
  })
})

describe('kubectl', () => {
  test('scales the workers and reads their number and selector', async () => {
    await server.plane.kubectl(['scale', 'dcc/shown', '--replicas=7'])
    expect(await server.spec('shown')).toMatchObject({ workers: { replicas: 7 } })
    const { body } = await server.send('GET', { name: 'shown/scale' })
    expect(body).toMatchObject({
      spec: { replicas: 7 },
      status: { replicas: 3, selector: 'cloud.dask.org/cluster-uid=4f4f5e9a-0000-4000-8000-000000000001' },
    })
  })

  test.each([
    { field: 'dcc', says: ['A Dask cluster of a scheduler and workers', 'validates strictly'] },
    {
      field: 'dcc.spec.cloud',
      says: ['exactly one of aws, azure, digitalOcean, gcp, local, simulated', 'cannot change afterwards'],
    },
    {
      field: 'dcc.spec.software.python',
      says: ['What pip installs, in this order', 'Minor version of Python'],
    },
    { field: 'dcc.spec.workers', says: ['How many workers there are to be', 'Memory that a worker may use'] },
    { field: 'dcc.status.conditions', says: ['Whether it holds', 'When the status last changed'] },
  ])('explains $field', async ({ field, says }) => {
    const text = (await server.plane.kubectl(['explain', field])).replaceAll(/\s+/g, ' ')
    for (const part of says) expect(text).toContain(part)
  })

  test('explains everything that a user writes', async () => {
    const text = await server.plane.kubectl(['explain', 'dcc.spec', '--recursive'])
    for (const field of ['startupSeconds', 'packages', 'version', 'replicas', 'threads', 'suspend', 'env']) {
      expect(text).toContain(field)
    }
  })
})

const rows = (output: string): readonly (readonly string[])[] =>
  output
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/))
