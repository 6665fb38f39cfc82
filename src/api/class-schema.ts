import { cloud } from './cloud-schema.ts'
import { schedulerFields, size, workerFields } from './cluster-schema.ts'
import { lifetime } from './lifetime-schema.ts'
import { allowedCIDRs, cidr, exposure } from './network-schema.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, integer, text } from './schema/scalars.ts'
import { type Infer, matching, optional } from './schema/schema.ts'
import { secretRef } from './secret-ref-schema.ts'
import { classSoftware } from './software-schema.ts'

const { purchasing, ...moreOfWorkers } = workerFields

/** What a cluster leaves out, in the words of its own spec. */
const defaults = object({
  description:
    'What clusters of the class are where they do not say it, in the words of spec of DaskCloudCluster. Environments are added to, the ' +
    "cluster's own values last; so are files, commands and ranges of addresses.",
  others: 'refused',
  default: {},
  fields: {
    software: optional(classSoftware),
    scheduler: optional(
      object({ description: 'The scheduler.', others: 'refused', fields: schedulerFields }),
    ),
    workers: optional(
      object({
        description: 'The workers of every group. How many there are is for the cluster to say.',
        others: 'refused',
        fields: { ...moreOfWorkers, purchasing: optional(purchasing) },
      }),
    ),
    network: optional(
      object({
        description: 'How the scheduler is reached.',
        others: 'refused',
        fields: { exposure: optional(exposure), allowedCIDRs: optional(allowedCIDRs) },
      }),
    ),
    lifetime: optional(lifetime),
  },
})

const sizes = (whose: string) =>
  list({
    description: `Sizes that clusters may choose for ${whose}, beside those of defaults.`,
    items: size('One of them.'),
    max: 64,
    default: [],
  })

/** How a pattern is read: `class-pattern.ts`. */
const patterns = (description: string) =>
  list({
    description: `${description} In each * stands for anything but a slash, and ** for anything.`,
    items: text({
      description: 'One of them.',
      min: 1,
      max: 256,
      rules: [matching(/^[A-Za-z0-9_.:@/*-]+$/, 'must be letters, digits and _ . : @ / - and *')],
    }),
    max: 32,
    default: [],
  })

const overrides = object({
  description:
    'What clusters may say themselves, and within what; what is not said here is refused. How many threads, how much memory and which resources ' +
    'a worker has, certificates, the dashboard and a shorter lifetime than that of defaults are always for the cluster to say.',
  others: 'refused',
  default: {},
  fields: {
    schedulerSizes: sizes('the scheduler'),
    workerSizes: sizes('workers'),
    maxWorkers: integer({
      description: 'The most workers that one cluster may have, in all its groups.',
      min: 0,
      max: 17_000,
      default: 10,
    }),
    maxGroups: integer({
      description: 'So many workerGroups a cluster may have beside workers.',
      min: 0,
      max: 16,
      default: 0,
    }),
    purchasing: list({
      description: 'How clusters may pay for workers, beside what defaults say.',
      items: choice({ description: 'One of them.', values: ['OnDemand', 'Spot', 'SpotOrOnDemand'] }),
      max: 3,
      default: [],
    }),
    exposure: list({
      description: 'How clusters may be exposed, beside what defaults say.',
      items: choice({ description: 'One of them.', values: ['Public', 'Private'] }),
      max: 2,
      default: [],
    }),
    allowedCIDRs: list({
      description:
        'Ranges within which clusters may let others in to their scheduler; 0.0.0.0/0 and ::/0 for any.',
      items: cidr,
      max: 64,
      default: [],
    }),
    env: patterns('Names of environment variables that clusters may set, for example DASK_*.'),
    images: patterns('Container images that clusters may run in place of the software of defaults.'),
    python: bool({
      description: 'Whether clusters may install packages of their own, by software.python.',
      default: false,
    }),
    setup: bool({
      description:
        'Whether clusters may have files and commands of their own on machines, which run as root: by software.files and software.setup.',
      default: false,
    }),
    plainTraffic: bool({
      description: 'Whether clusters may do without encryption, by security.tls.mode Disabled.',
      default: false,
    }),
  },
})

const quota = object({
  description:
    'What all clusters of the class in one namespace may be together. The oldest come first; others wait until there is room. A cluster that ' +
    'sleeps keeps its place.',
  others: 'refused',
  fields: {
    clusters: optional(integer({ description: 'So many clusters.', min: 0, max: 10_000 })),
    workers: optional(integer({ description: 'So many workers in all.', min: 0, max: 1_000_000 })),
  },
})

const label = (description: string) => text({ description, max: 317 })

/** As metav1.LabelSelector. */
const namespaces = object({
  description:
    'Which namespaces may use the class, by their labels; every namespace has the label kubernetes.io/metadata.name. {} stands for all. Default: none.',
  others: 'refused',
  fields: {
    matchLabels: optional(
      map({ description: 'Labels that they all have.', max: 32, values: label('The value.') }),
    ),
    matchExpressions: optional(
      list({
        description: 'What else holds of all of them.',
        max: 32,
        items: object({
          description: 'One requirement.',
          others: 'refused',
          fields: {
            key: label('The label.'),
            operator: choice({
              description: 'How it is to be.',
              values: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
            }),
            values: list({
              description: 'With In and NotIn: its values.',
              items: label('One of them.'),
              max: 64,
              default: [],
            }),
          },
          rules: [
            {
              cel: "(self.operator in ['In', 'NotIn']) == (size(self.values) > 0)",
              message: 'In and NotIn need values, and nothing else takes them',
              holds: ({ operator, values }) => ['In', 'NotIn'].includes(operator) === values.length > 0,
            },
          ],
        }),
      }),
    ),
  },
})

export const classSpec = object({
  description: 'What clusters of the class are, and what they may be.',
  others: 'refused',
  fields: {
    cloud,
    credentialsSecretRef: optional(
      secretRef(
        'A Secret of the namespace of the operator with what the cloud asks for, which carries the label cloud.dask.org/purpose: credentials. Clusters of the class neither ' +
          'name nor read it. A change is taken up by all of them. Default: the own identity of the operator.',
      ),
    ),
    defaults,
    overrides,
    quota: optional(quota),
    namespaces: optional(namespaces),
    updatePolicy: choice({
      description:
        'What a change of the class does to clusters that are there. Never: they go on as they are, and the condition ClassUpdatePending of each ' +
        'says what would change. Always: it is taken up as if they had been changed themselves.',
      values: ['Never', 'Always'],
      default: 'Never',
    }),
  },
})

/** What a platform writes, with the API server's defaults filled in. */
export type ClassSpec = Infer<typeof classSpec>
export type NamespaceSelector = NonNullable<ClassSpec['namespaces']>
