import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WorkQueue } from '../../src/controller/queue.ts'
import { type ClusterKey, clusterKey } from '../../src/model/names.ts'

const silent = { added: () => undefined, retried: () => undefined, waited: () => undefined }
const stop = { signal: new AbortController().signal }
const [a, b, c] = ['a', 'b', 'c'].map(name => clusterKey('one', name)) as [ClusterKey, ClusterKey, ClusterKey]
const other = clusterKey('two', 'x')

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const aQueue = (): WorkQueue => new WorkQueue(Date.now, silent)

async function taken(queue: WorkQueue, count: number): Promise<readonly ClusterKey[]> {
  const keys: ClusterKey[] = []
  for (let index = 0; index < count; index++) keys.push(await queue.next(stop))
  return keys
}

/** The next key, or undefined where nothing is due. */
async function now(queue: WorkQueue): Promise<ClusterKey | undefined> {
  const patience = new AbortController()
  const next = queue.next(patience).catch(() => undefined)
  patience.abort()
  return next
}

describe('the queue', () => {
  test('holds one entry a key', async () => {
    const queue = aQueue()
    for (const key of [a, a, b, a]) queue.add(key)
    expect([await taken(queue, 2), await now(queue)]).toEqual([[a, b], undefined])
  })

  test('hands out first looks at a pace, however many hands are free and however late it is', async () => {
    const queue = aQueue()
    const keys = Array.from({ length: 60 }, (_, at) => clusterKey('one', `c-${at}`))
    for (const key of keys) queue.add(key, { priority: 'low' })
    await vi.advanceTimersByTimeAsync(10_000)
    const times: number[] = []
    for (const _ of keys) void queue.next(stop).then(() => times.push(Date.now()))
    await vi.advanceTimersByTimeAsync(10)
    queue.add(other)
    await vi.advanceTimersByTimeAsync(60 * 80)
    const [first = 0] = times
    expect(times.map(at => at - first)).toEqual([0, 10, ...keys.slice(2).map((_, at) => (at + 1) * 80)])
  })

  test('brings what failed at once, one after the other, where what it failed at is over', async () => {
    const queue = aQueue()
    for (const key of [a, b, a, a, a, a]) queue.retry(key)
    queue.add(other, { afterMs: 5_000 })
    queue.hasten(50)
    expect([await now(queue), await now(queue)]).toEqual([a, undefined])
    await vi.advanceTimersByTimeAsync(50)
    expect([await now(queue), await now(queue)]).toEqual([b, undefined])
    queue.hasten(50)
    queue.done(a)
    expect(await now(queue)).toBeUndefined()
  })

  test('lets the earlier due time win', async () => {
    const queue = aQueue()
    queue.add(a, { afterMs: 1_000 })
    queue.add(a, { afterMs: 60_000 })
    await vi.advanceTimersByTimeAsync(999)
    expect(await now(queue)).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(await now(queue)).toBe(a)
  })

  test('brings a waiting key forward', async () => {
    const queue = aQueue()
    queue.add(a, { afterMs: 60_000 })
    queue.add(a)
    expect(await now(queue)).toBe(a)
    await vi.advanceTimersByTimeAsync(60_000)
    queue.done(a)
    expect(await now(queue)).toBeUndefined()
  })

  test('holds a key that is worked on, and does not lose it', async () => {
    const queue = aQueue()
    queue.add(a)
    await queue.next(stop)
    queue.add(a)
    expect(await now(queue)).toBeUndefined()
    queue.done(a)
    expect(await now(queue)).toBe(a)
  })

  test('serves what happened before what is only looked at again', async () => {
    const queue = aQueue()
    queue.add(a, { priority: 'low' })
    queue.add(b, { priority: 'low' })
    queue.add(c)
    queue.add(b)
    expect(await taken(queue, 3)).toEqual([c, b, a])
  })

  test('lets namespaces take turns', async () => {
    const queue = aQueue()
    for (const key of [a, b, c, other]) queue.add(key)
    expect(await taken(queue, 4)).toEqual([a, other, b, c])
  })

  test('waits longer after every failure in a row, and not after a success', async () => {
    const queue = aQueue()
    for (const pauseMs of [50, 100, 200, 400]) {
      queue.retry(a)
      await vi.advanceTimersByTimeAsync(pauseMs - 1)
      expect(await now(queue)).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      expect(await now(queue)).toBe(a)
      queue.done(a)
    }
    queue.succeed(a)
    queue.retry(a)
    await vi.advanceTimersByTimeAsync(50)
    expect(await now(queue)).toBe(a)
  })

  test('stops whoever waits', async () => {
    const patience = new AbortController()
    const next = aQueue().next(patience)
    patience.abort(new Error('stop'))
    await expect(next).rejects.toThrow('stop')
  })
})
