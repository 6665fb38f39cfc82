import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { noAnswer } from '../../src/kube/fault.ts'
import { Thaw } from '../../src/kube/thaw.ts'
import { busiestSecond } from '../support/arrivals.ts'

const call = { signal: new AbortController().signal }
const lost = noAnswer('Unreachable', 'nobody accepts')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** When each of so many requests that come at once is let through. */
async function herd(thaw: Thaw, count: number): Promise<readonly { readonly at: number }[]> {
  const through: { at: number }[] = []
  const all = Array.from({ length: count }, async () => {
    await thaw.admit(call)
    through.push({ at: Date.now() })
  })
  await vi.advanceTimersByTimeAsync(60_000)
  await Promise.all(all)
  return through
}

test('a connection that breaks holds nothing back', async () => {
  const thaw = new Thaw(Date.now)
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(4_999)
  thaw.answered()
  const came = await herd(thaw, 300)
  expect(busiestSecond(came)).toHaveLength(300)
})

test('an API server that returns is asked less than 50 times in any second, and of nothing more than 10 s later', async () => {
  const thaw = new Thaw(Date.now)
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(300_000)
  thaw.answered()
  const back = Date.now()
  const came = await herd(thaw, 340)
  expect(busiestSecond(came).length).toBeLessThanOrEqual(44)
  expect(Math.max(...came.map(({ at }) => at)) - back).toBeLessThanOrEqual(10_000)
  expect(busiestSecond(await herd(thaw, 300))).toHaveLength(300)
})

test('its return ends what may wait in vain, once for each outage, and none for a connection that breaks', async () => {
  const thaw = new Thaw(Date.now)
  const first = thaw.back
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(4_999)
  thaw.answered()
  expect(first.aborted).toBe(false)
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(5_000)
  thaw.answered()
  expect(first.reason).toMatchObject({ name: 'KubeError', status: 0, reason: 'Returned' })
  const second = thaw.back
  thaw.failed(noAnswer('Returned', 'it answers again'))
  await vi.advanceTimersByTimeAsync(60_000)
  thaw.answered()
  expect(second.aborted).toBe(false)
})

test('while it is away hardly anybody tries, and whoever waits for that goes on as soon as it is back', async () => {
  const thaw = new Thaw(Date.now)
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(5_000)
  const times: number[] = []
  const all = Array.from({ length: 300 }, () => thaw.admit(call).then(() => times.push(Date.now())))
  await vi.advanceTimersByTimeAsync(20_000)
  const tries = times.map(at => ({ at }))
  expect([tries.length >= 20, busiestSecond(tries).length <= 4]).toEqual([true, true])
  thaw.answered()
  const back = Date.now()
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(all)
  const after = times.slice(tries.length).map(at => ({ at: at - back }))
  expect(busiestSecond(after).length).toBeLessThanOrEqual(40)
})

test('what we stopped ourselves says nothing of it', async () => {
  const thaw = new Thaw(Date.now)
  thaw.failed(noAnswer('Stopped', 'the request was stopped'))
  await vi.advanceTimersByTimeAsync(300_000)
  thaw.answered()
  expect(busiestSecond(await herd(thaw, 300))).toHaveLength(300)
})

test('who may wait no longer is told so as by any other request', async () => {
  const thaw = new Thaw(Date.now)
  thaw.failed(lost)
  await vi.advanceTimersByTimeAsync(5_000)
  const crowd = herd(thaw, 100)
  const stop = new AbortController()
  const waiting = thaw.admit(stop)
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toMatchObject({ name: 'KubeError', reason: 'Stopped' })
  thaw.answered()
  await crowd
})
