import { once } from 'node:events'
import { connect } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'

import { clusterUid } from '../../src/model/names.ts'
import { createBundle } from '../../src/pki/bundle.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { inTime } from '../support/dask-processes.ts'
import { answerOf, type Count, DaskUser, mountedAtEtc, squaresBelow } from '../support/dask-user.ts'
import { ids } from '../support/local-fleet.ts'
import { anIdentity } from '../support/pki-fixture.ts'
import { tell } from '../support/python.ts'
import { leaks, leftovers, marksOf, nothing } from '../support/traces.ts'
import { openTrap, type Trap } from '../support/trap.ts'

const plane = controlPlane()
let stage: ClusterStage
let user: DaskUser
let trap: Trap

plane.prepare(async () => {
  trap = await openTrap()
  stage = await ClusterStage.open(plane)
})
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]()
  await trap?.[Symbol.asyncDispose]()
})

const spec = { cloud: { local: {} }, workers: { replicas: 2, threads: 1, memory: '1GiB' } }
const took = (began: number): string => `${((performance.now() - began) / 1000).toFixed(1)} s`
const clientText = async (name: string): Promise<string> =>
  Buffer.from((await stage.clientSecret('demo'))?.data[name] ?? '', 'base64').toString()

const ask = 'print(json.dumps(client.submit(lambda x: x + 1, 41).result()))'

