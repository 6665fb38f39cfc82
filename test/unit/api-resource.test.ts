import { describe, expect, test } from 'vitest'
import { annotations, finalizer } from '../../src/api/names.ts'
import { writePlacement } from '../../src/api/placement.ts'
import { type CloudParser, type Parsed, parseResource, type Resource } from '../../src/api/resource.ts'
import { ParseError } from '../../src/lib/parse.ts'
import { installationId, scope } from '../../src/model/names.ts'
import { goodSpec, merged } from '../support/specs.ts'

const uid = '4f4f5e9a-0000-4000-8000-000000000001'

const clouds: CloudParser = (name, settings, { path }) => {
  if (name !== 'local' && name !== 'simulated') return undefined
  if (settings !== null && typeof settings === 'object' && 'broken' in settings) {
    throw new ParseError(`${path}.broken`, 'is broken')
  }
  return { settings, intent: role => ({ role }) }
}

const aResource = (patch: Readonly<Record<string, unknown>> = {}): unknown =>
  merged(
    {
      apiVersion: 'cloud.dask.org/v1alpha1',
      kind: 'DaskCloudCluster',
      metadata: {
        namespace: 'team-a',
        name: 'demo',
        uid,
        generation: 3,
        resourceVersion: '71',
        creationTimestamp: '2026-08-01T12:00:00Z',
      },
      spec: goodSpec,
    },
    patch,
  )

const parsed = (patch?: Readonly<Record<string, unknown>>): Parsed => parseResource(aResource(patch), clouds)

function valid(patch?: Readonly<Record<string, unknown>>): Resource {
  const found = parsed(patch)
  if (found.kind !== 'valid') throw new Error(JSON.stringify(found))
  return found.resource
}

const record = {
  id: '0123456789abcdef',
  owner: uid,
  generation: 3,
  scope: 'local/here',
  role: 'worker',
  group: 'default',
  count: 2,
  fingerprint: 'v1:00',
  seq: 1,
  offerings: ['process'],
  offering: 0,
  requestHash: '00',
  recordedAt: '2026-08-01T12:00:00.500Z',
  state: 'Open',
}

describe('a resource', () => {
  test('becomes a cluster with every default resolved', () => {
    expect(valid().cluster).toEqual({
      key: 'team-a/demo',
      namespace: 'team-a',
      name: 'demo',
      uid,
      generation: 3,
      phase: 'wanted',
      cloud: { name: 'local', settings: {} },
      software: {
        kind: 'python',
        pythonVersion: undefined,
        packages: ['dask==2026.8.0', 'distributed==2026.8.0'],
      },
      env: {},
      scheduler: expect.objectContaining({ name: 'scheduler', role: 'scheduler', replicas: 1 }),
      groups: [expect.objectContaining({ name: 'default', role: 'worker', replicas: 1, resources: {} })],
      restart: '',
      network: { exposure: 'Public', allowedCIDRs: [] },
      tls: { kind: 'generated' },
      dashboard: { isExposed: false, otherwise: expect.stringMatching(/^v1:/) },
      createdAt: expect.any(Number),
      lifetime: { idleTimeoutMs: Infinity, ttlMs: Infinity },
      resume: '',
      renewal: { leaves: '', authority: '' },
      sleep: { kind: 'awake' },
      isAbandoned: false,
    })
  })

  test.each([
    { given: 'nothing else', patch: {}, phase: 'wanted' },
    { given: 'suspend', patch: { spec: { suspend: true } }, phase: 'suspended' },
    {
      given: 'a time of deletion',
      patch: { spec: { suspend: true }, metadata: { deletionTimestamp: '2026-08-01T13:00:00Z' } },
      phase: 'deleting',
    },
  ])('is $phase with $given', ({ patch, phase }) => {
    expect(valid(patch).cluster.phase).toBe(phase)
  })

  test('tells whether it is in care, and whose', () => {
    const placement = { installation: installationId('i'), cloud: 'local', scope: scope('local/here') }
    const { hasFinalizer, placement: read } = valid({
      metadata: {
        finalizers: [finalizer],
        annotations: { [annotations.placement]: writePlacement(placement) },
      },
    })
    expect({ hasFinalizer, placement: read }).toEqual({ hasFinalizer: true, placement })
    expect(valid()).toMatchObject({
      hasFinalizer: false,
      placement: undefined,
      ledger: undefined,
      launches: [],
    })
  })

  test('reads its ledger and its launches', () => {
    const { ledger, launches, recordsProblem } = valid({
      status: { ledger: { uid, seq: 4 }, launches: [record] },
    })
    expect(recordsProblem).toBeUndefined()
    expect(ledger).toEqual({ uid, seq: 4 })
    expect(launches).toEqual([
      { ...record, recordedAt: Date.parse(record.recordedAt), state: { kind: 'open' } },
    ])
  })
})

