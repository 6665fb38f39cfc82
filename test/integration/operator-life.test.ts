import { expect, test } from 'vitest'
import { annotations, finalizer } from '../../src/api/names.ts'
import type { Sight } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom, tookStep } from '../support/operator-room.ts'

const plane = controlPlane()

const inNamespace = (...args: readonly string[]): Promise<string> =>
  plane.kubectl(['-n', plane.namespace, ...args])

const applied = (name: string, replicas: number): Promise<string> =>
  plane.kubectl(
    ['-n', plane.namespace, 'apply', '-f', '-'],
    JSON.stringify({
      apiVersion: 'cloud.dask.org/v1alpha1',
      kind: 'DaskCloudCluster',
      metadata: { name },
      spec: { cloud: { simulated: {} }, workers: { replicas } },
    }),
  )

test('kubectl applies a cluster, waits for it, reads it, scales it and deletes it with its machines', async () => {
  await using room = await OperatorRoom.open(plane)
  room.operator()
  await applied('life', 2)
  await inNamespace('wait', '--for=condition=Ready', 'dcc/life', '--timeout=30s')
  const { metadata } = await room.settled('life', 2)
  expect(room.ledger.alive(metadata.uid).map(({ tags }) => tags.role)).toEqual([
    'scheduler',
    'worker',
    'worker',
  ])
  const [head = '', row = ''] = (await inNamespace('get', 'dcc')).split('\n')
  expect(head.split(/\s{2,}/).slice(0, 2)).toEqual(['NAME', 'READY'])
  expect(row).toMatch(/^life\s+True\s/)
  expect(await inNamespace('get', 'dcc/life', '-o', 'jsonpath={.status.clientSecretName}')).toBe(
    'life-client',
  )
  expect(await inNamespace('get', 'secret/life-client', '-o', 'name')).toContain('life-client')
  // Simulated machines have no address that pods could use: the Service leads nowhere, and nothing is said to be wrong.
  expect(await inNamespace('get', 'svc/life-scheduler', '-o', 'name')).toContain('life-scheduler')
  const unrouted = '.status.conditions[?(@.type=="ServiceReady")].reason'
  expect(await inNamespace('get', 'dcc/life', '-o', `jsonpath={${unrouted}}`)).toBe('')
  expect((await inNamespace('get', 'endpointslices', '-o', 'name')).trim()).toBe('')
  await inNamespace('scale', 'dcc/life', '--replicas=4')
  await room.settled('life', 4)
  await inNamespace('scale', 'dcc/life', '--replicas=1')
  await room.settled('life', 1)
  expect(room.ledger.alive(metadata.uid)).toHaveLength(2)
  expect(room.ledger.mostAtOnce(metadata.uid, 'worker')).toBe(4)
  await inNamespace('delete', 'dcc/life', '--wait=false')
  await inNamespace('wait', '--for=delete', 'dcc/life', '--timeout=30s')
  expect(room.ledger.left).toEqual([])
  expect((await inNamespace('get', 'services', '-o', 'name')).trim()).toBe('')
  // The operator's own, by which it knows its machines, stays with it.
  expect((await inNamespace('get', 'secrets', '-o', 'name')).trim()).toBe('secret/dask-cloud-operator-seal')
})

test('the finalizer and the record of a launch are written before the cloud hears of anything', async () => {
  await using room = await OperatorRoom.open(plane)
  room.operator({ settings: { 'simulated-latency': '400ms' } })
  await using history = await room.clusters.history()
  const { metadata } = await room.clusters.create('ahead', 2)
  await room.settled('ahead', 2)
  const sights = history.of(metadata.uid)
  const firstWith = (has: (sight: Sight) => boolean): number => sights.find(has)?.at ?? Infinity
  const held = firstWith(({ object }) => (object.metadata.finalizers ?? []).includes(finalizer))
  const placed = firstWith(({ object }) => object.metadata.annotations?.[annotations.placement] !== undefined)
  expect(placed).toBe(held)
  const [firstMark] = room.ledger.marks
  expect(held).toBeLessThan(firstMark?.at ?? 0)
  for (const { tags, createdAt } of room.ledger.launched(metadata.uid)) {
    const recorded = firstWith(({ object }) =>
      (object.status?.launches ?? []).some(({ id }) => id === tags.launch),
    )
    expect(recorded).toBeLessThan(createdAt)
  }
  await room.removed('ahead')
})

test.each([
  { moment: 'before the cloud has heard of it', hasCommitted: false },
  { moment: 'after the cloud has made the machines', hasCommitted: true },
])(
  'row 5: deleted while a create is in flight, $moment: the machines end, the finalizer leaves last',
  async ({ hasCommitted }) => {
    const name = hasCommitted ? 'flight-after' : 'flight-before'
    await using room = await OperatorRoom.open(plane)
    const operator = room.operator({ settings: { 'simulated-latency': '500ms' } })
    await using history = await room.clusters.history()
    const { metadata } = await room.clusters.create(name, 2)
    await room.until('a launch is recorded', async () => tookStep(await operator.log(), 'record-launches'))
    if (hasCommitted)
      await room.until('machines are made', () => room.ledger.launched(metadata.uid).length > 0)
    await room.clusters.remove(name)
    expect(tookStep(await operator.log(), 'send-launches')).toBe(false)
    await room.clusters.gone(name, metadata.uid)
    expect(room.ledger.left).toEqual([])
    await room.until('the end is told', () => history.of(metadata.uid).at(-1)?.type === 'DELETED')
    const gone = history.of(metadata.uid).at(-1)?.at ?? 0
    expect(gone).toBeGreaterThan(room.ledger.marks.at(-1)?.at ?? 0)
  },
)

test('row 23: a worker and the scheduler that somebody else ends are replaced', async () => {
  await using room = await OperatorRoom.open(plane)
  room.operator()
  const { metadata } = await room.clusters.create('outside', 2)
  await room.settled('outside', 2)
  const [scheduler, worker] = room.ledger.alive(metadata.uid)
  room.ledger.end([scheduler, worker].flatMap(each => (each === undefined ? [] : [each.id])))
  await room.until('others are made', () => room.ledger.launched(metadata.uid).length === 5)
  await room.settled('outside', 2)
  await room.removed('outside')
  expect(room.ledger.left).toEqual([])
})
