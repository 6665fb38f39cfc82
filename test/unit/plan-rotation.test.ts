import { describe, expect, test } from 'vitest'

import { machineId } from '../../src/model/names.ts'
import type { RotationView } from '../../src/model/renewal.ts'
import { plan } from '../../src/plan/plan.ts'
import { findings } from '../../src/reconcile/findings.ts'
import { aLaunch, aMachine, aScheduler, aWorker, now } from '../support/a-world.ts'
import {
  aged,
  aRotatingWorld,
  day,
  holding,
  introducing,
  inWords,
  leaving,
  type Rotating,
  settled,
  since,
} from '../support/rotating.ts'

const steps = (given: Rotating): readonly string[] => plan(aRotatingWorld(given)).map(inWords)

const both = ['new', 'old']
const young = { ...aged(0, both), notBefore: since }

const cases: readonly (Rotating & { readonly given: string; readonly want: readonly string[] })[] = [
  { given: 'all are young', want: [] },
  {
    given: 'one leaf has two thirds behind it',
    holds: [aged(1), aged(60), aged(59)],
    want: ['certificate of worker a'],
  },
  { given: 'the scheduler’s has', holds: [aged(60), aged(1), aged(1)], want: ['certificate of scheduler s'] },
  {
    given: 'the authority’s certificate was renewed',
    holds: [aged(1), aged(1, ['new']), aged(1)],
    rotation: { ...settled, authorities: ['new'] },
    want: ['authorities of scheduler s', 'authorities of worker b'],
  },
  { given: 'leaves are asked for', asked: { leaves: 'one' }, want: ['renew-leaves'] },
  {
    given: 'that was heard, and only one machine has one since',
    asked: { leaves: 'one' },
    rotation: { ...settled, leavesFrom: since, heard: { leaves: 'one', authority: '' } },
    holds: [aged(1), { ...aged(0), notBefore: since }, aged(1)],
    want: ['certificate of scheduler s', 'certificate of worker b'],
  },
  { given: 'an authority is asked for', asked: { authority: 'one' }, want: ['introduce-authority'] },
  {
    given: 'machines do not know the next one yet',
    rotation: introducing,
    holds: [aged(1, both), aged(1, both), aged(1)],
    want: ['authorities of worker b'],
  },
  {
    given: 'all know it',
    rotation: introducing,
    holds: [aged(1, both), aged(1, both)],
    want: ['change-authority'],
  },
  {
    given: 'all know it and clients are to have more time',
    rotation: introducing,
    holds: [aged(1, both)],
    world: { authorityOverlapMs: 60_001 },
    want: [],
  },
  {
    given: 'all know it and a machine is on its way',
    rotation: introducing,
    holds: [aged(1, both), aged(1, both)],
    replicas: 2,
    launches: [aLaunch('000000000000000a', { state: { kind: 'unknown', since } })],
    want: ['send-launches'],
  },
  {
    given: 'the new one signs and leaves are old',
    rotation: leaving,
    holds: [young, young, aged(1, both)],
    want: ['certificate of worker b'],
  },
  {
    given: 'all leaves are of the new one',
    rotation: leaving,
    holds: [young, young],
    want: ['drop-authority'],
  },
  {
    given: 'a worker says that it is done and goes on as before, for a day and more',
    rotation: { ...introducing, stage: { kind: 'introducing', since: now - day - 1 } },
    holds: [aged(1, both), aged(1, both), aged(1)],
    want: ['change-authority'],
  },
  {
    given: 'the scheduler does so',
    rotation: { ...introducing, stage: { kind: 'introducing', since: now - day - 1 } },
    holds: [aged(1), aged(1, both)],
    renewals: { s: { failures: 8, isDone: true } },
    want: [],
  },
  {
    given: 'the cluster is suspended in the middle',
    rotation: introducing,
    phase: 'suspended',
    machines: [],
    world: { scheduler: { kind: 'unasked' } },
    want: ['change-authority'],
  },
  {
    given: 'the scheduler is silent',
    rotation: leaving,
    world: { scheduler: { kind: 'silent', problem: 'x' } },
    memory: { unjoined: new Map([[machineId('s'), 0]]) },
    want: [],
  },
  {
    given: 'it was tried a moment ago',
    holds: [aged(60), aged(1), aged(1)],
    renewals: { s: { before: 'of day -60 old' } },
    want: [],
  },
  {
    given: 'it was tried a moment ago, and what came of it is due again',
    holds: [aged(60), aged(1), aged(1)],
    renewals: { s: { before: 'another' } },
    want: ['certificate of scheduler s'],
  },
  { given: 'it failed a moment ago', holds: [aged(60)], renewals: { s: { failures: 1 } }, want: [] },
  {
    given: 'it failed a while ago',
    holds: [aged(60)],
    renewals: { s: { failures: 1, at: now - 6_000 } },
    want: ['certificate of scheduler s'],
  },
  {
    given: 'nothing runs there',
    holds: [undefined, undefined],
    world: {
      scheduler: {
        kind: 'answering',
        id: 'x',
        workers: [aWorker('a')],
        idleness: { kind: 'busy' },
        isPlayed: true,
      },
    },
    rotation: leaving,
    want: ['drop-authority'],
  },
]

