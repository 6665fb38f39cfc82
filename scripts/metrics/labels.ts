import { cloudNames } from '../../src/api/cloud-schema.ts'
import { plural } from '../../src/api/names.ts'
import type { CloudCall } from '../../src/app/wrapped.ts'
import type { Passed } from '../../src/controller/crew.ts'
import type { SweepReport } from '../../src/controller/sweeper.ts'
import { faults } from '../../src/model/faults.ts'
import type { MachineState } from '../../src/model/machine.ts'
import type { Role } from '../../src/model/names.ts'
import type { Stage } from '../../src/reconcile/stages.ts'

/** What may stand in a label. */
export interface LabelWords {
  readonly what: string
  /** All values there are, where that is known. */
  readonly values?: readonly string[]
  /** How many values there can be, where they are not known. */
  readonly bound?: string
}

export interface MetricWords {
  /** Beside the help that Prometheus is told. */
  readonly more?: string
  readonly labels: Readonly<Record<string, LabelWords>>
  /** When there is a first sample, where that is not as soon as a cluster is served. */
  readonly from?: string
}

/** The words of a type, all of them: the compiler says where one is missing. */
const wordsOf = <T extends string>(words: Readonly<Record<T, true>>): readonly string[] => Object.keys(words)

const results = wordsOf<Passed['result']>({ success: true, requeue: true, requeue_after: true, error: true })
const roles = wordsOf<Role>({ scheduler: true, worker: true })
const stages = wordsOf<Stage>({
  recorded: true,
  accepted: true,
  listed: true,
  running: true,
  installed: true,
  up: true,
  joined: true,
})
const calls = wordsOf<CloudCall>({
  list: true,
  launch: true,
  terminate: true,
  offerings: true,
  'reserve-address': true,
  'release-address': true,
  console: true,
  prove: true,
  rehearse: true,
})
/** Those that are gone are not counted. */
const states = wordsOf<Exclude<MachineState['kind'], 'gone'> | 'stranger'>({
  starting: true,
  running: true,
  stopped: true,
  leaving: true,
  stranger: true,
})
const outcomes = wordsOf<SweepReport['outcome']>({
  found: true,
  kept: true,
  'too-many': true,
  ended: true,
  failed: true,
})

const controller: LabelWords = { what: 'always the same', values: ['daskcloudcluster'] }
const queue = { name: controller, controller }
const cloud: LabelWords = {
  what: 'the cloud',
  values: cloudNames,
}
const scope: LabelWords = {
  what: 'what one list of a cloud sees: its name, the account and, where lists are of one, the region',
  bound: 'the accounts and regions in use',
}
const place: LabelWords = {
  what: 'the same, or the Secrets of a namespace',
  bound: 'the accounts and regions in use, and namespaces with clusters',
}
const resource: LabelWords = { what: 'what is watched', values: [plural, 'secrets'] }
const reason: LabelWords = {
  what: 'the reason of the condition',
  bound: 'the words of [troubleshooting](../troubleshooting.md), about 60',
}

/** What each metric's labels hold, by its name: what `src/telemetry/metrics.ts` declares has its words here, and nothing else. */
export const metricWords: Readonly<Record<string, MetricWords>> = {
  controller_runtime_reconcile_total: {
    more: '`error` is a pass that failed as a whole: a defect, or an API server that is away. What fails at a cloud is no error.',
    labels: {
      controller,
      result: { what: 'how it ended', values: results },
    },
  },
  controller_runtime_reconcile_errors_total: { labels: { controller }, from: 'a pass has failed' },
  controller_runtime_reconcile_time_seconds: { labels: { controller } },
  controller_runtime_active_workers: { labels: { controller } },
  controller_runtime_max_concurrent_reconciles: {
    more: '`--concurrency`.',
    labels: { controller },
  },
  leader_election_master_status: {
    more: 'Without `--leader-elect` there is no sample.',
    labels: { name: { what: 'the lease', bound: 'one, of `--lease-name`' } },
    from: 'the process stands for the lease',
  },
  workqueue_depth: { labels: queue },
  workqueue_adds_total: { labels: queue },
  workqueue_queue_duration_seconds: { labels: queue },
  workqueue_work_duration_seconds: { labels: queue },
  workqueue_retries_total: { labels: queue, from: 'a pass has failed' },
  workqueue_unfinished_work_seconds: { labels: queue },
  workqueue_longest_running_processor_seconds: { labels: queue },
  rest_client_requests_total: {
    labels: {
      code: {
        what: 'the status of the answer, `<error>` where there was none',
        bound: 'statuses of HTTP, and one more',
      },
      method: { what: 'of HTTP', values: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
      host: { what: 'the API server', bound: 'one' },
    },
  },
  dask_cloud_operator_watch_events_total: {
    labels: {
      resource,
      type: { what: 'what happened', values: ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'] },
    },
  },
  dask_cloud_operator_watch_restarts_total: {
    labels: {
      resource,
      because: {
        what: 'why it ended: `Timeout`, `Unreachable` and others of ours, or the API server’s reason',
        bound: 'about 20',
      },
    },
    from: 'a watch has ended, which API servers have it do after 5 to 10 minutes',
  },
  dask_cloud_operator_frames_dropped_total: {
    more: 'A list makes up for it within 30 s.',
    labels: {
      resource,
      because: {
        what: 'why (`oversized` is over 4 MiB)',
        values: ['broken', 'oversized', 'cut', 'unknown', 'unversioned', 'unparsable'],
      },
    },
    from: 'a watch has sent something that cannot be read',
  },
  dask_cloud_operator_events_dropped_total: {
    labels: { because: { what: 'why', values: ['closed', 'flood', 'queue', 'refused', 'unwritten'] } },
    from: 'an event was not written',
  },
  dask_cloud_operator_loop_stall_ms: {
    more: 'To within 10 ms; every reader is told.',
    labels: {},
  },
  dask_cloud_operator_launches_total: {
    labels: { cloud, result: { what: 'what the cloud answered', values: ['accepted', ...faults] } },
  },
  dask_cloud_operator_launch_stage_seconds: {
    more: '[Stages](../operations.md#stages-of-a-launch) says where each begins and ends.',
    labels: {
      cloud,
      role: { what: 'of the machine', values: roles },
      stage: { what: 'which', values: stages },
    },
  },
  dask_cloud_operator_machines: {
    more: 'A `stranger` is neither counted for a cluster nor ended.',
    labels: {
      cloud: scope,
      state: { what: 'of the machine', values: states },
    },
  },
  dask_cloud_operator_cloud_call_seconds: {
    labels: {
      cloud,
      call: { what: 'which', values: calls },
      result: { what: '`ok`, or how it failed', values: ['ok', ...faults] },
    },
  },
  dask_cloud_operator_orphans: {
    more: 'It goes back to 0 by itself, or [what is left behind](../operations.md#what-is-left-behind) says why not.',
    labels: { place },
    from: 'something is unclaimed',
  },
  dask_cloud_operator_sweeps_total: {
    labels: {
      place,
      outcome: { what: 'what came of it', values: outcomes },
    },
    from: 'something was unclaimed',
  },
  dask_cloud_operator_clusters: {
    labels: {
      state: { what: 'the reason of its condition Ready; Pending before there is one', bound: 'about 40' },
    },
  },
  dask_cloud_operator_conditions: {
    more: 'A cluster has up to 16 of them.',
    labels: {
      type: {
        what: 'the condition',
        bound: 'the [conditions](../troubleshooting.md) there are, 16',
      },
      status: { what: 'whether it is so', values: ['True', 'False', 'Unknown'] },
      reason,
    },
  },
}