describe('records that cannot be read', () => {
  test.each([
    { given: 'a list that is none', launches: 'none', says: 'status.launches: must be a list' },
    {
      given: 'a record without an id',
      launches: [merged(record, { id: null })],
      says: 'status.launches[0].id',
    },
    {
      given: 'an id of another shape',
      launches: [{ ...record, id: 'x' }],
      says: 'status.launches[0].id: not a launch id',
    },
    {
      given: 'a state of a newer version',
      launches: [{ ...record, state: 'Paused' }],
      says: 'status.launches[0].state',
    },
    {
      given: 'an accepted one without machines',
      launches: [{ ...record, state: 'Accepted', stateSince: record.recordedAt }],
      says: 'status.launches[0].machines',
    },
    {
      given: 'an unknown one without a time',
      launches: [record, { ...record, state: 'Unknown' }],
      says: 'status.launches[1].stateSince',
    },
    {
      given: 'a number of machines below 1',
      launches: [{ ...record, count: 0 }],
      says: 'status.launches[0].count',
    },
  ])('$given: no launch counts as read, and the reason is told', ({ launches, says }) => {
    const resource = valid({ status: { ledger: { uid, seq: 4 }, launches } })
    expect(resource.launches).toBeUndefined()
    expect(resource.recordsProblem).toContain(says)
  })

  test('a ledger without a number is no ledger', () => {
    const resource = valid({ status: { ledger: { uid }, launches: [] } })
    expect(resource.ledger).toBeUndefined()
    expect(resource.recordsProblem).toContain('status.ledger.seq')
  })

  test('fields that a newer version added do no harm', () => {
    const resource = valid({
      status: { ledger: { uid, seq: 1, more: 1 }, launches: [{ ...record, more: 1 }], more: 1 },
    })
    expect(resource.recordsProblem).toBeUndefined()
  })

  test('a published status that cannot be read counts as none', () => {
    expect(valid({ status: { conditions: 'none' } }).status).toEqual({ conditions: [] })
  })
})

describe('what cannot be understood', () => {
  test('is refused with every problem and its path, and can still be told apart', () => {
    const found = parsed({
      metadata: { annotations: { [annotations.placement]: 'edited' } },
      spec: { workers: { replicas: 2000 } },
    })
    expect(found).toMatchObject({
      kind: 'invalid',
      identity: { key: 'team-a/demo', uid, generation: 3, resourceVersion: '71' },
      problems: [
        expect.stringMatching(/^spec\.workers\.replicas: must be a whole number from 0 to 1000/),
        expect.stringMatching(/^metadata\.annotations\["cloud\.dask\.org\/placement"\]: must be JSON/),
      ],
    })
  })

  test('settings of a cloud are refused by the cloud', () => {
    expect(parsed({ spec: { cloud: { local: { broken: true } } } })).toMatchObject({
      kind: 'invalid',
      problems: ['spec.cloud.local.broken: is broken'],
    })
  })

  test('a cloud of a newer version is told by its name', () => {
    expect(parsed({ spec: { cloud: { local: null, aws: { region: 'x' } } } })).toMatchObject({
      kind: 'unknown-cloud',
      name: 'aws',
      identity: { key: 'team-a/demo' },
    })
  })

  test('a resource without readable metadata throws', () => {
    expect(() => parseResource({ metadata: { name: 'x' } }, clouds)).toThrow(ParseError)
    expect(() => parsed({ metadata: { uid: 'not one' } })).toThrow('metadata.uid: not a UID')
  })
})

describe('a cluster that is being deleted', () => {
  const deleting = { metadata: { deletionTimestamp: '2026-08-01T13:00:00Z' } }

  test('needs nothing but its cloud', () => {
    const { cluster } = valid(
      Object.assign({}, deleting, { spec: { workers: { replicas: -1 }, software: 'none', network: {} } }),
    )
    expect(cluster).toMatchObject({ phase: 'deleting', cloud: { name: 'local' } })
  })

  test('needs its cloud', () => {
    expect(parsed({ ...deleting, spec: { cloud: null } })).toMatchObject({ kind: 'invalid' })
  })
})
