import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { NoControlPlane } from '../../../scripts/controlplane/source.ts'
import { purpose } from '../../../src/api/names.ts'
import { poll } from '../../../src/lib/wait.ts'
import { type ClusterResource, ClusterStage, isSettled } from '../cluster-e2e.ts'
import { DaskUser } from '../dask-user.ts'
import { tell } from '../python.ts'
import { leaks } from '../traces.ts'
import { disksFindings } from './disk-scan.ts'
import type { Ground } from './ground.ts'
import { BootedInstances } from './instances.ts'
import { ownControlPlane } from './own-plane.ts'
import { type MachineRoom, machines } from './room.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

/** Where machines fetch their software from. */
interface Supply {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What may be different from one story to the next. */
export interface Variant {
  /** `spec.software` */
  readonly software: object
  /** Whether it grows and shrinks, too: what of that is the cloud's own is there without. Default true. */
  readonly resizes?: boolean
  /** Whether a scheduler comes again where the one before was, so that its workers stay. Default true. */
  readonly keepsAddress?: boolean
  /** Opens the room, and whatever the room needs; what is given to `all` is closed at the end. */
  open(
    ground: Ground,
    all: AsyncDisposableStack,
  ): Promise<{ readonly room: MachineRoom; readonly supply: Supply; readonly cloud: SimulatedCloud }>
}

const all = new AsyncDisposableStack()
let lacking: string | undefined
let room: MachineRoom
let supply: Supply
let cloud: SimulatedCloud
let instances: BootedInstances
let stage: ClusterStage

const secret = 'cloud'

/** Of a private cluster, whose Secret there is where its cloud wants one. */
async function prepared(software: object): Promise<object> {
  const { spec, credentials } = cloud
  if (credentials !== undefined) {
    const literals = Object.entries(credentials).map(([name, text]) => `--from-literal=${name}=${text}`)
    await stage.kubectl('create', 'secret', 'generic', secret, ...literals)
    await stage.kubectl('label', 'secret', secret, `${purpose.label}=${purpose.credentials}`)
  }
  return {
    cloud: spec.cloud,
    ...(credentials === undefined ? {} : { credentialsSecretRef: { name: secret } }),
    scheduler: { size: spec.size },
    workers: { replicas: 2, sizes: [spec.size], threads: 1 },
    network: { exposure: 'Private' },
    software,
  }
}

/** Machines that boot by threes and fours on two processors. */
const bootMs = 120_000

const took = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`
const alive = (): readonly SimulatedMachine[] => cloud.machines().filter(({ state }) => state !== 'ended')
const workers = (): readonly string[] =>
  alive()
    .filter(({ role }) => role === 'worker')
    .map(({ id }) => id)
const schedulers = (): readonly SimulatedMachine[] => alive().filter(({ role }) => role === 'scheduler')

/** So many workers serve and the operator has nothing under way. */
const settled = (replicas: number): Promise<ClusterResource> =>
  stage.until(
    'booted',
    cluster =>
      cluster.spec.workers.replicas === replicas && isSettled(cluster) && workers().length === replicas,
    bootMs,
  )

async function user(name: string): Promise<DaskUser> {
  const { status } = await stage.cluster('booted')
  return DaskUser.create(stage.python, await stage.subfolder(name), {
    secret: await stage.clientSecret('booted'),
    scheduler: status.schedulerAddress,
  })
}

/** Of functions that both Pythons know by name: the machines' is another one than the client's. */
const computation = `
import operator
squares = client.map(operator.mul, range(200), range(200), pure=False)
print(json.dumps(client.submit(sum, squares).result(timeout=60)))
`

/** Another scheduler than that one is there, and is the one whose address is told. */
const isServedBy = (address: string | undefined, old: string | undefined): boolean =>
  address !== undefined && schedulers().some(({ id }) => id !== old)

function itResizes(): void {
  test('it grows, and machines that come while their software is away for 25 s recover by themselves', async () => {
    await supply.stop()
    const before = workers()
    await stage.patch('booted', { workers: { replicas: 4 } })
    const fresh = await poll(
      () => {
        const more = workers().filter(id => !before.includes(id) && room.running.includes(id))
        return more.length === 2 ? more : undefined
      },
      100,
      { signal: AbortSignal.timeout(60_000) },
    )
    for (const id of fresh) await instances.failsOnce(id, bootMs)
    const began = performance.now()
    await poll(() => (performance.now() - began > 25_000 ? true : undefined), 200, {
      signal: AbortSignal.timeout(30_000),
    })
    await supply.start()
    await settled(4)
    expect(workers()).toEqual(expect.arrayContaining([...before, ...fresh]))
  })

  test('it shrinks, and the machines that left are gone', async () => {
    await stage.patch('booted', { workers: { replicas: 2 } })
    await settled(2)
    await poll(() => (room.running.length === 3 ? true : undefined), 100, {
      signal: AbortSignal.timeout(30_000),
    })
    expect(room.running.toSorted()).toEqual(
      alive()
        .map(({ id }) => id)
        .toSorted(),
    )
  })
}

/** The tests of one file: each begins with what the one before has left. */
export function operatorStory(variant: Variant): void {
  const ground = machines()
  beforeAll(async () => {
    if (ground === undefined) return
    try {
      ;({ room, supply, cloud } = await variant.open(ground, all))
      const plane = all.use(await ownControlPlane())
      instances = all.use(new BootedInstances(cloud, room))
      const settings = { 'operator-cidrs': '10.77.0.0/24', ...cloud.settings }
      stage = all.use(await ClusterStage.open(plane, { settings, env: cloud.env }))
    } catch (error) {
      if (!(error instanceof NoControlPlane)) throw error
      lacking = error.message
    }
  })
  /** What each test finds is what the one before has left. */
  let failed: string | undefined
  beforeEach(({ skip, task, onTestFailed }) => {
    skip(lacking !== undefined, lacking)
    if (failed !== undefined) throw new Error(`"${failed}" failed before`)
    onTestFailed(async () => {
      failed = task.name
      for (const id of room.running) tell(`${id}:\n${(await room.console(id)).slice(-3_000)}`)
      tell(`the operator:\n${(await stage.operator.log()).slice(-6_000)}`)
    })
  })
  afterAll(() => all.disposeAsync())

  test('a cluster is Ready over mutual TLS at the address of its machine', async () => {
    const began = performance.now()
    await stage.apply('booted', await prepared(variant.software))
    await stage.kubectl('wait', '--for=condition=Ready', 'dcc/booted', `--timeout=${bootMs / 1000}s`)
    tell(`Ready ${took(began)} after kubectl apply`)
    const { status } = await settled(2)
    tell(`1 + 2 machines serve ${took(began)} after kubectl apply`)
    const [scheduler] = schedulers()
    expect(status.schedulerAddress).toBe(`tls://${scheduler?.ip}:8786`)
  })

  test('Python computes on them', async () => {
    expect(await (await user('python')).ask(computation)).toBe(2_646_700)
  })

  test('each machine has its role’s key in its own file, for root alone, and no key anywhere else', async () => {
    const cluster = await stage.cluster('booted')
    const secrets = await stage.secretsOf(cluster)
    const found = await disksFindings(alive(), instances, cluster.metadata.uid, secrets)
    expect(found).toHaveLength(3)
    expect(found.flat()).toEqual([])
  })

  if (variant.resizes ?? true) itResizes()

  test('a worker that is ended from outside is replaced', async () => {
    const [lost = '', kept = ''] = workers()
    await room.machine(lost).kill()
    await poll(() => (workers().includes(lost) ? undefined : true), 100, {
      signal: AbortSignal.timeout(10_000),
    })
    await settled(2)
    expect(workers()).toContain(kept)
    expect(workers()).not.toContain(lost)
  })

  const keeps = variant.keepsAddress ?? true
  const comesBack = keeps ? 'at its address, and the workers with it' : 'elsewhere, with workers that know it'
  test(`a scheduler that is ended from outside comes again ${comesBack}`, async () => {
    const before = await stage.cluster('booted')
    const those = workers()
    const [old] = schedulers()
    old?.end('somebody')
    await stage.until('booted', ({ status }) => isServedBy(status.schedulerAddress, old?.id), bootMs)
    const { status } = await settled(2)
    expect(status.schedulerAddress === before.status.schedulerAddress).toBe(keeps)
    expect(workers().filter(id => those.includes(id))).toEqual(keeps ? those : [])
    expect(await (await user('again')).ask(computation)).toBe(2_646_700)
  })

  test('its deletion leaves nothing: nothing in its cloud, no machine, no Secret', async () => {
    const cluster = await stage.cluster('booted')
    expect(await stage.secretsOf(cluster)).not.toEqual([])
    const began = performance.now()
    await stage.kubectl('delete', 'dcc/booted', '--timeout=120s')
    tell(`deleted in ${took(began)}`)
    expect(cloud.left()).toEqual([])
    await poll(() => (room.running.length === 0 ? true : undefined), 100, {
      signal: AbortSignal.timeout(20_000),
    })
    expect(await stage.secretsOf(cluster)).toEqual([])
  })

  test('no private key has reached a log, an event, a status or a console', async () => {
    expect(await leaks(stage)).toEqual([])
    const consoles = cloud.machines().map(({ said }) => said)
    expect(consoles.join('')).toContain('ci-info')
    expect(consoles.join('')).not.toContain('PRIVATE KEY')
  })

  test('the room is closed and nothing of it is left', async () => {
    await all.disposeAsync()
    expect(room.traces()).toEqual([])
  })
}
