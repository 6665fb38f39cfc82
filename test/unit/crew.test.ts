import { expect, test } from 'vitest'
import { type Passed, workUntilStopped } from '../../src/controller/crew.ts'
import { WorkQueue } from '../../src/controller/queue.ts'
import { poll } from '../../src/lib/wait.ts'
import { type ClusterKey, clusterKey } from '../../src/model/names.ts'
import type { Next } from '../../src/reconcile/pass.ts'

const silent = { added: () => undefined, retried: () => undefined, waited: () => undefined }
const keys = ['a', 'b', 'c'].map(name => clusterKey('one', name))
const patience = { signal: AbortSignal.timeout(10_000) }

/** A crew of two over three keys; `pass` decides what becomes of each. */
function aCrew(pass: (key: ClusterKey, signal: AbortSignal) => Promise<Next>) {
  const queue = new WorkQueue(Date.now, silent)
  const [stop, lost] = [new AbortController(), new AbortController()]
  const results: Passed['result'][] = []
  const work = {
    queue,
    hands: 2,
    pass: (key: ClusterKey, { signal }: { signal: AbortSignal }) => pass(key, signal),
  }
  const ended = workUntilStopped(
    { ...work, passed: (_key, { result }) => void results.push(result) },
    stop,
    lost,
  )
  return { queue, stop, lost, results, ended }
}

test('never two passes at a time for one key, and as many as there are hands', async () => {
  const underWay = new Set<ClusterKey>()
  const seen = { most: 0, twice: false, passes: 0 }
  const { queue, stop, ended } = aCrew(async key => {
    seen.twice ||= underWay.has(key)
    underWay.add(key)
    seen.most = Math.max(seen.most, underWay.size)
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    underWay.delete(key)
    seen.passes += 1
    return { kind: 'again', afterMs: 0 }
  })
  for (const key of keys) queue.add(key)
  await poll(() => (seen.passes > 50 ? true : undefined), 5, patience)
  stop.abort()
  await ended
  expect(seen).toMatchObject({ most: 2, twice: false })
})

test('a pass that throws is counted and tried again', async () => {
  const tries = { count: 0 }
  const { queue, stop, results, ended } = aCrew(async () => {
    if (++tries.count < 3) throw new Error('not yet')
    return { kind: 'gone' }
  })
  queue.add(clusterKey('one', 'a'))
  await poll(() => (results.length === 3 ? true : undefined), 5, patience)
  stop.abort()
  await ended
  expect(results).toEqual(['error', 'error', 'success'])
})

test('a pass under way at a stop may end by itself; one of a lost lease is cut off at once', async () => {
  const aborted: boolean[] = []
  const slow =
    (ms: number) =>
    async (_key: ClusterKey, signal: AbortSignal): Promise<Next> => {
      const end = Date.now() + ms
      await poll(() => (signal.aborted || Date.now() >= end ? true : undefined), 5, patience)
      aborted.push(signal.aborted)
      return { kind: 'gone' }
    }
  const gentle = aCrew(slow(100))
  gentle.queue.add(clusterKey('one', 'a'))
  await poll(() => (gentle.queue.depth === 0 ? true : undefined), 5, patience)
  gentle.stop.abort()
  await gentle.ended
  const harsh = aCrew(slow(10_000))
  harsh.queue.add(clusterKey('one', 'a'))
  await poll(() => (harsh.queue.depth === 0 ? true : undefined), 5, patience)
  harsh.lost.abort()
  harsh.stop.abort()
  await harsh.ended
  expect(aborted).toEqual([false, true])
})
