import { describe, expect, test } from 'vitest'

import type { RenewedPart } from '../../src/model/action.ts'
import type { Fault } from '../../src/model/faults.ts'
import { machineId } from '../../src/model/names.ts'
import type { Condition } from '../../src/model/status.ts'
import type { World } from '../../src/model/world.ts'
import type { Outcome } from '../../src/reconcile/act.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { reports, transitions } from '../../src/reconcile/reports.ts'
import { aScheduler, aWorld, type Seeing } from '../support/a-world.ts'

const provided = { kind: 'provided', secrets: { scheduler: 'mine', worker: 'mine', client: 'mine' } } as const

const condition = (
  reason: string,
  message: string,
  type = 'CertificatesReady',
  status: Condition['status'] = 'False',
) => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
})
const good = condition('Provided', 'good', 'CertificatesReady', 'True')

const issue = { type: 'issue-certificates', because: 'none were there yet' } as const
const failed = (fault: Fault): Outcome => ({ action: issue, kind: 'failed', fault, problem: 'why', error: 0 })

test.each([
  { fault: 'invalid', want: ['Stalled IssueFailed'] },
  { fault: 'unauthorized', want: ['Stalled IssueFailed'] },
  { fault: 'unavailable', want: ['Reconciling Starting'] },
] as const)('certificates that could not be asked for, $fault: $want', ({ fault, want }) => {
  const world = aWorld({ world: { certificates: { kind: 'missing' }, hasServed: false } })
  const found = findings(world, [failed(fault)]).filter(({ type }) => /^Stalled$|^Reconciling$/.test(type))
  expect(found.map(({ type, reason }) => `${type} ${reason}`)).toEqual(want)
})

test('an authority and a certificate that were given are told apart in the event', () => {
  const [give, because] = ['renew-machine-certificates', 'x'] as const
  const step = (part: RenewedPart): Outcome => ({
    action: { type: give, role: 'scheduler', part, machines: [machineId('s')], because },
    kind: 'done',
  })
  expect(reports([step('given'), step('authorities')]).map(({ message }) => message)).toEqual([
    '1 scheduler given its part of the certificates that you brought while running: x.',
    '1 scheduler given the authorities to trust while running: x.',
  ])
})

describe('ServiceReady', () => {
  const service = { kind: 'seen', service: 'kept', slice: 'missing' } as const
  const told = (host: string, seeing: Seeing = {}) => {
    const world = aWorld({ machines: [aScheduler({ state: { kind: 'starting' } })], ...seeing })
    const endpoint = { host, port: 8786 }
    const address = { internal: endpoint, external: endpoint }
    const inventory = world.inventory.kind === 'seen' ? { ...world.inventory, address } : world.inventory
    return findings({ ...world, service, inventory }, []).filter(({ type }) => type === 'ServiceReady')
  }

  test.each(['127.0.0.1', '127.3.2.1', 'played'])(
    'is not there where no pod has a use for %s, awake or asleep',
    host => {
      expect(told(host)).toEqual([])
      expect(told(host, { phase: 'suspended' })).toEqual([])
    },
  )

  test('says so where it leads nowhere for now', () => {
    expect(told('10.0.0.7').map(({ reason }) => reason)).toEqual(['Missing'])
    expect(told('10.0.0.7', { phase: 'suspended' }).map(({ reason }) => reason)).toEqual(['NotWanted'])
  })
})

describe('a mistake in a Secret', () => {
  test.each([
    {
      given: 'while the cluster runs',
      before: [good],
      after: [condition('SecretInvalid', 'a key')],
      want: ['SecretInvalid a key'],
    },
    {
      given: 'that stays',
      before: [condition('SecretInvalid', 'a key')],
      after: [condition('SecretInvalid', 'a key')],
      want: [],
    },
    {
      given: 'after another of its kind',
      before: [condition('SecretInvalid', 'a key')],
      after: [condition('SecretInvalid', 'a date')],
      want: ['SecretInvalid a date'],
    },
    {
      given: 'before there is a machine',
      before: [],
      after: [condition('SecretInvalid', 'a key'), condition('SecretInvalid', 'a key', 'Stalled', 'True')],
      want: ['SecretInvalid a key'],
    },
    {
      given: 'that will be one soon',
      before: [good],
      after: [condition('ExpiresSoon', 'ends', 'CertificatesReady', 'True')],
      want: ['ExpiresSoon ends'],
    },
    { given: 'that is mended', before: [condition('SecretInvalid', 'a key')], after: [good], want: [] },
  ])('$given: events $want', ({ before, after, want }) => {
    expect(transitions(before, after).map(({ reason, message }) => `${reason} ${message}`)).toEqual(want)
  })
})

test('what is to be done after a Secret was mended is told as well, once', () => {
  const first = condition('CertificateExpired', 'replace it')
  const before = [first, { ...first, type: 'Stalled', status: 'True' as const }]
  const after = [good, condition('CertificateExpired', 'restart it', 'Stalled', 'True')]
  expect(transitions(before, after).map(({ message }) => message)).toEqual(['restart it'])
  expect(transitions(after, after)).toEqual([])
})

describe('a request for new certificates', () => {
  const asked = { leaves: 'x', authority: '' }
  const ignored = (tls: World['cluster']['tls'], renewal: World['cluster']['renewal'] = asked) => {
    const base = aWorld()
    const cluster = { ...base.cluster, tls, renewal }
    const found = findings({ ...base, cluster }, []).filter(({ type }) => type === 'RenewalIgnored')
    expect(
      transitions(
        [],
        found.map(each => ({ ...each, observedGeneration: 1, lastTransitionTime: '' })),
      ),
    ).toHaveLength(found.length)
    return found.map(({ message }) => message)
  }

  test('that nobody here can fulfil is answered with what to do instead', () => {
    expect(ignored(provided)).toEqual([
      'cloud.dask.org/renew has no effect with security.tls.mode Provided: replace what is in Secret mine, ca.crt too for another authority. It is seen within a minute. Take the annotation away.',
    ])
    const issuer = {
      kind: 'issuer',
      issuer: { name: 'x', kind: 'Issuer', group: 'cert-manager.io' },
    } as const
    expect(ignored(issuer, { leaves: 'x', authority: 'y' })).toEqual([
      expect.stringMatching(
        /^cloud.dask.org\/renew and cloud.dask.org\/renew-authority have no effect.*cmctl renew/,
      ),
    ])
    expect(ignored({ kind: 'disabled' })).toHaveLength(1)
  })

  test('is no news where it is fulfilled, or was not made', () => {
    expect(ignored({ kind: 'generated' })).toEqual([])
    expect(ignored(provided, { leaves: '', authority: '' })).toEqual([])
  })
})
