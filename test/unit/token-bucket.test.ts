import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TokenBucket } from '../../src/lib/token-bucket.ts'

const call = { signal: new AbortController().signal }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Who was let through, and when. */
function record(bucket: TokenBucket) {
  const seen: string[] = []
  const began = Date.now()
  return {
    seen,
    take: (name: string, ...how: [number?, ('first' | 'usual')?]) =>
      bucket.take(call, ...how).then(() => seen.push(`${name} ${Date.now() - began}`)),
  }
}

test('a rest is paid back at once, the rest at the rate', async () => {
  const { seen, take } = record(new TokenBucket({ size: 2, perSecond: 2 }, Date.now))
  const all = Promise.all(['a', 'b', 'c', 'd'].map(name => take(name)))
  await vi.advanceTimersByTimeAsync(2_000)
  await all
  expect(seen).toEqual(['a 0', 'b 0', 'c 500', 'd 1000'])
})

test('what gives back goes before what takes, and nobody passes a large wish', async () => {
  const { seen, take } = record(new TokenBucket({ size: 10, perSecond: 10 }, Date.now))
  const all = Promise.all([take('all', 10), take('large', 8), take('small', 1), take('end', 1, 'first')])
  await vi.advanceTimersByTimeAsync(3_000)
  await all
  expect(seen).toEqual(['all 0', 'end 100', 'large 900', 'small 1000'])
})

test('more than the bucket holds counts as all of it', async () => {
  const { seen, take } = record(new TokenBucket({ size: 5, perSecond: 5 }, Date.now))
  const all = Promise.all([take('huge', 500), take('next')])
  await vi.advanceTimersByTimeAsync(1_000)
  await all
  expect(seen).toEqual(['huge 0', 'next 200'])
})

test('who stops waiting keeps nobody up', async () => {
  const bucket = new TokenBucket({ size: 1, perSecond: 1 }, Date.now)
  await bucket.take(call)
  const stop = new AbortController()
  const given = bucket.take({ signal: stop.signal }).catch(() => 'stopped')
  const { seen, take } = record(bucket)
  const next = take('next')
  stop.abort(new Error('stopped'))
  expect(await given).toBe('stopped')
  await vi.advanceTimersByTimeAsync(2_000)
  await next
  expect(seen).toEqual(['next 1000'])
})

test('told for how long it is empty, it waits for that and then for the rate', async () => {
  const bucket = new TokenBucket({ size: 10, perSecond: 2 }, Date.now)
  bucket.drain(3_000)
  const { seen, take } = record(bucket)
  const next = take('next')
  await vi.advanceTimersByTimeAsync(3_500)
  await next
  expect(seen).toEqual(['next 3500'])
})

test('told that it is empty, it waits for the rate', async () => {
  const bucket = new TokenBucket({ size: 10, perSecond: 1 }, Date.now)
  bucket.drain()
  const { seen, take } = record(bucket)
  const next = take('next')
  await vi.advanceTimersByTimeAsync(1_000)
  await next
  expect(seen).toEqual(['next 1000'])
})
