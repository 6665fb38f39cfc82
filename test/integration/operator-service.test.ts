import { afterAll, expect, test } from 'vitest'
import { endpointSlices, Objects, services } from '../../src/kube/objects.ts'
import { isRecord, record } from '../../src/lib/parse.ts'
import { poll } from '../../src/lib/wait.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { hostOf, routedOperator } from '../support/routed-hosts.ts'

const plane = controlPlane()
let room: OperatorRoom

plane.prepare(async () => {
  room = await OperatorRoom.openApart(plane)
  room.operator({ program: routedOperator })
})
afterAll(() => room?.[Symbol.asyncDispose]())

const soon = (ms = 30_000) => ({ signal: AbortSignal.timeout(ms) })

/** A namespace's Services and EndpointSlices as a user sees and spoils them. */
function deskOf(cluster: string) {
  const { kube, namespaces } = room
  const ref = { namespace: namespaces.tenant, name: `${cluster}-scheduler` }
  const [service, slice] = [new Objects(kube, services), new Objects(kube, endpointSlices)]
  const read = async () => [await service.read(ref, soon()), await slice.read(ref, soon())] as const
  return {
    ref,
    service,
    slice,
    read,
    versions: async () => (await read()).map(each => metadataOf(each)['resourceVersion']),
    /** Where pods are sent: one address or none. */
    async leadsTo(where: string, ms?: number): Promise<void> {
      const isThere = async () => (endpointsOf((await read())[1]) === where ? true : undefined)
      await poll(isThere, 50, soon(ms)).catch(async () => {
        throw new Error(`it does not lead to "${where}": ${JSON.stringify(await read())}`)
      })
    },
  }
}

const metadataOf = (object: unknown) => (isRecord(object) ? record(object['metadata'], 'metadata') : {})

/** `192.0.2.7 true`, with whether pods may use it; nothing where there is nobody. */
function endpointsOf(slice: unknown): string {
  const endpoints = isRecord(slice) && Array.isArray(slice['endpoints']) ? slice['endpoints'] : []
  return endpoints
    .filter(isRecord)
    .map(
      ({ addresses, conditions }) =>
        `${[addresses].flat().join()} ${String(record(conditions, 'conditions')['ready'])}`,
    )
    .join()
}

test.concurrent('pods have one name for the scheduler: it is mended, follows a new machine, leads nowhere in sleep, and goes with the cluster', async () => {
  const pods = deskOf('named')
  const { metadata } = await room.clusters.create('named', 1)
  const settled = await room.settled('named', 1)
  const scheduler = () => room.ledger.alive(metadata.uid, 'scheduler')[0]?.id
  await pods.leadsTo(`${hostOf(scheduler())} true`)
  const named = await room.clusters.until('named', each => condition(each, 'ServiceReady')?.status === 'True')
  expect(condition(named, 'ServiceReady')?.message).toContain(
    `tls://named-scheduler.${room.namespaces.tenant}.svc:8786`,
  )
  expect(settled.status).toMatchObject({ serviceName: 'named-scheduler' })
  const [service, slice] = await pods.read()
  expect(service).toMatchObject({
    metadata: { ownerReferences: [{ uid: metadata.uid, controller: true }] },
    spec: { type: 'ClusterIP', clusterIP: expect.stringMatching(/^[\d.]+$/), ports: [{ port: 8786 }] },
  })
  expect(slice).toMatchObject({
    metadata: { labels: { 'kubernetes.io/service-name': 'named-scheduler' } },
    addressType: 'IPv4',
    ports: [{ name: 'tls-comm', port: 8786, protocol: 'TCP' }],
  })

  await pods.service.remove(pods.ref, String(metadataOf(service)['uid']), soon())
  const spoilt = { endpoints: [{ addresses: ['192.0.2.200'] }] }
  const { uid, resourceVersion } = metadataOf(slice)
  const seen = { uid: String(uid), resourceVersion: String(resourceVersion) }
  await pods.slice.patch(pods.ref, spoilt, seen, soon())
  await pods.leadsTo(`${hostOf(scheduler())} true`, 90_000)
  await poll(async () => ((await pods.read())[0] === undefined ? undefined : true), 50, soon(90_000))

  const before = scheduler()
  room.ledger.end(before === undefined ? [] : [before])
  await room.until('another is made', () => ![undefined, before].includes(scheduler()))
  await pods.leadsTo(`${hostOf(scheduler())} true`)
  await room.settled('named', 1)
  const versions = await pods.versions()
  await room.clusters.patch('named', { spec: { workers: { replicas: 2 } } })
  await room.settled('named', 2)
  expect(await pods.versions()).toEqual(versions)

  await room.clusters.patch('named', { spec: { suspend: true } })
  await pods.leadsTo('')
  await room.removed('named')
  expect(await pods.read()).toEqual([undefined, undefined])
})

test.concurrent('a Service of somebody else’s is left alone, and keeps no cluster from serving', async () => {
  const pods = deskOf('taken')
  const theirs = { spec: { ports: [{ port: 80 }], selector: { app: 'theirs' } } }
  await pods.service.create(pods.ref, theirs, soon())
  const versions = await pods.versions()
  await room.clusters.create('taken', 1)
  const taken = await room.settled('taken', 1)
  expect(condition(taken, 'ServiceReady')).toMatchObject({ status: 'False', reason: 'ForeignService' })
  expect(taken.status).not.toHaveProperty('serviceName')
  await room.removed('taken')
  expect(await pods.versions()).toEqual(versions)
})
