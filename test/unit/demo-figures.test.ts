import { expect, test } from 'vitest'
import { requestWords, workIn } from '../../scripts/demo/figures.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

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
