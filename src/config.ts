import { homedir } from 'node:os'
import { join } from 'node:path'
import { cloudNames, trialClouds } from './api/cloud-schema.ts'
import { simulatedSettings } from './app/simulated-settings.ts'
import { tenantSettings } from './app/tenant-settings.ts'
import { duration, integer, list, listen, ranges, text, toggle, words } from './lib/option-kinds.ts'
import { describeOptions, OptionError, readOptions, type Values } from './lib/options.ts'
import { awsPatterns } from './model/aws-names.ts'
import { azurePatterns } from './model/azure-names.ts'
import { gcpPatterns } from './model/gcp-names.ts'

export const variablePrefix = 'DASK_CLOUD_OPERATOR_'

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const second = 1000
const hour = 3_600_000

/** Every setting of the operator, with its default. No name may end as the variables of a Service do (`..._PORT`). */
export const settings = {
  kubeconfig: text({
    description: 'The kubeconfig to connect with.',
    placeholder: 'FILE',
    default: undefined,
    defaultText: "KUBECONFIG, then the pod's own service account, then ~/.kube/config",
  }),
  context: text({
    description: 'The context of the kubeconfig to use.',
    placeholder: 'NAME',
    default: undefined,
    defaultText: 'its current one',
  }),
  namespace: text({
    description: "The operator's own namespace: its lease and the keys of all clusters are kept there.",
    placeholder: 'NAME',
    pattern: dnsLabel,
    default: undefined,
    defaultText: "the pod's, else that of the kubeconfig's context",
  }),
  watchNamespaces: list({
    description: 'Namespaces whose clusters are served, separated by commas.',
    placeholder: 'NAME,...',
    pattern: dnsLabel,
    default: [],
    defaultText: 'all',
  }),
  allowClouds: list({
    description:
      'Clouds that clusters may use although they are none, separated by commas. Whoever may create a cluster on ' +
      'local runs any program as the user that the operator runs as.',
    placeholder: 'NAME,...',
    values: trialClouds,
    default: [],
    defaultText: `none of ${trialClouds.join(', ')}`,
  }),
  ambientClouds: list({
    description:
      "Clouds that clusters may use with the operator's own identity there, on whose account they then spend, separated by commas.",
    placeholder: 'NAME,...',
    values: cloudNames.filter(name => !trialClouds.includes(name)),
    default: [],
    defaultText: 'none',
  }),
  ...tenantSettings,
  awsRegions: list({
    description:
      "Regions of the operator's own AWS account in which what gone clusters left behind is looked for from the start, separated by " +
      'commas; needs --ambient-clouds aws. Regions that clusters are in are looked into while this process lives.',
    placeholder: 'NAME,...',
    pattern: awsPatterns.region,
    default: [],
    defaultText: 'none',
  }),
  azureSubscriptions: list({
    description:
      "Ids of Azure subscriptions in which what gone clusters left behind is looked for from the start with the operator's own identity, " +
      'separated by commas; needs --ambient-clouds azure. Subscriptions that clusters are in are looked into while this process lives.',
    placeholder: 'ID,...',
    pattern: azurePatterns.guid,
    default: [],
    defaultText: 'none',
  }),
  gcpProjects: list({
    description:
      "Google Cloud projects in which what gone clusters left behind is looked for from the start with the operator's own identity, " +
      'separated by commas; needs --ambient-clouds gcp. Projects that clusters are in are looked into while this process lives.',
    placeholder: 'ID,...',
    pattern: gcpPatterns.project,
    default: [],
    defaultText: 'none',
  }),
  installation: text({
    description:
      'Tells the machines of this operator from those of another one in the same namespace. Kept over upgrades: ' +
      'an operator under another name does not touch what is there.',
    placeholder: 'NAME',
    pattern: dnsLabel,
    default: 'dask-cloud-operator',
  }),
  leaderElect: toggle({
    description: 'Work only while holding the lease, so that several replicas can run.',
    default: true,
  }),
  leaseName: text({
    description: 'The lease that replicas of one installation share.',
    placeholder: 'NAME',
    pattern: dnsLabel,
    default: 'dask-cloud-operator',
  }),
  sweep: words({
    description:
      'What becomes of machines, addresses and keys of clusters that are gone: they are deleted, or with dry-run only reported.',
    values: ['delete', 'dry-run', 'off'],
    default: 'delete',
  }),
  sweepAfter: duration({
    description:
      "How long they are only watched, where this process did not see their cluster's end. Where it did, they go after half a minute.",
    minMs: 30 * second,
    maxMs: 24 * hour,
    default: 900 * second,
  }),
  sweepLimit: integer({
    description:
      'So many machines, or a fifth of an account and region where that is more, are deleted at once where nobody saw the end of ' +
      'their clusters; of more the operator only reports, since more often something else is wrong.',
    min: 0,
    max: 100_000,
    default: 5,
  }),
  httpAddress: listen({
    description:
      'Where /metrics, /healthz and /readyz are served; 0 serves nothing, port 0 takes a free one.',
    default: { host: '127.0.0.1', port: 8080 },
  }),
  logLevel: words({
    description: 'The least important lines to log.',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    default: 'info',
  }),
  logFormat: words({
    description: 'Lines for programs or for people.',
    values: ['json', 'text'],
    default: 'json',
  }),
  operatorCidrs: ranges({
    description:
      'Where the operator itself comes from when it connects to a scheduler, as ranges of addresses, separated by commas: ' +
      'they are let through beside the allowedCIDRs of each cluster.',
    default: [],
    defaultText: 'none: clusters that are Public must allow it themselves',
  }),
  concurrency: integer({
    description: 'How many clusters are worked on at a time.',
    min: 1,
    max: 256,
    default: 8,
  }),
  joinTimeout: duration({
    description:
      'How long Dask may take to come up on a machine, with everything it has to install, before the machine is replaced.',
    minMs: 10 * second,
    maxMs: 24 * hour,
    default: 900 * second,
  }),
  authorityOverlap: duration({
    description:
      "While a cluster's authority is replaced, each step lasts at least so long: as long as clients run that do not " +
      'read their Secret again.',
    minMs: 0,
    maxMs: 168 * hour,
    default: 0,
  }),
  schedulerPollInterval: duration({
    description: 'How often a scheduler is asked for its workers.',
    minMs: 100,
    maxMs: 60 * second,
    default: 2 * second,
  }),
  stateDirectory: text({
    description: 'Where the local cloud keeps its machines and Python environments.',
    placeholder: 'FOLDER',
    default: undefined,
    defaultText: '$XDG_STATE_HOME/dask-cloud-operator, else ~/.local/state/dask-cloud-operator',
  }),
  localPython: text({
    description: 'The Python of the local cloud, where a cluster names none: a path, or a name on the PATH.',
    placeholder: 'PROGRAM',
    default: 'python3',
  }),
  ...simulatedSettings,
} as const

