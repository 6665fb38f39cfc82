import type { annotations, labels } from '../../src/api/names.ts'
import type { secretLabels } from '../../src/pki/secret.ts'

/** What a change of a field does, as the page's column says it; the legend has each in a sentence. */
export const effects = {
  no: 'the API server refuses it.',
  yes: 'it is taken over at once and ends no machine.',
  later: 'machines that start from then on have it.',
  scales: 'workers are added, or the idle ones drained, closed and ended first.',
  'all or none': 'every machine ends, or all start.',
  'replaces workers':
    'one more than wanted at a time (a quarter more above four), each drained before it ends.',
  'new scheduler':
    'nothing happens until you ask for it, since a new scheduler has lost all results: [UpdatePending](../troubleshooting.md#updatepending).',
  'replaces workers, new scheduler': 'both of the above.',
} as const

export type Effect = keyof typeof effects

/** The longest path that a field begins with counts; a field that none of them covers is `yes`. */
export const effectOf: Readonly<Record<string, Effect>> = {
  'spec.className': 'no',
  'spec.cloud': 'no',
  'spec.cloud.aws': 'replaces workers, new scheduler',
  'spec.cloud.aws.region': 'no',
  'spec.cloud.aws.zones': 'later',
  'spec.cloud.aws.subnets': 'later',
  'spec.cloud.aws.vpc': 'later',
  'spec.cloud.aws.securityGroups': 'later',
  'spec.cloud.aws.sshCIDRs': 'later',
  'spec.cloud.aws.tags': 'later',
  'spec.cloud.aws.workerAddresses': 'replaces workers',
  'spec.cloud.azure': 'replaces workers, new scheduler',
  'spec.cloud.azure.subscriptionId': 'no',
  'spec.cloud.azure.location': 'no',
  'spec.cloud.azure.resourceGroup': 'no',
  'spec.cloud.azure.zones': 'later',
  'spec.cloud.azure.subnet': 'later',
  'spec.cloud.azure.tags': 'later',
  'spec.cloud.azure.sshCIDRs': 'yes',
  'spec.cloud.azure.workerAddresses': 'replaces workers',
  'spec.cloud.digitalOcean': 'replaces workers, new scheduler',
  'spec.cloud.digitalOcean.region': 'no',
  'spec.cloud.digitalOcean.tags': 'later',
  'spec.cloud.digitalOcean.firewall': 'no',
  'spec.cloud.digitalOcean.sshCIDRs': 'yes',
  'spec.cloud.digitalOcean.workerAddresses': 'replaces workers',
  'spec.cloud.gcp': 'replaces workers, new scheduler',
  'spec.cloud.gcp.project': 'no',
  'spec.cloud.gcp.region': 'no',
  'spec.cloud.gcp.zones': 'later',
  'spec.cloud.gcp.network': 'later',
  'spec.cloud.gcp.subnetwork': 'later',
  'spec.cloud.gcp.gpu': 'replaces workers',
  'spec.cloud.gcp.labels': 'later',
  'spec.cloud.gcp.networkTags': 'later',
  'spec.cloud.gcp.firewall': 'yes',
  'spec.cloud.gcp.sshCIDRs': 'yes',
  'spec.cloud.gcp.workerAddresses': 'replaces workers',
  'spec.cloud.local.python': 'replaces workers, new scheduler',
  'spec.cloud.simulated.startupSeconds': 'later',
  'spec.security.tls.mode': 'no',
  'spec.security.tls': 'later',
  'spec.software': 'replaces workers, new scheduler',
  'spec.scheduler': 'new scheduler',
  'spec.workers': 'replaces workers',
  'spec.workers.replicas': 'scales',
  'spec.workerGroups': 'replaces workers',
  'spec.workerGroups[].name': 'scales',
  'spec.workerGroups[].replicas': 'scales',
  'spec.network.exposure': 'replaces workers, new scheduler',
  'spec.dashboard': 'new scheduler',
  'spec.suspend': 'all or none',
}

export function changeOf(path: string): Effect {
  const covers = (start: string): boolean =>
    path === start || ['.', '[]'].some(end => path.startsWith(`${start}${end}`))
  const [longest = ''] = Object.keys(effectOf)
    .filter(covers)
    .toSorted((a, b) => b.length - a.length)
  return effectOf[longest] ?? 'yes'
}

export interface Mark {
  readonly by: 'you' | 'the operator' | 'nobody yet'
  readonly value: string
  readonly what: string
}

/** One for each annotation that there is: the compiler asks for it. */
export const annotationWords: Readonly<Record<keyof typeof annotations, Mark>> = {
  restart: {
    by: 'you',
    value: 'any text; a new one is a new request',
    what: 'Ends the scheduler and starts a new one, and so ends what the old one remembers.',
  },
  abandon: {
    by: 'you',
    value: 'the UID of the cluster',
    what:
      'Lets a deleted cluster go whose cloud cannot be reached any more, or which another installation serves. ' +
      'Machines that it has are then yours to end.',
  },
  resume: {
    by: 'you',
    value: 'any text; a new one is a new request',
    what: 'Wakes a cluster that went to sleep because of `spec.lifetime.idleTimeout`. One that is awake counts anew.',
  },
  renew: {
    by: 'you',
    value: 'any text; a new one is a new request',
    what: 'Has all certificates made anew, with new keys: in the Secrets and on the machines, which go on running.',
  },
  renewAuthority: {
    by: 'you',
    value: 'any text; a new one is a new request',
    what: 'Has a new authority take the place of the present one, while both are trusted: see [certificates](../certificates.md).',
  },
  credentials: {
    by: 'the operator',
    value: 'names, separated by commas',
    what:
      'Secrets that stay for as long as the cluster does, since its machines may have to be ended with them: they carry the ' +
      'finalizer `cloud.dask.org/in-use`. Do not edit.',
  },
  placement: {
    by: 'the operator',
    value: 'JSON: installation, cloud, scope',
    what: 'Whose the cluster is and where its machines are. Do not edit.',
  },
}

export const labelWords: Readonly<Record<keyof typeof labels, Mark>> = {
  clusterUid: {
    by: 'the operator',
    value: 'a UID',
    what: 'On the Secrets of a cluster, and in `status.workers.selector`.',
  },
}

export const secretLabelWords: Readonly<Record<Exclude<keyof typeof secretLabels, 'uid'>, Mark>> = {
  managedBy: { by: 'the operator', value: '`dask-cloud-operator`', what: 'On the Secrets of a cluster.' },
  role: {
    by: 'the operator',
    value: '`ca`, `scheduler`, `worker`, `client`',
    what: 'On the Secrets of a cluster: which of them it is.',
  },
  installation: {
    by: 'the operator',
    value: 'a hash',
    what: 'On the Secrets of a cluster: which operator made them.',
  },
}
