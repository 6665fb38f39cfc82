import { expect, test } from 'vitest'
import { quantile, requestWords, workIn } from '../../scripts/demo/figures.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

test.each([
  { of: [7], q: 0.99, want: 7 },
  { of: [1, 2, 3, 4], q: 0.5, want: 2 },
  { of: [1, 2, 3, 4, 5], q: 0.5, want: 3 },
  { of: Array.from({ length: 100 }, (_, at) => at + 1), q: 0.99, want: 99 },
  { of: Array.from({ length: 300 }, (_, at) => at + 1), q: 0.99, want: 297 },
])('the $q of $of.length values is $want', ({ of, q, want }) => {
  expect(quantile(of, q)).toBe(want)
})

test('memory and requests are read from what the operator serves', async () => {
  const metrics = createMetrics({ process: 'measured' })
  const host = '127.0.0.1:6443'
  for (let sent = 0; sent < 1200; sent++) metrics.kubeRequests.inc({ code: '200', method: 'PATCH', host })
  metrics.kubeRequests.inc({ code: '409', method: 'PATCH', host })
  metrics.kubeRequests.inc({ code: '200', method: 'GET', host })
  const work = workIn(await metrics.read())
  expect(requestWords(work)).toBe('1,202: 1,201 PATCH, 1 GET')
  expect(work.residentMb).toBeGreaterThan(10)
  expect(work.residentMb).toBeLessThan(10_000)
})
