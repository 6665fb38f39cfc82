import { expect, test } from 'vitest'

import type { CertificatesView } from '../../src/model/certificates.ts'
import { plan } from '../../src/plan/plan.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { reports } from '../../src/reconcile/reports.ts'
import { aLaunch, aMachine, aScheduler, now } from '../support/a-world.ts'
import { aged, aRotatingWorld, inWords, type Rotating, since } from '../support/rotating.ts'

type Valid = Extract<CertificatesView, { kind: 'valid' }>

const both = ['new', 'old']
/** What machines of all roles are to hold: a certificate of a day, and trust in these authorities. */
const wanting = (days: number, authorities: readonly string[], more: Partial<Valid> = {}): Valid => {
  const marks = { certificate: aged(days).certificate, authorities }
  return {
    kind: 'valid',
    notAfter: now + 1e9,
    renewAt: Infinity,
    marks: { scheduler: marks, worker: marks },
    ...more,
  }
}
const introducing = { stage: { kind: 'introducing', since } } as const
const leaving = { stage: { kind: 'leaving', since } } as const
const world = (certificates: Valid, given: Rotating = {}) =>
  aRotatingWorld({ ...given, world: { certificates, ...given.world } })

const old = aged(9)
const knowing = aged(9, both)
const cases: readonly (Rotating & {
  readonly given: string
  readonly certificates: Valid
  readonly want: readonly string[]
})[] = [
  {
    given: 'all hold what was given',
    certificates: wanting(9, ['old']),
    holds: [old, old, old],
    want: [],
  },
  {
    given: 'a second authority was given: all are told of it while they run',
    certificates: wanting(9, both, introducing),
    holds: [old, old, knowing],
    want: ['authorities of scheduler s', 'authorities of worker a'],
  },
  {
    given: 'a worker does not know it yet',
    certificates: wanting(9, both, introducing),
    holds: [knowing, knowing, old],
    want: ['authorities of worker b'],
  },
  {
    given: 'all know it',
    certificates: wanting(9, both, introducing),
    holds: [knowing, knowing, knowing],
    want: ['change-authority'],
  },
  {
    given: 'all know it and clients are to have more time',
    certificates: wanting(9, both, introducing),
    holds: [knowing, knowing, knowing],
    world: { authorityOverlapMs: 60_001 },
    want: [],
  },
  {
    given: 'all know it and a machine is on its way',
    certificates: wanting(9, both, introducing),
    holds: [knowing, knowing, knowing],
    replicas: 3,
    launches: [aLaunch('000000000000000a', { state: { kind: 'unknown', since } })],
    want: ['send-launches'],
  },
  {
    given: 'the new certificates are there: the scheduler takes its own, workers come after it',
    certificates: wanting(0, both, leaving),
    holds: [knowing, knowing, knowing],
    want: ['given of scheduler s'],
  },
  {
    given: 'the scheduler has its own: a worker makes room',
    certificates: wanting(0, both, leaving),
    holds: [aged(0, both), knowing, aged(0, both)],
    want: ['launch 1'],
  },
  {
    given: 'other certificates of the same authority are there, and the worker is young',
    certificates: wanting(0, ['old']),
    holds: [aged(0), old, aged(0)],
    machines: [aScheduler(), aMachine('a', { ageMs: 3_599_000 }), aMachine('b')],
    want: [],
  },
  {
    given: 'the worker is an hour old',
    certificates: wanting(0, ['old']),
    holds: [aged(0), old, aged(0)],
    machines: [aScheduler(), aMachine('a', { ageMs: 3_600_000 }), aMachine('b')],
    want: ['launch 1'],
  },
  {
    given: 'all have them',
    certificates: wanting(0, both, leaving),
    holds: [aged(0, both), aged(0, both), aged(0, both)],
    want: ['drop-authority'],
  },
  {
    given: 'the old authority is gone from what was given',
    certificates: wanting(0, ['new']),
    holds: [aged(0, ['new']), aged(0, both), aged(0, ['new'])],
    want: ['authorities of worker a'],
  },
  {
    given: 'the scheduler tells nothing',
    certificates: wanting(9, both, introducing),
    holds: [undefined, knowing, knowing],
    want: [],
  },
  {
    given: 'the cluster is suspended in the middle',
    certificates: wanting(9, both, introducing),
    phase: 'suspended',
    machines: [],
    world: { scheduler: { kind: 'unasked' } },
    want: ['change-authority'],
  },
]

test('the event says that the scheduler has what was given, and not that its time was nearly over', () => {
  const [action] = plan(world(wanting(0, ['old']), { holds: [old, aged(0), aged(0)] }))
  if (action === undefined) throw new Error('nothing was planned')
  expect(reports([{ kind: 'done', action }]).map(({ message }) => message)).toEqual([
    '1 scheduler given its part of the certificates that you brought while running: the Secrets that certificates are taken from have others now.',
  ])
})

test.each(cases)('where $given: $want', ({ want, given: _given, certificates, ...given }) => {
  expect(plan(world(certificates, given)).map(inWords)).toEqual(want)
})

test('what is given says that the Secrets have others now', () => {
  const steps = plan(world(wanting(0, both, leaving), { holds: [knowing, knowing, knowing] }))
  expect(steps.map(({ because }) => because)).toEqual([
    'the Secrets that certificates are taken from have others now',
  ])
})

const shown = (certificates: Valid): string | undefined =>
  findings(world(certificates), []).find(({ type }) => type === 'CertificatesReady')?.reason

test('a roll of what was given is shown for as long as it lasts, and what is wrong with what was given is too', () => {
  expect([introducing, leaving].map(stage => shown(wanting(9, both, stage)))).toEqual([
    'AuthorityRolling',
    'AuthorityRolling',
  ])
  expect(shown(wanting(9, both, { concern: { reason: 'SecretInvalid', problem: 'x' } }))).toBe(
    'SecretInvalid',
  )
})
