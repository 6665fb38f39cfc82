import { describe, expect, test } from 'vitest'
import { plural } from '../../src/api/names.ts'
import { clustersIn } from '../../src/kube/clusters.ts'
import { connectKube } from '../../src/kube/transport.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import type { Fault } from '../support/fault-proxy.ts'
import { ProxiedRoom } from '../support/proxied-room.ts'
import { rewriting } from '../support/rewrites.ts'

const plane = controlPlane()
const within = () => ({ signal: AbortSignal.timeout(60_000) })
const none: Fault = { kind: 'none' }

/** Each takes one trouble after another, and then none. */
const inTurn = (...troubles: readonly Fault[]): (() => Fault) => {
  const left = [...troubles]
  return () => left.shift() ?? none
}

describe.concurrent('an operator whose way to the API server is in trouble', () => {
  test('row 13: a watch that is open and silent is found within 75 seconds', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const operator = await opened.operator()
    await room.clusters.create('old', 2)
    await room.settled('old', 2)
    proxy.freezeWatches()
    const began = performance.now()
    await room.clusters.scale('old', 3)
    const { metadata } = await room.clusters.create('new', 1)
    await room.until('the new cluster is seen', () => room.ledger.launched(metadata.uid).length > 0, 75_000)
    expect(performance.now() - began).toBeGreaterThan(30_000)
    await Promise.all([room.settled('old', 3), room.settled('new', 1)])
    expect(
      await opened.metric(operator, 'watch_restarts_total', `resource="${plural}"`, 'because="Timeout"'),
    ).toBe(1)
    expect(opened.lists(plural)).toHaveLength(1)
  })

  test('row 15: lines nobody can read are counted, and neither the stream nor other clusters suffer', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const operator = await opened.operator()
    const filled = rewriting('huge', each => ({ ...each, filler: 'x'.repeat(5_000_000) }))
    const odd = rewriting('odd', ({ spec, ...each }) => ({
      ...each,
      spec: { ...Object(spec), cloud: { orbital: {} } },
    }))
    proxy.rewrite = said => odd(filled(said))
    const watch = await opened.watch()
    for (const line of [
      '{"type":"ADDED","object":{"metadata":',
      '<html>',
      'null',
      '{"type":"RENAMED","object":{}}',
    ])
      watch.say(line)
    await room.clusters.create('huge', 1)
    const strange = await room.clusters.create('odd', 1)
    await room.clusters.create('other', 2)
    await room.settled('other', 2, 20_000)
    const stalled = await room.clusters.until('odd', each => condition(each, 'Stalled')?.status === 'True')
    expect(condition(stalled, 'Stalled')?.reason).toBe('UnknownCloud')
    expect(proxy.watches('all')).toHaveLength(1)
    const because = ['broken', 'oversized', 'unknown']
    const counts = because.map(each => opened.metric(operator, 'frames_dropped_total', `because="${each}"`))
    const [broken, oversized, unknown] = await Promise.all(counts)
    expect([broken, unknown]).toEqual([2, 2])
    expect(oversized).toBeGreaterThan(0)
    await room.settled('huge', 1)
    expect(room.ledger.launched(strange.metadata.uid)).toEqual([])
    proxy.rewrite = said => said
    await room.clusters.scale('odd', 2)
    await room.settled('odd', 2)
  })

  test('a watch that is cut goes on where it was: at the last bookmark, and before a line told in half', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const operator = await opened.operator()
    await room.clusters.create('cut', 1)
    const { metadata } = await room.settled('cut', 1)
    const first = await opened.watch()
    const told = (): string => first.bookmarks.at(-1) ?? '0'
    await room.until('a bookmark', () => Number(told()) > Number(metadata.resourceVersion), 150_000)
    const bookmark = told()
    await opened.heard(operator)
    first.end()
    await room.until('another watch', () => proxy.watches().length === 1)
    const [second] = proxy.watches()
    expect(second?.from).toBe(bookmark)
    second?.cutInNextLine()
    await room.clusters.scale('cut', 2)
    await room.settled('cut', 2, 10_000)
    expect(proxy.watches('all').length).toBeGreaterThan(2)
    expect(Number(proxy.watches('all')[2]?.from)).toBeGreaterThanOrEqual(Number(bookmark))
    expect(opened.lists(plural)).toHaveLength(1)
  })

  test('watches that are refused, sent away or answered with nonsense are asked for again, with patience', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const operator = await opened.operator()
    const first = await opened.watch()
    const troubles = inTurn(
      { kind: 'refuse', status: 503, retryAfterS: 3 },
      { kind: 'refuse', status: 500 },
      { kind: 'refuse', status: 403 },
      { kind: 'say', text: '<html>Bad gateway</html>' },
      { kind: 'say', text: '' },
    )
    const restarts = (because: string): Promise<number> =>
      opened.metric(operator, 'watch_restarts_total', `resource="${plural}"`, `because="${because}"`)
    proxy.watchFault = ({ path }) => (path.endsWith(`/${plural}`) ? troubles() : none)
    const began = performance.now()
    first.end()
    await room.clusters.create('patient', 1)
    await room.settled('patient', 1, 60_000)
    const areOver = async (): Promise<boolean> => (await restarts('Unreadable')) === 2
    await room.until('the troubles are over', areOver, 60_000)
    await room.until('the watch is back', () => proxy.watches().length === 1)
    const tries = proxy.arrivals.filter(
      ({ isWatch, at, path }) => isWatch && at > began && path.endsWith(plural),
    )
    const waits = tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? at))
    expect(waits[0]).toBeGreaterThanOrEqual(3_000)
    for (const wait of waits) expect(wait).toBeGreaterThan(600)
    expect(await Promise.all(['Forbidden', 'Unreadable'].map(restarts))).toEqual([1, 2])
    expect(await restarts('InternalError')).toBe(2)
    await room.clusters.scale('patient', 2)
    await room.settled('patient', 2, 10_000)
  })

  test.each<{ readonly how: string; readonly name: string; readonly fault: Fault }>([
    { how: 'with the status 410', name: 'status', fault: { kind: 'refuse', status: 410 } },
    {
      how: 'with 410 inside of it',
      name: 'inside',
      fault: {
        kind: 'say',
        text: `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
      },
    },
  ])('row 14: a watch refused $how is followed by a list that misses nothing', async ({ name, fault }) => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    await opened.operator({ settings: { 'sweep-after': '30s' } })
    const before = (await room.clusters.create(name, 1)).metadata
    await room.settled(name, 1)
    proxy.cutWatches()
    await room.clusters.letGo(name)
    // Somebody else's Secret by now, and perhaps collected already.
    const secret = ['secret', `${name}-client`, '-n', opened.namespace]
    await plane.kubectl(['delete', ...secret, '--ignore-not-found'])
    const after = (await room.clusters.create(name, 2)).metadata
    const troubles = inTurn(fault)
    proxy.watchFault = ({ path }) => (path.endsWith(`/${plural}`) ? troubles() : none)
    await room.settled(name, 2, 20_000)
    expect(room.ledger.launched(after.uid)).toHaveLength(3)
    expect(room.ledger.launched(before.uid)).toHaveLength(2)
    await room.until('the old machines to end', () => room.ledger.alive(before.uid).length === 0, 120_000)
    expect(room.ledger.alive(after.uid)).toHaveLength(3)
  })

  test('a list of many pages that expires between two of them is begun anew', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const names = ['a', 'b', 'c', 'd', 'e']
    for (const name of names) await room.clusters.create(name, 1)
    proxy.redirect = url => url.searchParams.has('limit') && url.searchParams.set('limit', '2')
    const troubles = inTurn(none, { kind: 'refuse', status: 410 }, { kind: 'refuse', status: 410 })
    proxy.fault = ({ path, query }) =>
      query.has('continue') && path.endsWith(`/${plural}`) ? troubles() : none
    const operator = await opened.operator()
    expect(await operator.log()).toContain(`"clusters":${names.length}`)
    await Promise.all(names.map(name => room.settled(name, 1)))
    // Two pages and 410; two pages... and at last three.
    expect(
      opened
        .lists(plural)
        .map(query => query.has('continue'))
        .join(),
    ).toBe('false,true,true,false,true,false,true,true')
  })

  test('a new leader’s first lists are consistent: it acts on nothing that an API server remembers', async () => {
    await using opened = await ProxiedRoom.open(plane)
    const { proxy, room } = opened
    const old = await opened.operator({ name: 'old' })
    await room.clusters.create('shrunk', 3)
    await room.settled('shrunk', 3)
    await room.clusters.create('gone', 1)
    await room.settled('gone', 1)
    const { path } = clustersIn(opened.namespace)
    const stale = JSON.stringify(await room.kube.request({ method: 'GET', path }, within()))
    proxy.fault = ({ method, query, isWatch }) =>
      method === 'GET' && !isWatch && query.get('resourceVersion') === '0'
        ? { kind: 'say', text: stale }
        : none
    await room.clusters.scale('shrunk', 1)
    await room.settled('shrunk', 1)
    await room.removed('gone')
    await old.stop()
    await using kube = await connectKube({ kubeconfig: opened.kubeconfig })
    const cached = await kube.request({ method: 'GET', path, query: { resourceVersion: 0 } }, within())
    expect(JSON.stringify(cached)).toContain('"name":"gone"')
    const marks = room.ledger.marks.length
    const seen = proxy.arrivals.length
    await opened.operator({ name: 'new' })
    await room.clusters.create('next', 1)
    await room.settled('next', 1)
    const lists = proxy.arrivals.slice(seen).filter(each => each.method === 'GET' && each.query.has('limit'))
    expect(lists.map(({ query }) => query.get('resourceVersion'))).toEqual([null, null])
    expect(room.ledger.marks.slice(marks).filter(({ kind }) => kind === 'ended')).toEqual([])
    expect(room.ledger.marks.slice(marks).filter(({ kind }) => kind === 'launched')).toHaveLength(2)
  })
})
