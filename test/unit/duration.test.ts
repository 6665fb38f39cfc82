import { describe, expect, test } from 'vitest'
import { readDuration, writeDuration } from '../../src/lib/duration.ts'

describe('a duration', () => {
  test.each([
    ['10s', 10_000],
    ['1h30m', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['90m', 5_400_000],
    ['1s1s', 2_000],
    ['0s', 0],
    ['99999h', 359_996_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(readDuration(text)).toBe(ms)
  })

  test.each(['', '10', 's', '1d', '1.5h', '-1h', '1h ', '100000s', '1h1m1s1ms1ms', '1h\n', '1H'])(
    '%j is none',
    text => {
      expect(readDuration(text)).toBeUndefined()
    },
  )

  test.each([
    [0, '0s'],
    [1, '1ms'],
    [10_000, '10s'],
    [5_400_000, '1h30m'],
    [86_400_000, '24h'],
    [3_723_004, '1h2m3s4ms'],
  ])('%i ms are written as %s and read again', (ms, text) => {
    expect([writeDuration(ms), readDuration(text)]).toEqual([text, ms])
  })
})
