export interface Query {
  readonly expr: string
  readonly legend: string
}

export interface Panel {
  readonly title: string
  readonly description: string
  /** Grafana's name of it. */
  readonly unit: 'short' | 's' | 'ms' | 'ops' | 'bytes' | 'percentunit'
  readonly queries: readonly Query[]
  readonly isStacked?: boolean
}

interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const ours = 'dask_cloud_operator_'
const job = 'job=~"$job"'
const queue = `name="daskcloudcluster",${job}`
const passes = `controller="daskcloudcluster",${job}`

const one = (expr: string, legend: string): readonly Query[] => [{ expr, legend }]
const rate = (metric: string, labels: string): string => `rate(${metric}{${labels}}[$__rate_interval])`

/** The median and the slow end of a histogram, by labels. */
function quantiles(metric: string, by: readonly string[], labels: string): readonly Query[] {
  const sum = `sum by (${[...by, 'le'].join(', ')}) (${rate(`${metric}_bucket`, labels)})`
  const name = by.map(label => `{{${label}}}`).join(' ')
  return [0.5, 0.95].map(share => ({
    expr: `histogram_quantile(${share}, ${sum})`,
    legend: `${name} ${share * 100} %`.trim(),
  }))
}

const clusters: Row = {
  title: 'Clusters',
  panels: [
    {
      title: 'Clusters by state',
      description: 'The reason of each cluster’s condition Ready.',
      unit: 'short',
      isStacked: true,
      queries: one(`sum by (state) (${ours}clusters{${job}})`, '{{state}}'),
    },
    {
      title: 'Machines by state',
      description: 'In the last complete lists. A stranger has our tags and not our seal.',
      unit: 'short',
      isStacked: true,
      queries: one(`sum by (state) (${ours}machines{${job}})`, '{{state}}'),
    },
    {
      title: 'Machines by cloud',
      description: 'Account and region, as one list of a cloud sees them.',
      unit: 'short',
      isStacked: true,
      queries: one(`sum by (cloud) (${ours}machines{${job}})`, '{{cloud}}'),
    },
    {
      title: 'What clusters wait for',
      description: 'Conditions that call for a person, or that should pass by themselves within minutes.',
      unit: 'short',
      queries: one(
        `sum by (type, reason) (${ours}conditions{type=~"Stalled|Degraded|UpdatePending|Expiring|Idle",status="True",${job}})`,
        '{{type}}: {{reason}}',
      ),
    },
    {
      title: 'Credentials and certificates',
      description: 'Clusters whose credentials or certificates are not good, by reason.',
      unit: 'short',
      queries: one(
        `sum by (type, reason) (${ours}conditions{type=~"CredentialsReady|CertificatesReady",status!="True",${job}})`,
        '{{type}}: {{reason}}',
      ),
    },
    {
      title: 'Why workers are missing',
      description: 'Clusters whose workers do not all serve, by reason.',
      unit: 'short',
      queries: one(
        `sum by (reason) (${ours}conditions{type="WorkersReady",status!="True",${job}})`,
        '{{reason}}',
      ),
    },
  ],
}

const launches: Row = {
  title: 'Launches',
  panels: [
    {
      title: 'Launches by result',
      description: 'Accepted, or the way in which the cloud refused.',
      unit: 'ops',
      queries: one(`sum by (cloud, result) (${rate(`${ours}launches_total`, job)})`, '{{cloud}} {{result}}'),
    },
    {
      title: 'Launch stages, 95 %',
      description: 'How long each stage takes, from the end of the one before it.',
      unit: 's',
      queries: quantiles(`${ours}launch_stage_seconds`, ['stage'], job).slice(1),
    },
    {
      title: 'Running to joined, by cloud',
      description: 'The boot of the machine, the installation and the start of Dask.',
      unit: 's',
      queries: quantiles(`${ours}launch_stage_seconds`, ['cloud'], `stage="joined",${job}`),
    },
  ],
}

