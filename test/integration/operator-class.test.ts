import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Condition } from '../../src/model/status.ts'
import { ClassDesk } from '../support/class-desk.ts'
import { type ClusterObject, condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { ownRoom } from '../support/own-room.ts'

const plane = controlPlane()

const reasonOf = (cluster: ClusterObject, type = 'Stalled') => condition(cluster, type)?.reason
const messageOf = (cluster: ClusterObject, type = 'Stalled') => condition(cluster, type)?.message ?? ''

const told = (conditions: readonly Condition[]) =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]))

/** Classes of the whole cluster, named after the room, so that rooms stay apart. */
async function open() {
  const own = await ownRoom(plane)
  const { room } = own
  const name = `c-${room.namespaces.tenant}`.slice(-40).replace(/^-+/, '')
  const desk = new ClassDesk(plane, name)
  const serve = (settings: Readonly<Record<string, string>> = {}) =>
    room.operator({ settings: { classes: 'on', installation: name, ...settings } })
  /** As users do: no policy that another test has installed is asked about it. */
  const scale = async (cluster: string, replicas: number): Promise<void> => {
    const of = ['--namespace', room.namespaces.tenant, `dcc/${cluster}`, `--replicas=${replicas}`]
    await plane.kubectl(['scale', ...of])
  }
  return {
    room,
    desk,
    name,
    serve,
    scale,
    spec: { cloud: null, className: name },
    async [Symbol.asyncDispose]() {
      await own[Symbol.asyncDispose]()
      await desk[Symbol.asyncDispose]()
    },
  }
}

