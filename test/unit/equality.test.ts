import { expect, test } from 'vitest'
import { isAlike } from '../../src/lib/equality.ts'

test.each([
  {
    given: 'equal members in another order',
    one: { a: 1, b: [1, 'x'] },
    other: { b: [1, 'x'], a: 1 },
    want: true,
  },
  { given: 'a member that is undefined', one: { a: 1, b: undefined }, other: { a: 1 }, want: true },
  {
    given: 'another value far inside',
    one: { a: { b: [{ c: 1 }] } },
    other: { a: { b: [{ c: 2 }] } },
    want: false,
  },
  { given: 'one member more', one: { a: 1 }, other: { a: 1, b: 1 }, want: false },
  { given: 'as many members of other names', one: { a: 1 }, other: { b: 1 }, want: false },
  { given: 'a list and an object', one: [], other: {}, want: false },
  { given: 'lists in another order', one: [1, 2], other: [2, 1], want: false },
  { given: 'nothing and null', one: undefined, other: null, want: false },
  { given: 'not a number, twice', one: Number.NaN, other: Number.NaN, want: true },
])('$given', ({ one, other, want }) => {
  expect(isAlike(one, other)).toBe(want)
  expect(isAlike(other, one)).toBe(want)
})