const clouds: Row = {
  title: 'Clouds',
  panels: [
    {
      title: 'Calls by result',
      description: 'ok, or the way in which they failed.',
      unit: 'ops',
      queries: one(
        `sum by (cloud, result) (${rate(`${ours}cloud_call_seconds_count`, job)})`,
        '{{cloud}} {{result}}',
      ),
    },
    {
      title: 'Time of calls',
      description: 'Of those that were answered and of those that were not.',
      unit: 's',
      queries: quantiles(`${ours}cloud_call_seconds`, ['cloud', 'call'], job).slice(1),
    },
    {
      title: 'What no cluster claims',
      description: 'Machines, addresses and Secrets. It should go back to 0 by itself.',
      unit: 'short',
      queries: [
        ...one(`sum by (place) (${ours}orphans{${job}})`, '{{place}}'),
        ...one(
          `sum by (outcome) (increase(${ours}sweeps_total{${job}}[$__rate_interval]))`,
          'swept: {{outcome}}',
        ),
      ],
    },
  ],
}

const operator: Row = {
  title: 'Operator',
  panels: [
    {
      title: 'Leader',
      description: '1 for the pod that leads.',
      unit: 'short',
      queries: one(`leader_election_master_status{${job}}`, '{{pod}} {{instance}}'),
    },
    {
      title: 'Passes by result',
      description: 'error is a pass that failed as a whole, which is a bug or an API server that is away.',
      unit: 'ops',
      queries: one(`sum by (result) (${rate('controller_runtime_reconcile_total', passes)})`, '{{result}}'),
    },
    {
      title: 'Time of passes',
      description: 'From the look at the cluster to its status.',
      unit: 's',
      queries: quantiles('controller_runtime_reconcile_time_seconds', [], passes),
    },
    {
      title: 'Queue',
      description: 'Clusters that are due and wait, and passes under way.',
      unit: 'short',
      queries: [
        ...one(`sum(workqueue_depth{${queue}})`, 'waiting'),
        ...one(`sum(controller_runtime_active_workers{${passes}})`, 'under way'),
      ],
    },
    {
      title: 'Wait in the queue',
      description: 'How long clusters wait once they are due.',
      unit: 's',
      queries: quantiles('workqueue_queue_duration_seconds', [], queue),
    },
    {
      title: 'Event loop',
      description: 'The longest stall in the last minute.',
      unit: 'ms',
      queries: one(`max by (instance) (${ours}loop_stall_ms{${job}})`, '{{instance}}'),
    },
  ],
}

const kubernetes: Row = {
  title: 'Kubernetes',
  panels: [
    {
      title: 'Requests by code',
      description: 'Of the operator to the API server.',
      unit: 'ops',
      queries: one(`sum by (code) (${rate('rest_client_requests_total', job)})`, '{{code}}'),
    },
    {
      title: 'Watches',
      description: 'Events, and watches that had to begin anew.',
      unit: 'ops',
      queries: [
        ...one(`sum by (resource) (${rate(`${ours}watch_events_total`, job)})`, '{{resource}} events'),
        ...one(
          `sum by (resource, because) (${rate(`${ours}watch_restarts_total`, job)})`,
          '{{resource}} begun anew: {{because}}',
        ),
      ],
    },
    {
      title: 'Lost',
      description: 'What a watch sent and nobody could read, and events that were not written.',
      unit: 'short',
      queries: [
        ...one(
          `sum by (because) (increase(${ours}frames_dropped_total{${job}}[$__rate_interval]))`,
          'frames: {{because}}',
        ),
        ...one(
          `sum by (because) (increase(${ours}events_dropped_total{${job}}[$__rate_interval]))`,
          'events: {{because}}',
        ),
      ],
    },
    {
      title: 'Memory',
      description: 'Of each pod.',
      unit: 'bytes',
      queries: one(`process_resident_memory_bytes{${job}}`, '{{pod}} {{instance}}'),
    },
    {
      title: 'Processor',
      description: 'Cores in use, of each pod.',
      unit: 'short',
      queries: one(rate('process_cpu_seconds_total', job), '{{pod}} {{instance}}'),
    },
  ],
}

export const rows: readonly Row[] = [clusters, launches, clouds, operator, kubernetes]
