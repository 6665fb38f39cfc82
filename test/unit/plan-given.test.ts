import { expect, test } from 'vitest'

import { plan } from '../../src/plan/plan.ts'
import { aMachine, aScheduler, now } from '../support/a-world.ts'
import { aged, aRotatingWorld, holding, inWords, type Rotating } from '../support/rotating.ts'

/** A cluster whose certificates were given: those of day 0, of the authority `mine`. */
const [old, given] = [aged(30, ['mine']), aged(0, ['mine'])]
const marks = { scheduler: given, worker: given }
const certificates = { kind: 'valid', notAfter: now + 1e9, renewAt: Infinity, marks } as const

const steps = ({ world, ...seen }: Rotating): readonly string[] =>
  plan(aRotatingWorld({ ...seen, world: { certificates, ...world } })).map(inWords)

const unable = { hindrance: 'it was launched by a version that renews nothing' }

test.each<Rotating & { readonly about: string; readonly want: readonly string[] }>([
  { about: 'all hold them', holds: [given, given, given], want: [] },
  { about: 'nobody tells what it holds', holds: [undefined, undefined, undefined], want: [] },
  { about: 'none holds them', holds: [old, old, old], want: ['given of scheduler s'] },
  {
    about: 'the scheduler was given them a moment ago',
    holds: [old, old],
    renewals: { s: { before: 'of day -30 mine' } },
    want: [],
  },
  { about: 'the scheduler holds them, a worker does not', holds: [given, old, given], want: ['launch 1'] },
  {
    about: 'the scheduler cannot take them',
    holds: [old, old, given],
    renewals: { s: unable },
    want: ['launch 1'],
  },
  {
    about: 'the scheduler trusts others, too',
    holds: [aged(0, ['mine', 'theirs']), given, given],
    want: ['given of scheduler s'],
  },
])('where $about: $want', ({ about: _about, want, ...seen }) => {
  expect(steps(seen)).toEqual(want)
})

test('a worker that lacks them is drained once another one serves', () => {
  const workers = [holding('a', old), holding('b', given), holding('c', given)]
  const scheduler = { kind: 'answering', id: 'S', idleness: { kind: 'busy' }, holds: given, workers } as const
  const machines = [aScheduler(), ...['a', 'b', 'c'].map(id => aMachine(id))]
  expect(steps({ holds: [given, old, given], machines, world: { scheduler } })).toEqual(['drain-workers a'])
})
