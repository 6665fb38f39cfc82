import { expect, test } from 'vitest'
import { sweepEvent } from '../../src/app/sweeping.ts'
import { orphansOf, orphanTable } from '../../src/cli/orphans.ts'
import { plain } from '../../src/cli/screen.ts'
import type { SweepReport } from '../../src/controller/sweeper.ts'
import { clusterKey, clusterUid } from '../../src/model/names.ts'
import { ago, now } from '../support/plugin-sight.ts'

const aReport = (known: Partial<SweepReport>, name = 'demo'): SweepReport => ({
  place: 'aws/123456789012/us-east-1',
  holding: {
    owner: clusterUid('0f0a4a4e-0000-4000-8000-000000000001'),
    key: clusterKey('team-a', name),
    items: ['i-1', 'i-2'],
    machines: 2,
  },
  outcome: 'found',
  isWitnessed: false,
  ...known,
})

/** As the operator tells it, oldest first. */
const told = (...reports: readonly SweepReport[]) =>
  reports.map((report, at) => {
    const { kind: type = 'Normal', reason = '', message = '' } = sweepEvent(report, 900_000) ?? {}
    return { at: ago(60 * (reports.length - at)), type, reason, message, count: 1 }
  })

test.each([
  { outcome: 'found', isWitnessed: false, state: 'found' },
  { outcome: 'found', isWitnessed: true, state: 'found' },
  { outcome: 'kept', isWitnessed: false, state: 'kept' },
  { outcome: 'too-many', isWitnessed: false, state: 'kept' },
  { outcome: 'ended', isWitnessed: false, state: 'ended' },
] as const)('what is $outcome is taken apart', ({ outcome, isWitnessed, state }) => {
  expect(orphansOf(told(aReport({ outcome, isWitnessed })))).toEqual([
    expect.objectContaining({
      state,
      place: 'aws/123456789012/us-east-1',
      cluster: 'team-a/demo',
      uid: '0f0a4a4e-0000-4000-8000-000000000001',
      items: 'i-1, i-2',
    }),
  ])
})

test('the last word about each cluster and place is shown, and other events are not', () => {
  const others = [{ at: ago(1), type: 'Normal', reason: 'LeaderElection', message: 'leads', count: 1 }]
  const news = [
    { at: ago(1), type: 'Warning', reason: 'OrphansKept', message: 'In words of a later version.', count: 1 },
  ]
  const here = aReport({})
  const found = orphansOf([
    ...told(here, aReport({ place: 'the Secrets of dask-system' }), { ...here, outcome: 'ended' }),
    ...others,
    ...news,
  ])
  expect(`${orphanTable(found, now, { paint: plain })}\n`).toBe(`\
AGE  STATE         CLUSTER      PLACE                       WHAT
2m   found         team-a/demo  the Secrets of dask-system  i-1, i-2
60s  asked to end  team-a/demo  aws/123456789012/us-east-1  i-1, i-2
1s   left alone    -            -                           In words of a later version.
`)
})
