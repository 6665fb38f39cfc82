import { expect, test } from 'vitest'
import { annotations } from '../../src/api/names.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom } from '../support/operator-room.ts'

const plane = controlPlane()

const sleeps = (cluster: ClusterObject): boolean => condition(cluster, 'Suspended')?.reason === 'Idle'
const createdAt = ({ metadata }: ClusterObject): number => Date.parse(metadata.creationTimestamp)

const eventsOf = async (name: string): Promise<string> =>
  plane.kubectl([
    '--namespace',
    plane.namespace,
    'get',
    'events.events.k8s.io',
    '--field-selector',
    `regarding.name=${name}`,
    '-o',
    'jsonpath={range .items[*]}{.reason}: {.note}{"\\n"}{end}',
  ])

test('a cluster that nobody uses is announced to sleep, sleeps, and wakes by annotation and by scaling', async () => {
  await using room = await OperatorRoom.open(plane)
  const operator = room.operator()
  const { metadata } = await room.clusters.create('idle', 2, { lifetime: { idleTimeout: '10s' } })
  const { uid } = metadata
  const announced = await room.clusters.until('idle', cluster => condition(cluster, 'Idle') !== undefined)
  expect(condition(announced, 'Idle')).toMatchObject({
    status: 'True',
    reason: 'NobodyUsesIt',
    message: expect.stringMatching(
      /^No task and no client: .* at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, .*: less than 5 seconds left\.$/,
    ),
  })
  const ready = Date.parse(announced.status?.readySince ?? '')
  const asleep = await room.clusters.until('idle', sleeps)
  expect(Date.parse(asleep.status?.sleep?.since ?? '') - ready).toBeGreaterThanOrEqual(10_000)
  await room.until('its machines end', () => room.ledger.alive(uid).length === 0)
  expect([...room.ledger.left]).toEqual([uid])
  expect(asleep.metadata.generation).toBe(1)
  expect(condition(asleep, 'Ready')?.reason).toBe('Suspended')

  await operator.stop()
  room.operator({ name: 'second' })
  const wakingAt = Date.now()
  await room.clusters.patch('idle', { metadata: { annotations: { [annotations.resume]: 'please' } } })
  const awake = await room.settled('idle', 2)
  expect([awake.status?.sleep, condition(awake, 'Suspended')]).toEqual([undefined, undefined])
  expect(room.ledger.launched(uid).filter(machine => machine.createdAt < wakingAt)).toHaveLength(3)

  await room.clusters.until('idle', sleeps)
  await room.clusters.scale('idle', 1)
  await room.settled('idle', 1)
  await room.until('all is told', async () => {
    const told = await eventsOf('idle')
    return ['NobodyUsesIt', 'FallingAsleep', 'WakingUp'].every(reason => told.includes(`${reason}: `))
  })
  await room.removed('idle')
  expect(room.ledger.left).toEqual([])
})

test('a restarted operator lets a cluster sleep that it finds asleep, and makes nothing', async () => {
  await using room = await OperatorRoom.open(plane)
  const operator = room.operator()
  const { metadata } = await room.clusters.create('dream', 1, { lifetime: { idleTimeout: '10s' } })
  await room.clusters.until('dream', sleeps)
  await room.until('its machines end', () => room.ledger.alive(metadata.uid).length === 0)
  await operator.kill()
  const before = room.ledger.launched(metadata.uid).length
  const second = room.operator({ name: 'second' })
  await second.logged('"ready"')
  await room.clusters.patch('dream', { metadata: { annotations: { note: 'of no meaning' } } })
  await room.clusters.patch('dream', { spec: { suspend: true } })
  const requested = await room.clusters.until(
    'dream',
    cluster => condition(cluster, 'Suspended')?.reason === 'Requested' && cluster.status?.sleep === undefined,
  )
  expect(requested.status?.observedGeneration).toBe(2)
  expect(room.ledger.launched(metadata.uid)).toHaveLength(before)
  await room.removed('dream')
})

test('a time to live is announced, ends a cluster that works, and no earlier than it says', async () => {
  await using room = await OperatorRoom.open(plane)
  await room.operator().logged('"ready"')
  await using history = await room.clusters.history()
  const { metadata } = await room.clusters.create('mayfly', 2, { lifetime: { ttl: '12s' } })
  const { uid } = metadata
  const announced = await room.clusters.until(
    'mayfly',
    cluster => condition(cluster, 'Expiring') !== undefined,
  )
  const end = createdAt(announced) + 12_000
  expect(Date.parse(announced.status?.expiresAt ?? '')).toBe(end)
  expect(condition(announced, 'Expiring')).toMatchObject({ status: 'True', reason: 'TtlEnds' })
  await room.clusters.gone('mayfly', uid)
  const deleting = history.of(uid).find(({ object }) => object.metadata.deletionTimestamp !== undefined)
  expect(deleting?.at).toBeGreaterThanOrEqual(end)
  expect(deleting?.at).toBeLessThan(end + 10_000)
  expect(room.ledger.left).toEqual([])
  await room.until('its end is told', async () => /Expired: .*12s/.test(await eventsOf('mayfly')))
})

test('a time to live that is edited longer in time keeps a cluster, and one edited shorter ends it, asleep or not', async () => {
  await using room = await OperatorRoom.open(plane)
  await room.operator().logged('"ready"')
  const { metadata } = await room.clusters.create('edited', 1, { lifetime: { ttl: '20s' } })
  await room.settled('edited', 1)
  await room.clusters.patch('edited', { spec: { lifetime: { ttl: '1h' }, suspend: true } })
  const longer = await room.clusters.until(
    'edited',
    cluster => Date.parse(cluster.status?.expiresAt ?? '') - createdAt(cluster) === 3_600_000,
  )
  await room.until('its first time is over', () => Date.now() > createdAt(longer) + 22_000)
  const kept = await room.clusters.until('edited', cluster => condition(cluster, 'Suspended') !== undefined)
  expect([kept.metadata.uid, kept.metadata.deletionTimestamp]).toEqual([metadata.uid, undefined])
  await room.clusters.patch('edited', { spec: { lifetime: { ttl: '10s' } } })
  await room.clusters.gone('edited', metadata.uid)
  expect(room.ledger.left).toEqual([])
})

test('a cluster at rest is not written to because it has a lifetime', async () => {
  await using room = await OperatorRoom.open(plane)
  await room.operator().logged('"ready"')
  await room.clusters.create('restful', 1, { lifetime: { idleTimeout: '8h', ttl: '9h' } })
  const settled = await room.settled('restful', 1)
  const quiet = await room.clusters.until('restful', ({ status }) => status?.workers?.ready === 1)
  const until = Date.now() + 15_000
  await room.until('some time passes', () => Date.now() > until)
  const later = await room.clusters.get('restful')
  expect([settled.metadata.uid, later?.metadata.resourceVersion]).toEqual([
    later?.metadata.uid,
    quiet.metadata.resourceVersion,
  ])
  await room.removed('restful')
})
