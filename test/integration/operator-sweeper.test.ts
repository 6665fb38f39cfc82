import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { controlPlane } from '../support/control-plane.ts'
import type { OperatorRoom } from '../support/operator-room.ts'
import { metricOf, ownRoom } from '../support/own-room.ts'
import { pluginTold } from '../support/plugin-told.ts'

const plane = controlPlane()

/** As `kubectl daskcloud orphans` tells it. */
const orphans = async (room: OperatorRoom): Promise<unknown> =>
  (await pluginTold(plane.kubeconfig, 'orphans', '-n', room.namespaces.operator))['orphans']

/** A namespace of tenants, which ends with the test even where its operator left something in it. */
async function tenantNamespace(onEnd: (work: () => Promise<void>) => void): Promise<string> {
  const tenant = `tenant-${randomBytes(4).toString('hex')}`
  await plane.kubectl(['create', 'namespace', tenant])
  onEnd(async () => {
    await plane.kubectl(['delete', 'namespace', tenant, '--ignore-not-found', '--wait=false'])
    const free = ['patch', 'dcc/doomed', '-n', tenant, '--type=merge', '-p', '{"metadata":{"finalizers":[]}}']
    await plane.kubectl(free).catch(() => undefined)
  })
  return tenant
}

test.concurrent('row 7: finalizers stripped by force, and this process saw it: machines, address and keys end within a minute', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  room.operator()
  const { uid } = (await room.clusters.create('forced', 2)).metadata
  const kept = (await room.clusters.create('kept', 1)).metadata
  await room.settled('forced', 2)
  await room.settled('kept', 1)
  expect(await own.secretsOf(uid)).toHaveLength(4)
  await room.clusters.letGo('forced')
  await room.until('the machines to end', () => room.ledger.alive(uid).length === 0, 60_000)
  // A pass may end the machines before the finalizer is gone: then the sweeper meets the address alone.
  await room.until('the address to be released', () => !room.ledger.left.includes(uid), 60_000)
  await room.until('the keys to go', async () => (await own.secretsOf(uid)).length === 0, 60_000)
  expect(room.ledger.alive(kept.uid)).toHaveLength(2)
  await room.removed('kept')
  expect(room.ledger.left).toEqual([])
})

test.concurrent('row 7: an end that nobody witnessed is reported, watched for the time it is set to, and then swept', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const first = room.operator()
  const { uid } = (await room.clusters.create('unseen', 2)).metadata
  await room.settled('unseen', 2)
  await first.kill()
  await room.clusters.letGo('unseen')
  const second = room.operator({ settings: { 'sweep-after': '40s' } })
  await room.until('it to be reported', async () => (await own.events()).includes('OrphansFound'), 30_000)
  const reportedAt = Date.now()
  expect(room.ledger.alive(uid)).toHaveLength(3)
  expect(await orphans(room)).toContainEqual(expect.objectContaining({ state: 'found', uid }))
  await room.until(
    'the gauge to tell',
    async () => (await metricOf(second, 'dask_cloud_operator_orphans')) >= 3 + 3,
  )
  await room.until('the machines to end', () => room.ledger.alive(uid).length === 0, 120_000)
  const [ended] = room.ledger.marks.filter(({ kind }) => kind === 'ended')
  expect(ended?.at).toBeGreaterThan(reportedAt + 30_000)
  await room.until('nothing to be left', () => room.ledger.left.length === 0, 120_000)
  await room.until('the keys to go', async () => (await own.secretsOf(uid)).length === 0, 120_000)
  await room.until('it to be told', async () => (await own.events()).includes('OrphansEnded'))
  expect(await orphans(room)).toContainEqual(expect.objectContaining({ state: 'ended', uid }))
  await room.until(
    'the gauge to be empty',
    async () => (await metricOf(second, 'dask_cloud_operator_orphans')) === 0,
  )
})

test.concurrent('a dry run tells what it would end, and ends nothing', async () => {
  await using own = await ownRoom(plane)
  const { room } = own
  const first = room.operator()
  const { uid } = (await room.clusters.create('dry', 1)).metadata
  await room.settled('dry', 1)
  await first.kill()
  await room.clusters.letGo('dry')
  const dry = room.operator({ settings: { sweep: 'dry-run', 'sweep-after': '30s' } })
  await room.until('it to be told', async () => (await own.events()).includes('OrphansKept'), 120_000)
  expect(await metricOf(dry, 'dask_cloud_operator_sweeps_total', 'outcome="kept"')).toBeGreaterThan(0)
  expect(room.ledger.alive(uid)).toHaveLength(2)
  await dry.stop()
  room.operator({ settings: { 'sweep-after': '30s' } })
  await room.until('nothing to be left', () => room.ledger.left.length === 0, 120_000)
})

test.concurrent('row 8: a namespace is deleted with its clusters and Secrets: the machines end, and so does the namespace', async ({
  onTestFinished,
}) => {
  await using own = await ownRoom(plane)
  const tenant = await tenantNamespace(onTestFinished)
  const manifest = JSON.stringify({
    apiVersion: 'cloud.dask.org/v1alpha1',
    kind: 'DaskCloudCluster',
    metadata: { name: 'doomed', namespace: tenant },
    spec: { cloud: { simulated: {} }, workers: { replicas: 2 } },
  })
  own.room.operator({ settings: { 'watch-namespaces': tenant } })
  await plane.kubectl(['apply', '-f', '-'], manifest)
  await plane.kubectl(['wait', 'dcc/doomed', '-n', tenant, '--for=condition=Ready', '--timeout=60s'])
  const uid = await plane.kubectl(['get', 'dcc/doomed', '-n', tenant, '-o', 'jsonpath={.metadata.uid}'])
  expect(own.room.ledger.left).toHaveLength(4)
  expect(await own.secretsOf(uid)).toHaveLength(3)
  await plane.kubectl(['delete', 'namespace', tenant, '--timeout=90s'])
  expect(own.room.ledger.left).toEqual([])
  expect(await own.secretsOf(uid)).toEqual([])
})
