import { expect, test } from 'vitest'
import { poll } from '../../src/lib/wait.ts'
import { condition } from '../support/cluster-desk.ts'
import { controlPlane } from '../support/control-plane.ts'
import { OperatorRoom } from '../support/operator-room.ts'
import { healthPort, sampled, scraped } from '../support/scrape.ts'

const plane = controlPlane()
const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) })

test('at rest nothing is written, however often the operator looks, and conditions carry the generation', async () => {
  await using room = await OperatorRoom.open(plane)
  const operator = room.operator()
  await room.clusters.create('rest', 2)
  await room.settled('rest', 2)
  const atRest = await room.clusters.until(
    'rest',
    ({ status }) => status?.workers?.ready === 2 && status.workers.replicas === 2,
  )
  const { generation } = atRest.metadata
  expect(atRest.status?.conditions?.map(({ observedGeneration }) => observedGeneration)).toEqual(
    atRest.status?.conditions?.map(() => generation),
  )
  const port = healthPort(await operator.log())
  const count = async (name: string, ...labels: string[]): Promise<number> =>
    sampled((await scraped(port)).body, name, ...labels)
  let { resourceVersion } = atRest.metadata
  for (const note of ['a', 'b', 'c']) {
    const passes = await count('controller_runtime_reconcile_total')
    resourceVersion = (await room.clusters.patch('rest', { metadata: { annotations: { note } } })).metadata
      .resourceVersion
    await poll(
      async () => ((await count('controller_runtime_reconcile_total')) > passes ? true : undefined),
      50,
      within(10_000),
    )
  }
  const lists = await count('dask_cloud_operator_cloud_call_seconds_count', 'call="list"')
  await poll(
    async () =>
      (await count('dask_cloud_operator_cloud_call_seconds_count', 'call="list"')) > lists ? true : undefined,
    200,
    within(30_000),
  )
  expect((await room.clusters.get('rest'))?.metadata.resourceVersion).toBe(resourceVersion)
  await room.removed('rest')
})

test('a cloud that the operator does not allow: Stalled says what to do, and the cluster can be deleted', async () => {
  await using room = await OperatorRoom.open(plane)
  room.operator({ settings: { 'allow-clouds': 'local' } })
  const { metadata } = await room.clusters.create('refused', 1)
  const stalled = await room.clusters.until(
    'refused',
    cluster => condition(cluster, 'Stalled')?.status === 'True',
  )
  expect(condition(stalled, 'Stalled')).toMatchObject({ observedGeneration: 1 })
  expect(condition(stalled, 'Stalled')?.message).toMatch(/spec\.cloud\.simulated.*--allow-clouds/)
  expect(condition(stalled, 'Ready')?.status).toBe('False')
  expect(stalled.metadata.finalizers ?? []).toEqual([])
  await room.clusters.remove('refused')
  await room.clusters.gone('refused', metadata.uid, 10_000)
  expect(room.ledger.marks).toEqual([])
})

test('/metrics speaks of the operator as controller-runtime would, and /healthz and /readyz answer', async () => {
  await using room = await OperatorRoom.open(plane)
  const operator = room.operator()
  await room.clusters.create('measured', 1)
  await room.settled('measured', 1)
  const port = healthPort(await operator.log())
  expect((await scraped(port, '/healthz')).status).toBe(200)
  expect((await scraped(port, '/readyz')).status).toBe(200)
  const { body } = await scraped(port)
  const controller = 'controller="daskcloudcluster"'
  expect(sampled(body, 'controller_runtime_reconcile_total', controller, 'result="error"')).toBe(0)
  for (const name of [
    'controller_runtime_reconcile_total',
    'controller_runtime_reconcile_time_seconds_count',
    'workqueue_adds_total',
    'workqueue_queue_duration_seconds_count',
    'workqueue_work_duration_seconds_count',
    'rest_client_requests_total',
  ])
    expect([name, sampled(body, name) > 0]).toEqual([name, true])
  for (const stage of ['recorded', 'accepted', 'listed', 'running', 'joined'])
    expect([
      stage,
      sampled(body, 'dask_cloud_operator_launch_stage_seconds_count', `stage="${stage}"`),
    ]).toEqual([stage, 2])
  for (const name of [
    'workqueue_depth',
    'controller_runtime_active_workers',
    'leader_election_master_status',
  ])
    expect([name, body.includes(`\n# TYPE ${name} `)]).toEqual([name, true])
  await room.removed('measured')
})
