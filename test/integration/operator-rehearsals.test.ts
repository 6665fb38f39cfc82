import { expect, test } from 'vitest'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import type { OperatorProcess } from '../support/operator.ts'
import { type OperatorRoom, tookStep } from '../support/operator-room.ts'
import { metricOf, ownRoom } from '../support/own-room.ts'

const plane = controlPlane()

const launchesAsked = (room: OperatorRoom) => room.ledger.asked().filter(({ call }) => call === 'launch')

const isCapped = (cluster: ClusterObject): boolean =>
  condition(cluster, 'WorkersReady')?.reason === 'TooManyLaunches'

const listCalls = 'dask_cloud_operator_cloud_call_seconds_count'

const completeLists = (operator: OperatorProcess): Promise<number> =>
  metricOf(operator, listCalls, 'call="list"', 'result="ok"')

/** Waits until the operator has asked the cloud for so many lists more, however they ended. */
async function listed(room: OperatorRoom, operator: OperatorProcess, more: number): Promise<void> {
  const lists = () => metricOf(operator, listCalls, 'call="list"')
  const before = await lists()
  await room.until(`${more} more lists`, async () => (await lists()) >= before + more, 60_000)
}

/** A cluster of two machines that was let go while no operator ran: its UID. */
async function leftBehind(room: OperatorRoom): Promise<string> {
  const first = room.operator({ name: 'first' })
  const { uid } = (await room.clusters.create('orphan', 1)).metadata
  await room.settled('orphan', 1)
  await first.kill()
  await room.clusters.letGo('orphan')
  return uid
}

test.concurrent('row 3: a create times out and is carried out a minute later: asked for again by its token, never doubled', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing()
  room.rehearse([{ call: 'launch', lateMs: 60_000 }])
  const { uid } = (await room.clusters.create('late', 2)).metadata
  await room.until('it to be asked for', () => launchesAsked(room).length >= 2)
  await room.settled('late', 2, 120_000)
  expect(room.ledger.launched(uid)).toHaveLength(3)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(2)
  expect(new Set(launchesAsked(room).map(({ token }) => token)).size).toBe(2)
  await room.removed('late')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 3: deleted before the late create is carried out: its machines end within two minutes', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing()
  room.rehearse([{ call: 'launch', lateMs: 45_000 }])
  const { uid } = (await room.clusters.create('orphaned', 2)).metadata
  await room.until('it to be asked for', () => launchesAsked(room).length >= 2)
  await room.removed('orphaned')
  expect(room.ledger.launched(uid)).toEqual([])
  // The simulated world moves when it is asked: where there is nothing to watch, that is once a minute.
  await room.until('the late create', () => room.ledger.launched(uid).length > 0, 150_000)
  await room.until('its machines to end', () => room.ledger.left.length === 0, 120_000)
})

test.concurrent('row 6: status is stripped and the cluster deleted, with its machines hidden: they are found by their tags', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const operator = room.rehearsing()
  await using history = await room.clusters.history()
  room.rehearse([{ call: 'list', hideNewMs: 6_000 }])
  const { uid } = (await room.clusters.create('stripped', 2)).metadata
  await room.until('machines are made', () => room.ledger.launched(uid).length === 3)
  await room.clusters.stripStatus('stripped')
  await room.clusters.remove('stripped')
  await room.until('its machines to end', () => room.ledger.alive(uid).length === 0, 90_000)
  const before = await completeLists(operator)
  let seen = before
  await room.until('the finalizer to leave', async () => {
    const lists = await completeLists(operator)
    const isThere = (await room.clusters.get('stripped'))?.metadata.uid === uid
    if (isThere) seen = lists
    return !isThere
  })
  expect(seen - before).toBeGreaterThanOrEqual(2)
  expect(room.ledger.left).toEqual([])
  expect(await own.secretsOf(uid)).toEqual([])
  await room.until('the end is told', () => history.of(uid).at(-1)?.type === 'DELETED')
  const ended = room.ledger.marks.filter(({ kind }) => kind === 'ended').at(-1)?.at ?? Infinity
  expect(history.of(uid).at(-1)?.at).toBeGreaterThan(ended + 500)
  expect(tookStep(await operator.log(), 'release')).toBe(true)
})

