import { afterAll, expect, test } from 'vitest'
import { connectScheduler } from '../../src/dask/connection.ts'
import { checkIdle } from '../../src/dask/scheduler.ts'
import { poll } from '../../src/lib/wait.ts'
import { clusterUid } from '../../src/model/names.ts'
import { schedulerServerName } from '../../src/pki/identity.ts'
import { type ClusterResource, ClusterStage, conditionOf } from '../support/cluster-e2e.ts'
import { controlPlane } from '../support/control-plane.ts'
import { inTime } from '../support/dask-processes.ts'
import { DaskUser } from '../support/dask-user.ts'

const plane = controlPlane()
let stage: ClusterStage

plane.prepare(async () => {
  stage = await ClusterStage.open(plane)
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

const timeoutS = 20
const ask = 'print(json.dumps(client.submit(lambda x: x + 1, 41).result()))'
const suspended = (cluster: ClusterResource): string | undefined => conditionOf(cluster, 'Suspended')?.reason

test('a client keeps a cluster of real Dask processes awake; without one it sleeps, and wakes where it was', async () => {
  const workers = { replicas: 1, threads: 1, memory: '1GiB' }
  await stage.apply('nap', { cloud: { local: {} }, workers })
  const { metadata, status } = await stage.settled('nap', 120_000)
  const secret = await stage.clientSecret('nap')
  const user = await DaskUser.create(stage.python, await stage.subfolder('user'), {
    secret,
    scheduler: status.schedulerAddress,
  })
  const visitor = await user.visit('visitor')
  await stage.patch('nap', { lifetime: { idleTimeout: `${timeoutS}s` } })
  await idleForDask(metadata.uid, status.schedulerAddress ?? '', timeoutS + 5)
  const awake = await stage.cluster('nap')
  expect([suspended(awake), conditionOf(awake, 'Idle'), conditionOf(awake, 'Ready')?.status]).toEqual([
    undefined,
    undefined,
    'True',
  ])
  const left = Date.now()
  await visitor.leave()
  await stage.until('nap', each => conditionOf(each, 'Idle')?.reason === 'NobodyUsesIt')
  const asleep = await stage.until(
    'nap',
    async each => suspended(each) === 'Idle' && (await stage.fleet.homes()).length === 0,
  )
  expect(Date.now() - left).toBeGreaterThan(timeoutS * 1_000)
  expect(asleep.metadata.generation).toBe(2)
  expect(asleep.status.schedulerAddress).toBe(status.schedulerAddress)
  await stage.kubectl('annotate', 'dcc/nap', 'cloud.dask.org/resume=1')
  await stage.settled('nap', 120_000)
  expect(await user.ask(ask)).toBe(42)
  await stage.kubectl('delete', 'dcc/nap', '--timeout=90s')
})

/** Resolves when Dask, which counts no clients, has called the scheduler idle for so long. */
async function idleForDask(uid: string, address: string, seconds: number): Promise<void> {
  const data = (await stage.clientSecret('nap'))?.data ?? {}
  const [ca = '', cert = '', key = ''] = ['ca.crt', 'tls.crt', 'tls.key'].map(name =>
    Buffer.from(data[name] ?? '', 'base64').toString(),
  )
  const { hostname: host, port } = new URL(address)
  const serverName = schedulerServerName(clusterUid(uid))
  using connection = await connectScheduler(
    { host, port: Number(port), tls: { ca, cert, key }, serverName },
    inTime(10_000),
  )
  const isLong = async (): Promise<true | undefined> => {
    const since = await checkIdle(connection, inTime(5_000))
    return since !== undefined && Date.now() - since >= seconds * 1_000 ? true : undefined
  }
  await poll(isLong, 200, inTime(90_000))
}
