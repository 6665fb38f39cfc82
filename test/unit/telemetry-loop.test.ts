import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { watchLoop } from '../../src/telemetry/loop.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { sampled } from '../support/scrape.ts'

const stallMs = 150
const beatMs = 10

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('a stall is measured, told to every reader for a minute, and then no more', async () => {
  const metrics = createMetrics()
  let now = 0
  using _ = watchLoop(metrics, () => now)
  const longest = async (): Promise<number> =>
    sampled(await metrics.read(), 'dask_cloud_operator_loop_stall_ms')
  block(stallMs)
  const first = await longest()
  expect(first).toBeGreaterThanOrEqual(stallMs - beatMs)
  now = 60_000
  expect(await longest()).toBeGreaterThanOrEqual(first)
  const isForgotten = async (): Promise<true | undefined> => {
    now += 62_000
    return (await longest()) < first ? true : undefined
  }
  expect(await poll(isForgotten, beatMs, { signal: AbortSignal.timeout(10_000) })).toBe(true)
})