test.concurrent('row 24: Dask never joins: given up at the time limit, console in an event, tried again less and less often', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.rehearsing([], { 'join-timeout': '10s' })
  const { uid } = (await room.clusters.create('mute', 0)).metadata
  await room.settled('mute', 0)
  room.rehearse([{ call: 'launch', neverJoins: 'pip: no such package: daskk' }])
  await room.clusters.scale('mute', 1)
  await room.until('a fourth try', () => room.ledger.launched(uid, 'worker').length >= 4, 180_000)
  const [first = 0, second = 0, third = 0, fourth = 0] = room.ledger
    .launched(uid, 'worker')
    .map(({ createdAt }) => createdAt)
  expect(second - first).toBeGreaterThan(10_000)
  expect(third - second).toBeGreaterThan(second - first + 1_000)
  expect(fourth - third).toBeGreaterThan(third - second + 1_000)
  expect(room.ledger.mostAtOnce(uid, 'worker')).toBe(1)
  const events = await own.events()
  expect(events).toContain('NotStarted')
  expect(events).toContain('no such package: daskk')
  room.rehearse([])
  await room.clusters.patch('mute', { spec: { workers: { env: { FIXED: 'yes' } } } })
  await room.settled('mute', 1, 90_000)
  await room.removed('mute')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 25: two fifths of the machines are missing from lists: none is replaced, Degraded says so, and it passes', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const operator = room.rehearsing()
  const { uid } = (await room.clusters.create('hidden', 15)).metadata
  await room.settled('hidden', 15)
  room.rehearse([{ call: 'list', hide: 0.4 }])
  const degraded = await room.clusters.until('hidden', each => condition(each, 'Degraded') !== undefined)
  expect(condition(degraded, 'Degraded')?.reason).toBe('MachinesMissing')
  expect(condition(degraded, 'Ready')?.status).toBe('True')
  await listed(room, operator, 2)
  expect(room.ledger.launched(uid)).toHaveLength(16)
  room.rehearse([])
  await room.clusters.until('hidden', each => condition(each, 'Degraded') === undefined)
  await room.settled('hidden', 15)
  expect(room.ledger.launched(uid)).toHaveLength(16)
  await room.removed('hidden')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 26: lists that fail, and a list that is empty and says that it is complete: nothing is replaced, nothing swept', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const orphan = await leftBehind(room)
  const operator = room.rehearsing([], { 'sweep-after': '30s' })
  const { uid } = (await room.clusters.create('unlisted', 2)).metadata
  await room.settled('unlisted', 2)
  await room.until('the orphan to be found', async () => (await own.events()).includes('OrphansFound'))
  for (const rule of [{ refuse: 'unavailable' }, { empty: true }]) {
    room.rehearse([{ call: 'list', ...rule }])
    // Longer than an orphan of a good list has, and shorter than it takes for an empty one to be believed.
    const until = Date.now() + 45_000
    await listed(room, operator, 2)
    await room.until('the sweeper could have acted', () => Date.now() > until, 60_000)
    await room.clusters.until('unlisted', each => condition(each, 'Ready')?.status === 'True')
    expect(room.ledger.alive(orphan)).toHaveLength(2)
  }
  room.rehearse([])
  await listed(room, operator, 2)
  await room.settled('unlisted', 2)
  expect(room.ledger.launched(uid)).toHaveLength(3)
  expect(room.ledger.alive(uid)).toHaveLength(3)
  await room.until('the orphan to end', () => room.ledger.alive(orphan).length === 0, 120_000)
  expect(room.ledger.alive(uid)).toHaveLength(3)
  await room.removed('unlisted')
  await room.until('nothing to be left', () => room.ledger.left.length === 0, 120_000)
})

test.concurrent('row 27: the cloud says yes and makes nothing: creation stops at a cap, with a warning, and can be deleted', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const operator = room.rehearsing()
  room.rehearse([{ call: 'launch', forget: true }])
  const { uid } = (await room.clusters.create('forgetful', 1)).metadata
  await room.clusters.until('forgetful', isCapped, 300_000)
  expect(await own.events()).toContain('MachinesForgotten')
  const asked = () => new Set(launchesAsked(room).map(({ token }) => token)).size
  await listed(room, operator, 5)
  expect(asked()).toBe(16)
  expect(room.ledger.launched(uid)).toEqual([])
  await room.removed('forgetful')
  expect(room.ledger.left).toEqual([])
})
