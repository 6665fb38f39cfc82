import type { Declared } from '../../src/telemetry/metrics.ts'
import type { LabelWords } from './labels.ts'

/** What prom-client measures of the process on Linux: elsewhere there are fewer of them. */
const gauges: Readonly<Record<string, string>> = {
  process_start_time_seconds: 'Start time of the process since unix epoch in seconds.',
  process_resident_memory_bytes: 'Resident memory size in bytes.',
  process_virtual_memory_bytes: 'Virtual memory size in bytes.',
  process_heap_bytes: 'Process heap size in bytes.',
  process_open_fds: 'Number of open file descriptors.',
  process_max_fds: 'Maximum number of open file descriptors.',
  nodejs_eventloop_lag_seconds: 'Lag of event loop in seconds.',
  nodejs_eventloop_lag_min_seconds: 'The minimum recorded event loop delay.',
  nodejs_eventloop_lag_max_seconds: 'The maximum recorded event loop delay.',
  nodejs_eventloop_lag_mean_seconds: 'The mean of the recorded event loop delays.',
  nodejs_eventloop_lag_stddev_seconds: 'The standard deviation of the recorded event loop delays.',
  nodejs_eventloop_lag_p50_seconds: 'The 50th percentile of the recorded event loop delays.',
  nodejs_eventloop_lag_p90_seconds: 'The 90th percentile of the recorded event loop delays.',
  nodejs_eventloop_lag_p99_seconds: 'The 99th percentile of the recorded event loop delays.',
  nodejs_active_resources:
    'Number of active resources that are currently keeping the event loop alive, grouped by async resource type.',
  nodejs_active_resources_total: 'Total number of active resources.',
  nodejs_active_handles:
    'Number of active libuv handles grouped by handle type. Every handle type is C++ class name.',
  nodejs_active_handles_total: 'Total number of active handles.',
  nodejs_active_requests:
    'Number of active libuv requests grouped by request type. Every request type is C++ class name.',
  nodejs_active_requests_total: 'Total number of active requests.',
  nodejs_heap_size_total_bytes: 'Process heap size from Node.js in bytes.',
  nodejs_heap_size_used_bytes: 'Process heap size used from Node.js in bytes.',
  nodejs_external_memory_bytes: 'Node.js external memory size in bytes.',
  nodejs_heap_space_size_total_bytes: 'Process heap space size total from Node.js in bytes.',
  nodejs_heap_space_size_used_bytes: 'Process heap space size used from Node.js in bytes.',
  nodejs_heap_space_size_available_bytes: 'Process heap space size available from Node.js in bytes.',
  nodejs_version_info: 'Node.js version info.',
}

const counters: Readonly<Record<string, string>> = {
  process_cpu_user_seconds_total: 'Total user CPU time spent in seconds.',
  process_cpu_system_seconds_total: 'Total system CPU time spent in seconds.',
  process_cpu_seconds_total: 'Total user and system CPU time spent in seconds.',
}

const space: LabelWords = { what: 'of V8’s heap', bound: '13' }
const kindOf: LabelWords = { what: 'of libuv or Node', bound: 'about 20' }

export const processLabels: Readonly<Record<string, Readonly<Record<string, LabelWords>>>> = {
  nodejs_active_resources: { type: kindOf },
  nodejs_active_handles: { type: kindOf },
  nodejs_active_requests: { type: kindOf },
  nodejs_heap_space_size_total_bytes: { space },
  nodejs_heap_space_size_used_bytes: { space },
  nodejs_heap_space_size_available_bytes: { space },
  nodejs_version_info: Object.fromEntries(
    ['version', 'major', 'minor', 'patch'].map(part => [part, { what: 'of Node', bound: 'one' }]),
  ),
  nodejs_gc_duration_seconds: {
    kind: { what: 'of collection', values: ['major', 'minor', 'incremental', 'weakcb'] },
  },
}

/** There is a sample while there is such a thing. */
export const fleeting: readonly string[] = [
  'nodejs_active_resources',
  'nodejs_active_handles',
  'nodejs_active_requests',
]

const of = (type: Declared['type'], texts: Readonly<Record<string, string>>): readonly Declared[] =>
  Object.entries(texts).map(([name, help]) => ({
    name,
    type,
    help,
    labels: Object.keys(processLabels[name] ?? {}),
  }))

export const processMetrics: readonly Declared[] = [
  ...of('counter', counters),
  ...of('gauge', gauges),
  ...of('histogram', {
    nodejs_gc_duration_seconds:
      'Garbage collection duration by kind, one of major, minor, incremental or weakcb.',
  }),
]
