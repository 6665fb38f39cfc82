import { describe, expect, test } from 'vitest'
import { readLaunches, writeLaunches } from '../../src/api/launch-records.ts'
import { readPlacement, writePlacement } from '../../src/api/placement.ts'
import { readLedger, readStatus, statusPatch, writeLedger } from '../../src/api/status.ts'
import { updatedConditions } from '../../src/model/conditions.ts'
import type { Launch, LaunchState } from '../../src/model/launch.ts'
import { clusterUid, fingerprint, installationId, launchId, machineId, scope } from '../../src/model/names.ts'
import type { Condition, Finding, Status } from '../../src/model/status.ts'

const uid = clusterUid('4f4f5e9a-0000-4000-8000-000000000001')
const noon = '2026-08-01T12:00:00Z'
const later = '2026-08-01T13:00:00Z'

const found = (type: string, status: Finding['status'], message = ''): Finding => ({
  type,
  status,
  reason: 'Reason',
  message,
})
const condition = (of: Partial<Condition>): Condition => ({
  ...found('Ready', 'False'),
  observedGeneration: 1,
  lastTransitionTime: noon,
  ...of,
})
const moment = { generation: 2, at: later }

describe('conditions', () => {
  test('keep their time while their status stays, and follow everything else', () => {
    const before = [condition({ status: 'False', message: 'old' })]
    expect(updatedConditions(before, [found('Ready', 'False', 'new')], moment)).toEqual([
      condition({ status: 'False', message: 'new', observedGeneration: 2 }),
    ])
  })

  test('take the time of a change of status', () => {
    const [ready] = updatedConditions([condition({})], [found('Ready', 'True')], moment)
    expect(ready?.lastTransitionTime).toBe(later)
  })

  test('do not keep the time of the default, when nobody had looked yet', () => {
    const before = [condition({ status: 'Unknown', lastTransitionTime: '1970-01-01T00:00:00Z' })]
    expect(updatedConditions(before, [found('Ready', 'Unknown')], moment)[0]?.lastTransitionTime).toBe(later)
  })

  test('go when they are not found any more', () => {
    expect(updatedConditions([condition({ type: 'Stalled' })], [], moment)).toEqual([])
  })

  test('stand in one order, however they were found', () => {
    const types = ['WorkersReady', 'Reconciling', 'CertificatesReady', 'Ready', 'Stalled']
    const findings = types.map(type => found(type, 'True'))
    const sorted = ['Ready', 'Stalled', 'Reconciling', 'CertificatesReady', 'WorkersReady']
    expect(updatedConditions([], findings, moment).map(({ type }) => type)).toEqual(sorted)
    expect(updatedConditions([], findings.toReversed(), moment).map(({ type }) => type)).toEqual(sorted)
  })

  test('are cut to what the resource takes', () => {
    const [long] = updatedConditions([], [found('Ready', 'True', '🦆'.repeat(2000))], moment)
    expect(Array.from(long?.message ?? '')).toHaveLength(1024)
    expect(long?.message.endsWith('🦆…')).toBe(true)
  })
})

describe('status', () => {
  const status: Status = {
    observedGeneration: 1,
    cloud: 'local',
    conditions: [condition({})],
    schedulerAddress: 'tls://127.0.0.1:8786',
    workers: { replicas: 1, ready: 0, selector: 'a=b' },
    certificates: { notAfter: later, renewAt: noon },
  }

  test('is read as it was written', () => {
    const patch = statusPatch({ conditions: [] }, status)
    expect(readStatus(patch)).toEqual(status)
  })

  test('equal to what it was needs no patch', () => {
    expect(statusPatch(status, structuredClone(status))).toBeUndefined()
  })

  test('is patched where it differs, with null for what is gone', () => {
    const { schedulerAddress: _gone, ...rest } = status
    expect(statusPatch(status, { ...rest, workers: { replicas: 1, ready: 1, selector: 'a=b' } })).toEqual({
      schedulerAddress: null,
      workers: { replicas: 1, ready: 1, selector: 'a=b' },
    })
  })

  test('never carries what belongs to the ledger', () => {
    const stray = { ...status, launches: [], ledger: {} }
    expect(Object.keys(statusPatch({ conditions: [] }, stray) ?? {})).not.toContain('launches')
    expect(Object.keys(statusPatch({ conditions: [] }, stray) ?? {})).not.toContain('ledger')
  })

  test.each([undefined, null, 'text', { conditions: [{}] }])('that says %j is an empty one', raw => {
    expect(readStatus(raw).conditions.filter(({ type }) => type !== 'Ready')).toEqual([])
  })
})

describe('records', () => {
  const machines = [machineId('m-1'), machineId('m-2')]
  const states: readonly LaunchState[] = [
    { kind: 'open' },
    { kind: 'accepted', at: 1_785_585_600_123, machines },
    { kind: 'unknown', since: 1_785_585_600_124 },
    { kind: 'forgotten', since: 1_785_585_600_125 },
  ]
  const launches = states.map(
    (state, at): Launch => ({
      id: launchId(`000000000000000${at}`),
      owner: uid,
      generation: 1,
      scope: scope('local/here'),
      role: 'worker',
      group: 'default',
      count: 2,
      fingerprint: fingerprint('v1:00'),
      seq: at + 1,
      offerings: ['process'],
      offering: 0,
      requestHash: '00',
      recordedAt: 1_785_585_600_001,
      state,
    }),
  )

  test('of launches are read as they were written, to the millisecond', () => {
    expect(readLaunches(JSON.parse(JSON.stringify(writeLaunches(launches))), 'x')).toEqual(launches)
  })

  test('of the ledger are read as they were written', () => {
    expect(readLedger(writeLedger({ uid, seq: 7 }), 'x')).toEqual({ uid, seq: 7 })
  })

  test('of the placement are read as they were written', () => {
    const placement = { installation: installationId('i'), cloud: 'local', scope: scope('local/here') }
    expect(readPlacement(writePlacement(placement), 'x')).toEqual(placement)
  })

  test.each(['', '{', '[]', '{}', '{"installation":"i","cloud":"local","scope":"s","more":1}'])(
    'of the placement may not be %j',
    raw => {
      expect(() => readPlacement(raw, 'x')).toThrow(/^x/)
    },
  )
})