const simulated = { cloud: { simulated: {} }, namespaces: {} }
test.concurrent('ten lines are a cluster: by the class’s credentials, sizes and limits', async () => {
  await using own = await open()
  const { room, desk, name, serve, scale } = own
  const { tenant, operator } = room.namespaces
  const sample = await readFile('deploy/samples/class-tenant.yaml', 'utf8')
  const lines = sample.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  expect(lines.length).toBeLessThanOrEqual(10)
  await desk.secret(operator, 'account', { token: 'good' })
  await desk.apply(name, {
    ...simulated,
    credentialsSecretRef: { name: 'account' },
    defaults: { workers: { sizes: ['small'] } },
    overrides: { maxWorkers: 5 },
  })
  serve()
  const text = lines.join('\n').replace('className: standard', `className: ${name}`)
  await plane.kubectl(['apply', '--namespace', tenant, '-f', '-'], text)
  const running = await room.settled('demo', 4)
  const { metadata } = running
  expect(reasonOf(running, 'WithinClass')).toBe('Allowed')
  expect(await desk.finalizersOf(operator, 'account')).toContain('cloud.dask.org/in-use')
  await scale('demo', 9)
  const beyond = await room.clusters.until('demo', each => reasonOf(each) === 'ClassForbids')
  expect(messageOf(beyond)).toContain('9 workers in all groups are beyond overrides.maxWorkers')
  expect(condition(beyond, 'Ready')?.status).toBe('True')
  expect(room.ledger.alive(metadata.uid, 'worker')).toHaveLength(4)
  await room.clusters.patch('demo', { spec: { suspend: true } })
  await room.until('its machines to end', () => room.ledger.alive(metadata.uid).length === 0)
  await room.clusters.patch('demo', { spec: { suspend: false, workers: { replicas: 5 } } })
  await room.settled('demo', 5)
  await room.removed('demo')
  expect(await desk.finalizersOf(operator, 'account')).toBe('')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('a namespace that the class does not choose gets nothing, until it does', async () => {
  await using own = await open()
  const { room, desk, name, serve, scale, spec } = own
  serve()
  const { uid } = (await room.clusters.create('outside', 1, spec)).metadata
  await room.clusters.until('outside', each => reasonOf(each) === 'ClassNotFound')
  await desk.apply(name, { ...simulated, namespaces: { matchLabels: { dask: 'yes' } } })
  const outside = await room.clusters.until('outside', each => reasonOf(each) === 'NamespaceNotAllowed')
  expect(messageOf(outside)).toContain(
    `${room.namespaces.tenant} is not one of the namespaces of class ${name}`,
  )
  expect(outside.metadata.finalizers).toBeUndefined()
  expect(room.ledger.asked()).toEqual([])
  await desk.label(room.namespaces.tenant, 'dask=yes')
  await room.settled('outside', 1)
  await desk.label(room.namespaces.tenant, 'dask=no')
  await scale('outside', 2)
  await room.clusters.until('outside', each => reasonOf(each) === 'NamespaceNotAllowed')
  expect(room.ledger.alive(uid, 'worker')).toHaveLength(1)
  await scale('outside', 0)
  await room.settled('outside', 0)
  await room.removed('outside')
})

test.concurrent('a quota is kept with two creates at once and over a restart, and who waits comes in when there is room', async () => {
  await using own = await open()
  const { room, desk, name, serve, scale, spec } = own
  await desk.apply(name, { ...simulated, quota: { clusters: 2, workers: 5 } })
  const first = serve()
  const made = await Promise.all(
    ['a', 'b', 'c'].map(each => room.clusters.create(each, 1, { ...spec, workers: { replicas: 2 } })),
  )
  const inside = async (): Promise<readonly string[]> => {
    const all = await Promise.all(made.map(({ metadata }) => room.clusters.get(metadata.name)))
    return all.flatMap(each => (each && condition(each, 'WithinClass') ? [each.metadata.name] : []))
  }
  await room.until('two to be let in', async () => (await inside()).length === 2)
  const names = await inside()
  const [one = '', two = ''] = names
  const waiting = made.map(({ metadata }) => metadata).find(each => !names.includes(each.name))
  if (waiting === undefined) throw new Error('all of them were let in')
  await Promise.all([room.settled(one, 2), room.settled(two, 2)])
  const full = await room.clusters.until(waiting.name, each => reasonOf(each) === 'ClassQuotaExceeded')
  expect(messageOf(full)).toMatch(/are 2 of 2 and have 4 of 5 workers/)
  expect(room.ledger.launched(waiting.uid)).toEqual([])
  expect(await first.stop()).toBe(0)
  serve()
  await scale(one, 4)
  const grown = await room.clusters.until(one, each => reasonOf(each) === 'ClassQuotaExceeded')
  expect(condition(grown, 'Ready')?.status).toBe('True')
  await scale(two, 1)
  await room.settled(one, 4)
  await room.settled(two, 1)
  expect(room.ledger.launched(waiting.uid)).toEqual([])
  await room.removed(one)
  await room.settled(waiting.name, 2)
  const workers = made.map(({ metadata }) => room.ledger.alive(metadata.uid, 'worker').length)
  expect(workers.reduce((sum, count) => sum + count, 0)).toBe(3)
})

test.concurrent('a changed class changes what is there only when it says so; one that refuses it refuses only more', async () => {
  await using own = await open()
  const { room, desk, name, serve, scale, spec } = own
  const limits = { overrides: { maxWorkers: 5 } }
  await desk.apply(name, { ...simulated, ...limits, defaults: { workers: { memory: '1GiB' } } })
  serve()
  const { uid } = (await room.clusters.create('steady', 3, spec)).metadata
  await room.settled('steady', 3)
  const before = room.ledger.alive(uid)
  const ids = (): readonly string[] => room.ledger.alive(uid).map(({ id }) => id)
  await desk.patch(name, { defaults: { workers: { memory: '2GiB' } }, overrides: { maxWorkers: 2 } })
  const pending = await room.clusters.until(
    'steady',
    each => condition(each, 'ClassUpdatePending') !== undefined,
  )
  expect(messageOf(pending, 'ClassUpdatePending')).toContain('spec.workers.memory: "1GiB" -> "2GiB"')
  expect(messageOf(pending, 'ClassUpdatePending')).toContain('3 workers of default are replaced')
  // It is healed although the class would not have it now, scaled within, and no further.
  const [victim] = room.ledger.alive(uid, 'worker')
  room.ledger.end(victim === undefined ? [] : [victim.id])
  await room.until('a worker in its place', () => room.ledger.launched(uid, 'worker').length === 4)
  await room.settled('steady', 3)
  await scale('steady', 4)
  await room.clusters.until('steady', each => reasonOf(each) === 'ClassForbids')
  await scale('steady', 2)
  await room.settled('steady', 2)
  const kept = new Set(before.map(({ id }) => String(id)))
  expect(ids().filter(id => kept.has(id)).length).toBeGreaterThanOrEqual(2)
  const old = new Set(ids())
  await desk.patch(name, { updatePolicy: 'Always' })
  const isReplaced = (): boolean => room.ledger.alive(uid, 'worker').every(({ id }) => !old.has(id))
  await room.until('its workers to be replaced', isReplaced, 60_000)
  await room.settled('steady', 2)
  await room.clusters.until('steady', each => condition(each, 'ClassUpdatePending') === undefined)
  await desk.remove(name)
  await room.clusters.patch('steady', { spec: { workers: { replicas: 1 } } })
  await room.settled('steady', 1)
  await room.removed('steady')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('a class says whether its credentials, network, images and sizes work, before anybody uses it', async () => {
  await using own = await open()
  const { room, desk, name, serve } = own
  room.rehearse([])
  serve({ 'simulated-faults': room.faultsFile })
  const shows = (wanted: object) =>
    desk.until(name, conditions =>
      Object.entries(wanted).every(([type, is]) => told(conditions)[type] === is),
    )
  const works = {
    Ready: 'True Rehearsed',
    CredentialsReady: 'True Accepted',
    NetworkReady: 'True Rehearsed',
    ImagesReady: 'True Rehearsed',
    SizesReady: 'True Rehearsed',
  }
  await desk.apply(name, {
    ...simulated,
    credentialsSecretRef: { name: 'account' },
    overrides: { workerSizes: ['huge', 'large'] },
  })
  await shows({
    Ready: 'False SecretNotFound',
    CredentialsReady: 'False SecretNotFound',
    SizesReady: 'Unknown NotAsked',
  })
  await desk.secret(room.namespaces.operator, 'account', { token: 'good' })
  expect(told(await shows({ Ready: 'True Rehearsed' }))).toEqual(works)
  room.rehearse([
    { call: 'rehearse', offering: 'huge', refuse: 'invalid' },
    { call: 'rehearse', offering: 'network', refuse: 'throttled' },
    { call: 'rehearse', offering: 'rights', refuse: 'unauthorized' },
  ])
  await desk.patch(name, { overrides: { maxWorkers: 7 } })
  const wrong = await shows({ SizesReady: 'False InvalidRequest' })
  expect(told(wrong)).toEqual({
    Ready: 'False Unauthorized',
    CredentialsReady: 'False Unauthorized',
    NetworkReady: 'Unknown Throttled',
    ImagesReady: 'True Rehearsed',
    SizesReady: 'False InvalidRequest',
  })
  expect(wrong.find(({ type }) => type === 'SizesReady')?.message).toBe(
    'The simulated cloud says of huge: invalid.',
  )
  await desk.secret(room.namespaces.operator, 'account', { token: 'two words' })
  const unfit = await shows({ Ready: 'False SecretInvalid' })
  expect(JSON.stringify(unfit)).not.toContain('two words')
  expect(room.ledger.asked()).toEqual([])
  // Nobody can look at what the local cloud has no word for.
  const other = `${name}-local`
  await desk.apply(other, { cloud: { local: {} } })
  const local = await desk.until(other, conditions => conditions.length === 5)
  expect(told(local)).toMatchObject({ Ready: 'Unknown CannotTell', SizesReady: 'Unknown CannotTell' })
  await desk.apply(`${name}-aws`, { cloud: { aws: { region: 'us-east-1', instanceProfile: 'admin' } } })
  const refused = await desk.until(`${name}-aws`, conditions => conditions.length === 1)
  expect(told(refused)).toEqual({ Ready: 'False ClassInvalid' })
})