describe('a cluster of real Dask processes', () => {
  test('becomes Ready after kubectl apply', async () => {
    const began = performance.now()
    await stage.apply('demo', spec)
    await stage.kubectl('wait', '--for=condition=Ready', 'dcc/demo', '--timeout=90s')
    tell(`Ready ${took(began)} after kubectl apply of 1 + 2 machines`)
    const { status } = await stage.settled('demo')
    expect(status.schedulerAddress).toMatch(/^tls:\/\/127\./)
    user = await DaskUser.create(stage.python, await stage.subfolder('user'), {
      secret: await stage.clientSecret('demo'),
      scheduler: status.schedulerAddress,
    })
  })

  test('takes Client() without an argument where its Secret is mounted at /etc/dask', async ({ skip }) => {
    const mounted = await mountedAtEtc(user)
    skip(mounted === undefined, 'no mount namespace can be had here')
    const program = 'from distributed import Client\nprint(Client().submit(lambda x: x + 1, 41).result())'
    expect(answerOf(await user.run(program, [], mounted))).toBe(42)
  })

  test('takes a client with Security of the files in its Secret', async () => {
    expect(await user.ask(ask)).toBe(42)
  })

  test.each([
    { given: 'no certificate', error: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' },
    { given: 'a certificate of another cluster', error: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' },
  ])('refuses a client with $given', async ({ given, error }) => {
    const ca = await clientText('ca.crt')
    const stranger = createBundle(anIdentity, Date.now()).client
    const shown = given === 'no certificate' ? {} : { cert: stranger.certificate, key: stranger.key }
    expect(await greeting({ ca, ...shown })).toBe(error)
    const own = { cert: await clientText('tls.crt'), key: await clientText('tls.key') }
    expect(await greeting({ ca, ...own })).toBe('answered')
  })

  test('keeps a job right and whole while it is scaled from 2 to 4 to 1', async () => {
    const job = user.count(0.05, 'scaled')
    await job.goesOn()
    const before = ids(await stage.fleet.workers())
    await stage.kubectl('scale', 'dcc/demo', '--replicas=4')
    await stage.settled('demo')
    const grown = ids(await stage.fleet.workers())
    expect(grown).toEqual(expect.arrayContaining([...before]))
    expect(grown).toHaveLength(4)
    await job.goesOn(100)
    await stage.kubectl('scale', 'dcc/demo', '--replicas=1')
    await stage.settled('demo')
    expect(await stage.fleet.workers()).toHaveLength(1)
    await job.goesOn()
    expectWhole(await job.end(), 'scaled 2, 4, 1')
    await stage.kubectl('scale', 'dcc/demo', '--replicas=2')
    await stage.settled('demo')
  })

  test('replaces its workers one by one when they change, and a job goes on', async () => {
    const job = user.count(0.05, 'rolled')
    await job.goesOn()
    const before = ids(await stage.fleet.workers())
    const seen: number[] = []
    await stage.patch('demo', { workers: { env: { COLOUR: 'blue' } } })
    await stage.until('demo', async () => {
      const workers = await stage.fleet.workers()
      seen.push(workers.filter(({ isLeaving }) => !isLeaving).length)
      return workers.length === 2 && workers.every(({ id }) => !before.includes(id))
    })
    await stage.settled('demo')
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([2, 3])
    await job.goesOn()
    expectWhole(await job.end(), 'replaced 2 workers')
    const colours = 'print(json.dumps(sorted(client.run(lambda: os.environ["COLOUR"]).values())))'
    expect(await user.ask(colours)).toEqual(['blue', 'blue'])
  })

  test('is never looked for at an address that somebody has written into its status, which is put right', async () => {
    const { status } = await stage.cluster('demo')
    const address = trap.url('tls')
    const forged = { status: { schedulerAddress: address, internalSchedulerAddress: address } }
    const patch = ['patch', 'dcc/demo', '--subresource=status', '--type=merge', '-p', JSON.stringify(forged)]
    await stage.kubectl(...patch)
    await stage.until('demo', each => each.status.schedulerAddress === status.schedulerAddress)
    expect(trap.visits).toBe(0)
  })

  test('keeps its scheduler when that changes, says UpdatePending, and replaces it on request', async () => {
    const { status } = await stage.cluster('demo')
    const [scheduler, workers] = [await stage.fleet.scheduler(), ids(await stage.fleet.workers())]
    await stage.patch('demo', { scheduler: { env: { COLOUR: 'red' } } })
    const pending = await stage.until('demo', each => conditionOf(each, 'UpdatePending') !== undefined)
    expect(conditionOf(pending, 'UpdatePending')).toMatchObject({
      status: 'True',
      reason: 'SchedulerChanged',
    })
    expect(conditionOf(await stage.settled('demo'), 'Ready')?.status).toBe('True')
    expect((await stage.fleet.scheduler()).id).toBe(scheduler.id)
    await stage.kubectl('annotate', 'dcc/demo', 'cloud.dask.org/restart=1')
    await stage.until('demo', each => conditionOf(each, 'UpdatePending') === undefined)
    const after = await stage.settled('demo')
    expect((await stage.fleet.scheduler()).id).not.toBe(scheduler.id)
    expect(after.status.schedulerAddress).toBe(status.schedulerAddress)
    expect(ids(await stage.fleet.workers())).toEqual(workers)
    const colour = 'print(json.dumps(client.run_on_scheduler(lambda: os.environ["COLOUR"])))'
    expect(await user.ask(colour)).toBe('red')
    expect(trap.visits).toBe(0)
  })

  test('keeps its Secrets and its address while it is suspended, and wakes with them', async () => {
    const before = await stage.cluster('demo')
    const secrets = marksOf(await stage.secretsOf(before))
    expect(Object.keys(secrets)).toHaveLength(4)
    await stage.patch('demo', { suspend: true })
    const asleep = await stage.until(
      'demo',
      async each =>
        conditionOf(each, 'Suspended')?.status === 'True' && (await stage.fleet.homes()).length === 0,
    )
    expect(conditionOf(asleep, 'Ready')).toMatchObject({ status: 'False', reason: 'Suspended' })
    expect(marksOf(await stage.secretsOf(before))).toEqual(secrets)
    expect(await stage.fleet.addresses()).toEqual([`${before.metadata.uid}.json`])
    const began = performance.now()
    await stage.patch('demo', { suspend: false })
    const awake = await stage.settled('demo')
    tell(`settled ${took(began)} after waking`)
    expect(awake.status.schedulerAddress).toBe(before.status.schedulerAddress)
    expect(marksOf(await stage.secretsOf(before))).toEqual(secrets)
    expect(await user.ask(ask)).toBe(42)
  })

  test('leaves no process, Secret, folder or address behind when it is deleted, and has told no key', async () => {
    const cluster = await stage.cluster('demo')
    expect(await stage.secretsOf(cluster)).toHaveLength(4)
    const pids = await stage.fleet.pids()
    expect(pids.length).toBeGreaterThanOrEqual(6)
    expect(await stage.fleet.claims()).toHaveLength(3)
    const began = performance.now()
    await stage.kubectl('delete', 'dcc/demo', '--timeout=90s')
    tell(`kubectl delete took ${took(began)}`)
    expect(await leftovers(stage, cluster, pids)).toEqual(nothing)
    expect(await leaks(stage)).toEqual([])
  })
})

/** What the scheduler says to a client that shows this: 'answered', or the code of its refusal. */
async function greeting(shown: {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}): Promise<string> {
  const { metadata, status } = await stage.cluster('demo')
  const { hostname: host, port } = new URL(status.schedulerAddress ?? '')
  const servername = schedulerServerName(clusterUid(metadata.uid))
  const socket = connect({ host, port: Number(port), servername, ...shown })
  try {
    // Dask speaks first.
    await once(socket, 'data', inTime(10_000))
    return 'answered'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}

/** Every task was run, some perhaps more than once, and no result was lost. */
function expectWhole({ tasks, total, runs }: Count, what: string): void {
  expect(total).toBe(squaresBelow(tasks))
  expect(runs).toBeGreaterThanOrEqual(tasks)
  tell(`${what} during ${tasks} tasks: ${runs - tasks} runs were repeated`)
}
