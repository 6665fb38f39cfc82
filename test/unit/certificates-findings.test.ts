import { describe, expect, test } from 'vitest'

import type { Condition } from '../../src/model/status.ts'
import type { World } from '../../src/model/world.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { transitions } from '../../src/reconcile/reports.ts'
import { aWorld } from '../support/a-world.ts'

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
