import { assert, constantFrom, double, nat, property } from 'fast-check'
import { expect, test } from 'vitest'
import { pauseAfter } from '../../src/kube/attempts.ts'
import { noAnswer, refusal } from '../../src/kube/fault.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const after = (status: number, retryAfter: string, date?: string) =>
  refusal(status, undefined, retryAfter, date)

test('nobody comes back before the time, nor later than half of it again', () => {
  const share = double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  assert(
    property(nat(3_600), share, constantFrom(...methods), (seconds, random, method) => {
      const pause = pauseAfter(after(429, String(seconds)), { method }, 1, () => random) ?? -1
      expect(pause).toBeGreaterThanOrEqual(seconds * 1_000)
      expect(pause).toBeLessThan(seconds * 1_500 + 200)
    }),
  )
})

test('only a 429 lets a write come again', () => {
  for (const method of methods.filter(one => one !== 'GET')) {
    const errors = [noAnswer('Unreachable', 'x'), noAnswer('Timeout', 'x'), after(500, '1'), after(503, '1')]
    expect(errors.map(error => pauseAfter(error, { method }, 1, () => 0))).toEqual(
      errors.map(() => undefined),
    )
    expect(pauseAfter(after(429, '1'), { method }, 1, () => 0)).toBe(1_000)
  }
})

test.each([
  { given: 'seconds', header: '7', ms: 7_000 },
  { given: 'a date, by the clock of who wrote it', header: 'Thu, 01 Jan 1970 00:02:05 GMT', ms: 5_000 },
  { given: 'a date that has passed', header: 'Thu, 01 Jan 1970 00:01:00 GMT', ms: 0 },
  { given: 'a negative number', header: '-1', ms: undefined },
  { given: 'more than a day', header: '86401', ms: undefined },
  { given: 'nothing', header: '', ms: undefined },
  { given: 'a word', header: 'soon', ms: undefined },
])('Retry-After: $given', ({ header, ms }) => {
  expect(after(429, header, 'Thu, 01 Jan 1970 00:02:00 GMT').retryAfterMs).toBe(ms)
})

test('the body of a Status says it where no header does', () => {
  expect(refusal(429, { details: { retryAfterSeconds: 3 } }, undefined).retryAfterMs).toBe(3_000)
})