/** Durations are in milliseconds. */
export type Config = Omit<Values<typeof settings>, 'stateDirectory'> & { readonly stateDirectory: string }

export type Invocation =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** For standard error; it names the flag or variable. */
  | { readonly kind: 'wrong'; readonly problem: string }

/** What a command line (without the program's own name) and an environment ask for. */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  if (argv.some(word => word === '--help' || word === '-h')) return { kind: 'help' }
  if (argv.includes('--version')) return { kind: 'version' }
  try {
    const values = readOptions(settings, { argv, env, prefix: variablePrefix })
    const stateDirectory = values.stateDirectory ?? defaultStateDirectory(env)
    return { kind: 'run', config: { ...values, stateDirectory } }
  } catch (error) {
    if (error instanceof OptionError) return { kind: 'wrong', problem: error.message }
    throw error
  }
}

export const helpText = (): string => `dask-cloud-operator [SETTINGS]

Serves DaskCloudClusters of the Kubernetes cluster it is connected to, until it is stopped.

Settings, each also as a variable of the environment; flags win:
${describeOptions(settings, variablePrefix)}

  --help
      This text.
  --version
      The version.
`

const defaultStateDirectory = (env: Readonly<Record<string, string | undefined>>): string =>
  join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), 'dask-cloud-operator')
