import { expect, test } from 'vitest'
import { updatedConditions } from '../../src/model/conditions.ts'
import { type Judged, type Kstatus, kstatus } from '../support/kstatus.ts'

const on = (...types: readonly string[]) => types.map(type => ({ type, status: 'True' }))
const metadata = { generation: 2 }

const cases: readonly { readonly given: string; readonly seen: Judged; readonly want: Kstatus }[] = [
  { given: 'nothing', seen: { metadata }, want: 'Current' },
  {
    given: 'an older generation',
    seen: { metadata, status: { observedGeneration: 1, conditions: on('Ready') } },
    want: 'InProgress',
  },
  { given: 'Ready', seen: { metadata, status: { conditions: on('Ready') } }, want: 'Current' },
  {
    given: 'Ready is Unknown',
    seen: { metadata, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
    want: 'InProgress',
  },
  {
    given: 'Ready and Reconciling',
    seen: { metadata, status: { conditions: on('Ready', 'Reconciling') } },
    want: 'InProgress',
  },
  {
    given: 'Reconciling before Stalled',
    seen: { metadata, status: { conditions: on('Reconciling', 'Stalled') } },
    want: 'InProgress',
  },
  {
    given: 'a deletion of what failed',
    seen: { metadata: { ...metadata, deletionTimestamp: 'now' }, status: { conditions: on('Stalled') } },
    want: 'Terminating',
  },
]

test.each(cases)('kstatus makes of $given: $want', ({ seen, want }) => {
  expect(kstatus(seen)).toBe(want)
})

test('Stalled stands before Reconciling, however they were found, so that kstatus calls it failed', () => {
  const found = ['Reconciling', 'Ready', 'Stalled'].map(type => ({
    type,
    status: 'True' as const,
    reason: 'Any',
    message: '',
  }))
  const conditions = updatedConditions([], found, { generation: 2, at: '2026-11-27T00:00:00Z' })
  expect(kstatus({ metadata, status: { observedGeneration: 2, conditions } })).toBe('Failed')
})
