import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const reconcileSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
  1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
]
const queueSeconds = Array.from({ length: 12 }, (_, power) => Number(`1e${power - 8}`))
const launchSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900]
const cloudSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120]

export type Metrics = ReturnType<typeof createMetrics>

/** What a metric is called and has, as it was made. */
export interface Declared {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

interface Book {
  readonly registry: Registry
  readonly declared: Declared[]
}

/**
 * All that is counted, in a registry of its own. Names without our prefix are controller-runtime's and client-go's,
 * so that dashboards made for them work.
 */
export function createMetrics(options: { readonly process?: 'measured' | 'unmeasured' } = {}) {
  const registry = new Registry()
  const book: Book = { registry, declared: [] }
  const updates = new Set<() => void>()
  if (options.process === 'measured') collectDefaultMetrics({ register: registry })
  return {
    ...controllerMetrics(book),
    ...queueMetrics(book),
    ...kubeMetrics(book),
    ...cloudMetrics(book),
    contentType: registry.contentType,
    /** Those above, without those that measure the process. */
    declared: (): readonly Declared[] => book.declared,
    /** Has gauges brought up to date right before they are read. */
    beforeReading(update: () => void): Disposable {
      updates.add(update)
      return { [Symbol.dispose]: () => updates.delete(update) }
    },
    /** All of it as Prometheus reads it. */
    read(): Promise<string> {
      for (const update of updates) update()
      return registry.metrics()
    },
  }
}

function controllerMetrics(book: Book) {
  const { counter, gauge, histogram } = makersOf(book)
  return {
    reconciles: counter('controller_runtime_reconcile_total', 'Passes, by how they ended.', [
      'controller',
      'result',
    ]),
    reconcileErrors: counter('controller_runtime_reconcile_errors_total', 'Passes that failed.', [
      'controller',
    ]),
    reconcileSeconds: histogram(
      'controller_runtime_reconcile_time_seconds',
      'How long passes take.',
      ['controller'],
      reconcileSeconds,
    ),
    activeWorkers: gauge('controller_runtime_active_workers', 'Passes under way.', ['controller']),
    maxWorkers: gauge(
      'controller_runtime_max_concurrent_reconciles',
      'Passes that may be under way at once.',
      ['controller'],
    ),
    leader: gauge('leader_election_master_status', '1 while this process holds the lease.', ['name']),
  }
}

function queueMetrics(book: Book) {
  const { counter, gauge, histogram } = makersOf(book)
  const names = ['name', 'controller'] as const
  return {
    queueDepth: gauge('workqueue_depth', 'Keys that are due and wait.', names),
    queueAdds: counter('workqueue_adds_total', 'Keys added.', names),
    queueWaitSeconds: histogram(
      'workqueue_queue_duration_seconds',
      'How long keys wait when due.',
      names,
      queueSeconds,
    ),
    queueWorkSeconds: histogram(
      'workqueue_work_duration_seconds',
      'How long keys are worked on.',
      names,
      queueSeconds,
    ),
    queueRetries: counter('workqueue_retries_total', 'Keys added again after a failure.', names),
    queueUnfinishedSeconds: gauge(
      'workqueue_unfinished_work_seconds',
      'Age of all work under way, summed up.',
      names,
    ),
    queueLongestSeconds: gauge(
      'workqueue_longest_running_processor_seconds',
      'Age of the oldest work under way.',
      names,
    ),
  }
}

function kubeMetrics(book: Book) {
  const { counter, gauge } = makersOf(book)
  return {
    kubeRequests: counter('rest_client_requests_total', 'Requests to the API server.', [
      'code',
      'method',
      'host',
    ]),
    watchEvents: counter('dask_cloud_operator_watch_events_total', 'Events of watches.', [
      'resource',
      'type',
    ]),
    watchRestarts: counter('dask_cloud_operator_watch_restarts_total', 'Watches begun anew.', [
      'resource',
      'because',
    ]),
    framesDropped: counter(
      'dask_cloud_operator_frames_dropped_total',
      'What a watch sent and nobody could read.',
      ['resource', 'because'],
    ),
    eventsDropped: counter('dask_cloud_operator_events_dropped_total', 'Kubernetes events not written.', [
      'because',
    ]),
    loopStallMs: gauge(
      'dask_cloud_operator_loop_stall_ms',
      'The longest that the event loop was held up in the last minute.',
      [],
    ),
  }
}

function cloudMetrics(book: Book) {
  const { counter, gauge, histogram } = makersOf(book)
  return {
    launches: counter('dask_cloud_operator_launches_total', 'Launches sent to clouds.', ['cloud', 'result']),
    launchStageSeconds: histogram(
      'dask_cloud_operator_launch_stage_seconds',
      'How long each stage of a launch takes, from the end of the stage before it.',
      ['cloud', 'role', 'stage'],
      launchSeconds,
    ),
    machines: gauge(
      'dask_cloud_operator_machines',
      'Machines in the last complete lists; stranger: with our tags and not of our making.',
      ['cloud', 'state'],
    ),
    cloudCallSeconds: histogram(
      'dask_cloud_operator_cloud_call_seconds',
      'How long calls to clouds take.',
      ['cloud', 'call', 'result'],
      cloudSeconds,
    ),
    orphans: gauge('dask_cloud_operator_orphans', 'Machines, addresses and Secrets that no cluster claims.', [
      'place',
    ]),
    sweeps: counter('dask_cloud_operator_sweeps_total', 'What came of unclaimed things, owner by owner.', [
      'place',
      'outcome',
    ]),
    clusters: gauge('dask_cloud_operator_clusters', 'Clusters that are served.', ['state']),
    conditions: gauge('dask_cloud_operator_conditions', 'Clusters by each of their conditions.', [
      'type',
      'status',
      'reason',
    ]),
  }
}

function makersOf({ registry, declared }: Book) {
  const registers = [registry]
  return {
    counter: <const L extends string>(name: string, help: string, labelNames: readonly L[]) => {
      declared.push({ name, type: 'counter', help, labels: labelNames })
      return new Counter<L>({ name, help, labelNames, registers })
    },
    gauge: <const L extends string>(name: string, help: string, labelNames: readonly L[]) => {
      declared.push({ name, type: 'gauge', help, labels: labelNames })
      return new Gauge<L>({ name, help, labelNames, registers })
    },
    histogram: <const L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      buckets: number[],
    ) => {
      declared.push({ name, type: 'histogram', help, labels: labelNames })
      return new Histogram<L>({ name, help, labelNames, buckets, registers })
    },
  }
}
