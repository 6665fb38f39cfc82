import type { LogLevel } from '../../src/telemetry/log.ts'

/** A field of a line, and what stands in it. */
export const fieldWords: Readonly<Record<string, string>> = {
  level: '`info`, `warn`, `error` or `fatal`',
  time: 'RFC 3339, UTC, with milliseconds',
  message: 'one of the texts below',
  cluster: 'NAMESPACE/NAME of the cluster that the line is about',
  pass: 'eight hexadecimal digits: all lines of one look at one cluster have the same',
  step: 'what was done: its `type`, and what it was done to. Names of Secrets are blackened there, as all that stands under such a name is',
  because: 'why, in words that also stand in events',
  outcome:
    'of a step: `done`, `failed`, `outdated` (the cluster was changed meanwhile; it is looked at again). Of what no cluster claims: `found`, `kept`, `too-many`, `ended`, `failed`. Of a renewal: a `kind`, and a `problem`',
  fault:
    'how a call to a cloud failed, in a word of the operator’s: those of `result` in [`dask_cloud_operator_cloud_call_seconds`](reference/metrics.md#dask_cloud_operator_cloud_call_seconds)',
  problem:
    'the same for a person, as conditions have it. Of a watch: its `resource`, the `kind` (`object`, `stream`, `handler`), the `key` and the `error`',
  err: 'the error: `type`, `message`, `stack`, whatever else it carries, and its `cause`, which is another',
  namespace: 'the operator’s own',
  installation: '16 hexadecimal digits, which machines carry as a tag',
  identity: 'of this process, as the lease has it: HOST_PID_NUMBER',
  lease: 'its name',
  host: 'the address that is listened at',
  port: 'and the port',
  clusters: 'how many there are',
  class: 'the name of a DaskCloudClass',
  secret: 'blackened: the name of a Secret',
  machine: 'its id at its cloud',
  place: 'an account and region of a cloud, or the Secrets of a namespace',
  uid: 'of the cluster that something belonged to',
  items: 'ids of machines, names of Secrets, `address`',
  isWitnessed: 'whether this process saw that cluster’s end',
}

export interface LineWords {
  readonly level: LogLevel
  /** `{}` stands for any words. */
  readonly message: string
  /** Beside those of every line, and `cluster` and `pass` within a pass. `err` may be missing. */
  readonly fields: readonly string[]
  readonly when: string
}

/** Every line that the operator writes. */
export const lines: readonly LineWords[] = [
  {
    level: 'info',
    message: 'serving /metrics, /healthz and /readyz',
    fields: ['host', 'port'],
    when: 'at the start',
  },
  {
    level: 'info',
    message: 'waiting for the lease',
    fields: ['namespace', 'lease', 'identity'],
    when: 'at the start, and after it was lost',
  },
  {
    level: 'info',
    message: 'this process leads',
    fields: ['namespace', 'installation', 'identity'],
    when: 'it has the lease, or needs none',
  },
  { level: 'info', message: 'ready', fields: ['clusters'], when: 'the first lists are there' },
  {
    level: 'info',
    message: 'step taken',
    fields: ['step', 'because', 'outcome'],
    when: 'something was done for a cluster; nothing is written where nothing was to be done',
  },
  {
    level: 'warn',
    message: 'step not taken',
    fields: ['step', 'because', 'outcome', 'fault?', 'problem?', 'err?'],
    when: 'it failed, or the cluster had changed; the next pass decides anew',
  },
  {
    level: 'warn',
    message: 'a machine did not take new certificates',
    fields: ['machine', 'outcome'],
    when: 'of at most three in a pass; it is asked again',
  },
  {
    level: 'warn',
    message: 'a cloud had a problem',
    fields: ['err?'],
    when: 'a list failed, which is tried again, or something of no consequence; of refused credentials once, not with every list',
  },
  {
    level: 'warn',
    message: 'a watch had a problem; it goes on',
    fields: ['problem'],
    when: 'it ended or told something that cannot be read',
  },
  {
    level: 'warn',
    message: 'nobody knows yet whether there are classes',
    fields: ['err?'],
    when: 'the API server did not tell; it is asked again, and no cluster is looked at before',
  },
  {
    level: 'info',
    message: 'no classes are served: their definition is not there, or may not be read',
    fields: [],
    when: 'once it leads, with `--classes auto`: [Self-service](self-service.md)',
  },
  {
    level: 'warn',
    message: 'a class could not be looked at',
    fields: ['class', 'err?'],
    when: 'its conditions stay as they were; it is looked at again',
  },
  {
    level: 'warn',
    message: 'no cluster claims these',
    fields: ['place', 'cluster', 'uid', 'items', 'outcome', 'isWitnessed', 'err?'],
    when: 'something was left behind: [What is left behind](operations.md#what-is-left-behind)',
  },
  {
    level: 'warn',
    message: 'nothing was swept',
    fields: ['err?'],
    when: 'a list failed; the next look decides',
  },
  {
    level: 'warn',
    message: 'the lease could not be asked for',
    fields: ['err?'],
    when: 'it is asked for again',
  },
  {
    level: 'warn',
    message: 'the credentials for the API server cannot be renewed yet',
    fields: ['err?'],
    when: 'a file or a plugin of the kubeconfig is in trouble; those from before are used',
  },
  {
    level: 'warn',
    message: 'the API server cannot be asked who it is',
    fields: ['err?'],
    when: 'at the start, each time that it was asked in vain',
  },
  {
    level: 'warn',
    message: 'the key that seals machines, Secret {}, cannot be read',
    fields: ['err?'],
    when: 'the same',
  },
  {
    level: 'warn',
    message: 'the key that seals machines is made; whether clusters were there before is not known',
    fields: ['err?'],
    when: 'at the first start, where clusters could not be listed',
  },
  {
    level: 'error',
    message:
      'the key that seals machines was lost and is made anew: machines that were launched before are not known as ours in clouds that seal them. Put the old Secret back, or end them by hand',
    fields: ['clusters', 'secret'],
    when: 'at a start: [Upgrades and backups](operations.md#upgrades-and-backups)',
  },
  {
    level: 'error',
    message: 'a pass failed; it is tried again',
    fields: ['cluster', 'err?'],
    when: 'it failed as a whole: a defect, or an API server that takes no status',
  },
  {
    level: 'error',
    message: 'this process leads no more',
    fields: ['err?'],
    when: 'the lease was lost; it stands for it again',
  },
  { level: 'info', message: 'stopped', fields: [], when: 'SIGTERM or SIGINT; the exit code is 0' },
  {
    level: 'fatal',
    message: '{} (see --kubeconfig)',
    fields: [],
    when: 'the kubeconfig cannot be used; the exit code is 1, here and below',
  },
  {
    level: 'fatal',
    message: '{}: another process listens where /metrics is to be served (see --http-address)',
    fields: [],
    when: 'at the start',
  },
  { level: 'fatal', message: 'the operator ended', fields: ['err?'], when: 'it could not go on' },
  {
    level: 'fatal',
    message: 'a failure that nobody caught',
    fields: ['err?'],
    when: 'a defect; Kubernetes starts the container again',
  },
]
