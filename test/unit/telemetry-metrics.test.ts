import { expect, test } from 'vitest'
import { type Check, serveHealth } from '../../src/telemetry/health.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

const get = (port: number, path: string, method = 'GET') =>
  fetch(`http://127.0.0.1:${port}${path}`, { method })

async function served(live: readonly Check[], ready: readonly Check[] = []) {
  const metrics = createMetrics()
  const server = await serveHealth({ host: '127.0.0.1', port: 0, live, ready, metrics })
  return { metrics, port: server.port, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test("the names are controller-runtime's", async () => {
  const metrics = createMetrics()
  metrics.reconciles.inc({ controller: 'daskcloudcluster', result: 'success' })
  metrics.queueDepth.set({ name: 'daskcloudcluster', controller: 'daskcloudcluster' }, 3)
  const text = await metrics.read()
  expect(text).toContain(
    'controller_runtime_reconcile_total{controller="daskcloudcluster",result="success"} 1',
  )
  expect(text).toContain('workqueue_depth{name="daskcloudcluster",controller="daskcloudcluster"} 3')
  for (const name of [
    'controller_runtime_reconcile_errors_total',
    'controller_runtime_reconcile_time_seconds',
    'controller_runtime_active_workers',
    'controller_runtime_max_concurrent_reconciles',
    'workqueue_adds_total',
    'workqueue_queue_duration_seconds',
    'workqueue_work_duration_seconds',
    'workqueue_retries_total',
    'workqueue_unfinished_work_seconds',
    'workqueue_longest_running_processor_seconds',
    'leader_election_master_status',
    'rest_client_requests_total',
  ]) {
    expect(text).toMatch(new RegExp(`^# TYPE ${name} `, 'm'))
  }
})

test('two registries know nothing of each other', async () => {
  const [one, other] = [createMetrics(), createMetrics({ process: 'measured' })]
  one.eventsDropped.inc({ because: 'answered' }, 7)
  expect(await other.read()).not.toContain('because="answered"')
  expect(await other.read()).toContain('process_resident_memory_bytes')
})

test('gauges can be brought up to date right before they are read', async () => {
  const metrics = createMetrics()
  let depth = 1
  const update = metrics.beforeReading(() => metrics.loopStallMs.set(depth++))
  expect(await metrics.read()).toContain('loop_stall_ms 1')
  expect(await metrics.read()).toContain('loop_stall_ms 2')
  update[Symbol.dispose]()
  expect(await metrics.read()).toContain('loop_stall_ms 2')
})

test('health names what is wrong, and comes back', async () => {
  let problem: string | undefined = 'silent for 90 s'
  const watch: Check = { name: 'watch', problem: () => problem }
  await using server = await served([watch, { name: 'loop', problem: () => undefined }])
  const bad = await get(server.port, '/healthz')
  expect(bad.status).toBe(503)
  expect(await bad.text()).toBe('[-]watch failed: silent for 90 s\n[+]loop ok\nhealthz check failed\n')
  problem = undefined
  expect((await get(server.port, '/healthz?verbose')).status).toBe(200)
  expect((await get(server.port, '/readyz')).status).toBe(200)
})

test('a check that throws has failed', async () => {
  const broken: Check = {
    name: 'cache',
    problem: () => {
      throw new Error('not synced')
    },
  }
  await using server = await served([], [broken])
  const reply = await get(server.port, '/readyz')
  expect([reply.status, await reply.text()]).toEqual([
    503,
    '[-]cache failed: not synced\nreadyz check failed\n',
  ])
})

test('metrics are served as text, other paths and methods are refused', async () => {
  await using server = await served([])
  server.metrics.launches.inc({ cloud: 'aws', result: 'accepted' })
  const reply = await get(server.port, '/metrics')
  expect(reply.headers.get('content-type')).toContain('text/plain')
  expect(await reply.text()).toContain('dask_cloud_operator_launches_total{cloud="aws",result="accepted"} 1')
  expect((await get(server.port, '/healthz', 'HEAD')).status).toBe(200)
  expect((await get(server.port, '/other')).status).toBe(404)
  expect((await get(server.port, '/metrics', 'POST')).status).toBe(405)
})

test('an address that is taken is an error, and a closed server gives it back', async () => {
  const first = await served([])
  const again = () =>
    serveHealth({ host: '127.0.0.1', port: first.port, live: [], ready: [], metrics: createMetrics() })
  await expect(again()).rejects.toThrow(/EADDRINUSE/)
  await get(first.port, '/healthz')
  await first[Symbol.asyncDispose]()
  const second = await again()
  await second[Symbol.asyncDispose]()
})
