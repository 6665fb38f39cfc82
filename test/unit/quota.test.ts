import { expect, test } from 'vitest'
import { type Claim, within } from '../../src/plan/quota.ts'
import { QuotaBook } from '../../src/plan/quota-book.ts'
import { seeded } from '../support/random.ts'

const claim = (uid: string, workers: number, held?: number): Claim => ({
  uid,
  createdAt: uid.charCodeAt(0),
  workers,
  held,
})

test.each([
  {
    given: 'room for all',
    quota: { clusters: 2, workers: 4 },
    claims: [claim('a', 2), claim('b', 2)],
    want: 'ab',
  },
  { given: 'no limit', quota: {}, claims: [claim('a', 200), claim('b', 2000)], want: 'ab' },
  {
    given: 'one cluster too many: the oldest first',
    quota: { clusters: 1 },
    claims: [claim('b', 1), claim('a', 1)],
    want: 'a',
  },
  {
    given: 'an older one that comes late',
    quota: { clusters: 1 },
    claims: [claim('b', 1, 1), claim('a', 1)],
    want: 'b',
  },
  { given: 'too many workers', quota: { workers: 3 }, claims: [claim('a', 2), claim('b', 2)], want: 'a' },
  {
    given: 'one that is too large in front',
    quota: { workers: 3 },
    claims: [claim('a', 4), claim('b', 2)],
    want: 'b',
  },
  { given: 'growth within', quota: { workers: 3 }, claims: [claim('a', 3, 2)], want: 'a' },
  { given: 'growth beyond', quota: { workers: 3 }, claims: [claim('a', 4, 2)], want: '' },
  {
    given: 'growth before a newcomer',
    quota: { workers: 3 },
    claims: [claim('a', 3, 2), claim('b', 1)],
    want: 'a',
  },
  {
    given: 'what one gives back',
    quota: { workers: 3 },
    claims: [claim('a', 1, 3), claim('b', 2)],
    want: 'ab',
  },
  {
    given: 'a quota that was lowered',
    quota: { clusters: 1, workers: 2 },
    claims: [claim('a', 3, 3), claim('b', 3, 3)],
    want: 'ab',
  },
  {
    given: 'a newcomer after that',
    quota: { clusters: 1, workers: 2 },
    claims: [claim('a', 3, 3), claim('c', 0)],
    want: 'a',
  },
  {
    given: 'two created in the same moment',
    quota: { clusters: 1 },
    claims: [
      { ...claim('b', 1), createdAt: 0 },
      { ...claim('a', 1), createdAt: 0 },
    ],
    want: 'a',
  },
])('$given', ({ quota, claims, want }) => {
  expect([...within(quota, claims)].toSorted().join('')).toBe(want)
})

test('a book that is kept up to date says what a look at all claims says', () => {
  const random = seeded(7)
  const pick = (most: number): number => random.below(most)
  const book = new QuotaBook()
  const claims = new Map<string, Claim>()
  let refusals = 0
  for (let step = 0; step < 3_000; step += 1) {
    const uid = `c${pick(12)}`
    const held = pick(2) === 0 ? undefined : pick(5)
    if (pick(6) === 0) {
      claims.delete(uid)
      book.delete(uid)
    } else {
      const next = { uid, createdAt: pick(5), workers: pick(6), held }
      claims.set(uid, next)
      book.set(next)
    }
    const quota = {
      clusters: pick(3) === 0 ? undefined : pick(9),
      workers: pick(3) === 0 ? undefined : pick(25),
    }
    const wanted = within(quota, [...claims.values()])
    const said = [...claims.keys()].filter(each => book.lets(quota, each))
    expect(said.toSorted()).toEqual([...wanted].toSorted())
    refusals += claims.size - said.length
  }
  expect(refusals).toBeGreaterThan(1_000)
})
