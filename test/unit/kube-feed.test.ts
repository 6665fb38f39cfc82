import { describe, expect, test } from 'vitest'
import { KubeError, noAnswer } from '../../src/kube/fault.ts'
import { Feed } from '../../src/kube/feed.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { busiestSecond } from '../support/arrivals.ts'
import { OutageServer } from '../support/outage-server.ts'
import { seeded } from '../support/random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const minute = 60_000
const unreachable = noAnswer('Unreachable', 'nobody is there')
const answered = (status: number, retryAfterMs?: number): KubeError =>
  new KubeError({ status, reason: 'Trouble', retryAfterMs }, 'the API server has trouble')

/** So many feeds of one server, from one moment on, each with luck of its own. */
function feeds(count: number) {
  const clock = new VirtualClock(0)
  const server = new OutageServer(clock)
  const metrics = createMetrics()
  const told = { returned: 0, failed: 0 }
  const listener = {
    listing: () => undefined,
    listed: () => undefined,
    changed: () => undefined,
    reached: () => undefined,
    failed: () => void told.failed++,
    returned: () => void told.returned++,
  }
  const stop = new AbortController()
  const all = Array.from({ length: count }, (_, seed) => {
    const random = seeded(seed + 1)
    const options = { kube: server, collection: { path: '/things' }, resource: 'things', metrics, clock }
    return new Feed({ ...options, random: () => random.next() }, listener).run(stop)
  })
  return {
    server,
    told,
    /** Lets so much time pass. */
    pass: async (ms: number): Promise<void> => {
      await clock.finish(clock.wait(ms, stop))
    },
    end: async (): Promise<void> => {
      stop.abort(new Error('the test is over'))
      await Promise.all(all)
    },
  }
}

const gaps = (times: readonly number[]): readonly number[] =>
  times.slice(1).map((at, index) => at - (times[index] ?? at))

describe('a feed', () => {
  test('has the API server end its watches at moments of their own, from five to ten minutes', async () => {
    const { server, pass, end } = feeds(400)
    await pass(11 * minute)
    const first = server.asked.filter(({ kind }) => kind === 'watch').slice(0, 400)
    const seconds = first.map(({ query }) => Number(query['timeoutSeconds']))
    expect([Math.min(...seconds) >= 300, Math.max(...seconds) <= 600]).toEqual([true, true])
    const later = server.asked.filter(({ kind, at }) => kind === 'watch' && at > minute)
    expect(busiestSecond(later).length).toBeLessThan(12)
    await end()
  })

  test('asks an API server that nobody reaches every three seconds at most, and is back within four', async () => {
    const { server, told, pass, end } = feeds(1)
    await pass(minute)
    server.trouble = () => unreachable
    server.breakStreams()
    await pass(5 * minute)
    const asked = server.asked.filter(({ at }) => at >= minute).map(({ at }) => at)
    const waits = gaps(asked)
    expect([640 <= (waits[0] ?? 0), (waits[0] ?? 0) <= 960 * 2]).toEqual([true, true])
    for (const wait of waits.slice(3)) expect([wait >= 2_400, wait <= 3_600]).toEqual([true, true])
    const back = 6 * minute
    server.trouble = () => undefined
    await pass(4_000)
    const after = server.asked.filter(({ at }) => at >= back)
    expect(after.map(({ kind, query }) => [kind, query['resourceVersion']])).toEqual([['watch', '7']])
    expect(told.returned).toBe(1)
    await end()
  })

  test.each([
    { how: 'waits to ask again', isLost: true },
    { how: 'has a watch on which nothing will ever come', isLost: false },
  ])('that $how begins anew as soon as another request is answered after an outage', async ({ isLost }) => {
    const { server, told, pass, end } = feeds(1)
    await pass(minute)
    if (isLost) {
      server.trouble = () => unreachable
      server.breakStreams()
      await pass(5 * minute)
      server.trouble = () => undefined
    }
    const before = server.asked.length
    server.tellOfReturn()
    await pass(isLost ? 300 : 1_300)
    expect(server.asked.slice(before).map(({ kind }) => kind)).toEqual(['watch'])
    expect(told.returned).toBe(1)
    await pass(minute)
    expect(server.asked).toHaveLength(before + 1)
    await end()
  })

  test('is no herd with a hundred others when the API server is back', async () => {
    const { server, pass, end } = feeds(100)
    await pass(minute)
    server.trouble = () => unreachable
    server.breakStreams()
    await pass(5 * minute)
    server.trouble = () => undefined
    await pass(10_000)
    const after = server.asked.filter(({ at }) => at >= 6 * minute)
    expect(after).toHaveLength(100)
    expect(busiestSecond(after).length).toBeLessThanOrEqual(50)
    await end()
  })

  test('leaves an API server that answers with errors alone for longer and longer', async () => {
    const { server, pass, end } = feeds(1)
    server.trouble = () => answered(500)
    await pass(10 * minute)
    const waits = gaps(server.asked.map(({ at }) => at)).slice(1)
    const paces = [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]
    for (const [index, pace] of paces.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(pace * 0.8)
      expect(waits[index]).toBeLessThanOrEqual(pace * 1.2)
    }
    await end()
  })

  test('comes back no sooner than it is asked to, and not at one moment with all the others', async () => {
    const { server, pass, end } = feeds(100)
    await pass(1_000)
    const from = server.asked.length
    server.trouble = () => answered(503, 20_000)
    server.breakStreams()
    await pass(2_000)
    server.trouble = () => undefined
    const refused = server.asked.slice(from)
    expect(refused).toHaveLength(100)
    await pass(minute)
    const again = server.asked.slice(from + 100)
    expect(
      Math.min(...again.map(({ at }) => at)) - Math.min(...refused.map(({ at }) => at)),
    ).toBeGreaterThanOrEqual(20_000)
    expect(busiestSecond(again).length).toBeLessThanOrEqual(50)
    await end()
  })

  test('does not run in circles where every watch ends as soon as it began', async () => {
    const { server, pass, end } = feeds(1)
    server.trouble = (_at, kind) => (kind === 'watch' ? 'empty' : undefined)
    await pass(10 * minute)
    expect(server.asked.length).toBeLessThan(60)
    expect(busiestSecond(server.asked).length).toBeLessThanOrEqual(3)
    await end()
  })
})
