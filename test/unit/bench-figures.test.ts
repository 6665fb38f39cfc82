import { expect, test } from 'vitest'
import { figureNames, isMet, shown } from '../../scripts/bench/figures.ts'
import { parseOptions, usage } from '../../scripts/bench/options.ts'
import { perSecond } from '../../scripts/bench/statistics.ts'
import { percentile } from '../../scripts/percentile.ts'

const oneToHundred = Array.from({ length: 100 }, (_, at) => 100 - at)

test.each([
  { given: 'the median of an even number', samples: [4, 1, 3, 2], share: 0.5, want: 2 },
  { given: 'the median of an odd number', samples: [9, 1, 5], share: 0.5, want: 5 },
  { given: '99 of 100', samples: oneToHundred, share: 0.99, want: 99 },
  { given: '99 of 100, of few', samples: [1, 2, 3], share: 0.99, want: 3 },
  {
    given: '99 in 100, of 300',
    samples: Array.from({ length: 300 }, (_, at) => at + 1),
    share: 0.99,
    want: 297,
  },
  { given: 'one value', samples: [7], share: 0.5, want: 7 },
  { given: 'the least of all', samples: [3, 2], share: 0, want: 2 },
  { given: 'nothing', samples: [], share: 0.5, want: Number.NaN },
])('percentile: $given', ({ samples, share, want }) => {
  expect(percentile(samples, share)).toBe(want)
})

test('a rate is a count for each second', () => {
  expect(perSecond(300, 6_000)).toBe(50)
})

test('an aim is met at its limit, and held against what was measured, not what is shown', () => {
  expect(isMet({ at: 'most', limit: 16 }, 16)).toBe(true)
  expect(isMet({ at: 'least', limit: 50 }, 49.99)).toBe(false)
  expect(shown('clusters_per_s', 49.99)).toMatch(/ 50 \/s +aim: at least 50 +MISSED$/)
  expect(shown('first_launch_p99_ms', 250)).toMatch(/ 250 ms +aim: at most 250 +met$/)
  expect(shown('raw_writes_per_s', 1_234.5)).toMatch(/ 1235 \/s$|1234 \/s$/)
})

test('the figures have the names that others read', () => {
  expect(figureNames).toEqual([
    'first_launch_p50_ms',
    'first_launch_p99_ms',
    'clusters_per_s',
    'writes_per_cluster_2',
    'writes_per_cluster_200',
    'events_per_cluster',
    'rss_mb',
    'writes_at_rest',
    'loop_stall_ms',
    'raw_writes_per_s',
    'operator_cpu_ms',
    'apiserver_cpu_ms',
    'kib_per_scheduler',
  ])
})

test('options have defaults, and an unknown one is refused by its name', () => {
  expect(parseOptions(['--json', 'x.json', '--clusters=5'])).toMatchObject({ json: 'x.json', clusters: 5 })
  expect(parseOptions([])).toMatchObject({ clusters: 300, workers: 200, restSeconds: 60 })
  expect(() => parseOptions(['--cluster', '5'])).toThrow('--cluster')
  const defaults = Object.values(parseOptions([])).filter(value => typeof value === 'number')
  expect(defaults.filter(value => !usage.includes(`(${value})`))).toEqual([])
})
