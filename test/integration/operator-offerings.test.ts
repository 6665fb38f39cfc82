import { expect, test } from 'vitest'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { ownRoom } from '../support/own-room.ts'

const plane = controlPlane()

/** A cluster whose workers may be of several sizes, spot or not. */
const picky = (replicas: number) => ({
  workers: { replicas, sizes: ['small.1', 'large.1'], purchasing: 'SpotOrOnDemand' },
  workerGroups: [{ name: 'gpu', replicas: 1, sizes: ['gpu.1'] }],
})

test.concurrent('row 19: no capacity for the first offering: the next one within a second, written down before', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing([{ call: 'launch', refuse: 'no-capacity', offering: 'Spot' }])
  await using history = await room.clusters.history()
  const { uid } = (await room.clusters.create('picky', 2, picky(2))).metadata
  await room.until('workers are made', () => room.ledger.alive(uid, 'worker').length === 3, 60_000)
  const asked = room.ledger.asked().filter(({ call, token }) => call === 'launch' && token !== undefined)
  const rounds = Map.groupBy(asked, ({ token = '' }) => token.split('-')[0] ?? '')
  const advanced = [...rounds.values()].filter(each => each.length > 1)
  expect(advanced.map(each => each.map(({ token }) => token?.split('-')[1]))).toEqual([['0', '1', '2']])
  const times = advanced.flat().map(({ at }) => at)
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(2_000)
  const written = history.of(uid).flatMap(({ object }) => object.status?.launches ?? [])
  expect(new Set(written.filter(({ group }) => group === 'default').map(({ offering }) => offering))).toEqual(
    new Set([0, 1, 2]),
  )
  await room.clusters.until('picky', each => condition(each, 'Ready')?.status === 'True', 60_000)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(3)
  await room.removed('picky')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 19: 60 of 100 are given: they are kept, and only 40 more are made', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing([{ call: 'launch', atMost: 60, offering: 'small.1', times: 1 }])
  const { uid } = (
    await room.clusters.create('partial', 100, { workers: { replicas: 100, sizes: ['small.1', 'large.1'] } })
  ).metadata
  await room.clusters.until('partial', each => condition(each, 'Ready')?.status === 'True', 120_000)
  expect(room.ledger.launched(uid, 'worker')).toHaveLength(100)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(100)
  await room.removed('partial')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 20: every offering is refused: one record a round, a stable reason, and rounds that back off', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing([{ call: 'launch', refuse: 'quota', offering: '.1' }])
  const { uid } = (
    await room.clusters.create('refused', 1, { workers: { replicas: 1, sizes: ['small.1', 'large.1'] } })
  ).metadata
  const tokens = () =>
    room.ledger
      .asked()
      .flatMap(({ call, token, uid: owner }) =>
        call === 'launch' && owner === uid && token !== undefined ? [token] : [],
      )
  const rounds = () =>
    [...Map.groupBy(tokens(), token => token.split('-')[0] ?? '').values()].filter(each => each.length === 2)
  await room.until('a second round', () => rounds().length >= 2, 60_000)
  const cluster = await room.clusters.until(
    'refused',
    each => condition(each, 'WorkersReady')?.reason === 'QuotaExceeded',
  )
  expect(condition(cluster, 'Stalled')).toBeUndefined()
  expect(room.ledger.launched(uid, 'worker')).toEqual([])
  room.rehearse([])
  await room.clusters.until('refused', each => condition(each, 'Ready')?.status === 'True', 60_000)
  await room.removed('refused')
  expect(room.ledger.left).toEqual([])
})