test.each(cases)('where $given: $want', ({ want, given: _given, ...given }) => {
  expect(steps(given)).toEqual(want)
})

const old = (ageMs: number) => [aScheduler(), aMachine('a', { ageMs }), aMachine('b')]

describe('a worker that cannot take new ones', () => {
  const hindrance = 'there is no openssl on it'
  const unable = { a: { hindrance, failures: 1 } }
  test('stays while its own are good for long enough', () => {
    expect(steps({ holds: [aged(1), aged(66), aged(1)], renewals: unable })).toEqual([])
  })
  test('is replaced when a quarter of its time is left: another first, then it hands over', () => {
    const given = { holds: [aged(1), aged(68), aged(1)], renewals: unable }
    expect(steps(given)).toEqual(['launch 1'])
    const three = [aScheduler(), ...['a', 'b', 'c'].map(id => aMachine(id))]
    const workers = [holding('a', aged(68)), holding('b', aged(1)), holding('c', aged(1))]
    const scheduler = {
      kind: 'answering',
      id: 'x',
      workers,
      idleness: { kind: 'busy' },
      holds: aged(1),
    } as const
    expect(steps({ ...given, machines: three, world: { scheduler } })).toEqual(['drain-workers a'])
  })
  test('is replaced at once where new ones were asked for', () => {
    const rotation = { ...settled, leavesFrom: since }
    const fresh = { ...aged(0), notBefore: since }
    expect(steps({ rotation, holds: [fresh, aged(1), fresh], renewals: unable })).toEqual(['launch 1'])
  })
  test('tells nothing where it is of an older version: it is asked once its leaf can only be old', () => {
    const rotation = { ...settled, launchedWith: { scheduler: aged(1), worker: aged(1) } }
    const holds = [aged(1), undefined, aged(1)]
    expect(steps({ rotation, holds, machines: old(3_600_000) })).toEqual([])
    expect(steps({ rotation, holds, machines: old(2 * day) })).toEqual(['certificate of worker a'])
    expect(steps({ rotation, holds, machines: old(2 * day), renewals: unable })).toEqual([])
    const later = { ...rotation, launchedWith: { scheduler: aged(8), worker: aged(8) } }
    expect(steps({ rotation: later, holds, machines: old(9 * day), renewals: unable })).toEqual(['launch 1'])
  })
  test('has the leaf before, where it was made in the quarter of an hour by which leaves are dated back', () => {
    const madeMs = 8 * day
    const rotation = { ...settled, launchedWith: { scheduler: aged(8), worker: aged(8) } }
    const holds = [aged(1), undefined, aged(1)]
    expect(steps({ rotation, holds, machines: old(madeMs - 10 * 60_000) })).toEqual([
      'certificate of worker a',
    ])
    expect(steps({ rotation, holds, machines: old(madeMs - 16 * 60_000) })).toEqual([])
  })
})

test('a scheduler that cannot keeps what it remembers, and a condition says until when', () => {
  const given = {
    holds: [aged(80)],
    renewals: { s: { hindrance: 'there is no openssl on it', failures: 1 } },
  }
  expect(steps(given)).toEqual([])
  expect(findings(aRotatingWorld(given), []).find(({ type }) => type === 'UpdatePending')).toMatchObject({
    reason: 'CertificateEnding',
    message: expect.stringContaining(
      `no openssl on it. With what it has, nobody can connect to it after ${new Date(now + 10 * day).toISOString()}`,
    ),
  })
})

const reason = (rotation: RotationView): string | undefined =>
  findings(aRotatingWorld({ rotation }), []).find(({ type }) => type === 'CertificatesReady')?.reason

test('a roll of the authority is shown for as long as it lasts', () => {
  expect([settled, introducing, leaving].map(reason)).toEqual([
    'Issued',
    'AuthorityRolling',
    'AuthorityRolling',
  ])
})
