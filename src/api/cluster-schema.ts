import { isRecord } from '../lib/parse.ts'
import { defaultGroup, schedulerGroup } from '../model/names.ts'
import { cloud } from './cloud-schema.ts'
import { dashboard } from './dashboard-schema.ts'
import { network } from './network-schema.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, decimal, duration, integer, text } from './schema/scalars.ts'
import { type Infer, keysMatching, matching, optional } from './schema/schema.ts'
import { secretRef } from './secret-ref-schema.ts'
import { guardsDashboard, guardsPlainTraffic, security } from './security-schema.ts'
import { environment, software } from './software-schema.ts'

const memory = text({
  description:
    'Memory that a worker may use, as Dask reads it, for example 4GiB; "auto" is what the machine has. Beyond 60 % ' +
    'of it a worker writes to disk. Default: auto.',
  max: 20,
  rules: [
    matching(
      /^(auto|(0\.[0-9]*[1-9][0-9]*|[1-9][0-9]*(\.[0-9]+)?) ?([kKMGTP]i?B?|B))$/,
      'write a number with a unit as Dask reads it, for example 4GiB or 500MB, or auto',
    ),
  ],
})

const resources = map({
  description:
    'Abstract resources that each worker offers to tasks which ask for them, for example {GPU: 1}; see ' +
    'https://distributed.dask.org/en/stable/resources.html.',
  max: 32,
  values: decimal({ description: 'How much of it one worker has.', min: 0, max: 1_000_000_000_000_000 }),
  rules: [
    keysMatching(
      /^[A-Za-z_][A-Za-z0-9_.-]{0,62}$/,
      'names of resources are made of letters, digits and _ . -, begin with a letter or _ and have at most 63 characters',
    ),
  ],
})

const size = (description: string) =>
  text({
    description,
    min: 1,
    max: 64,
    rules: [matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of a size, for example m7i.large')],
  })

const scheduler = object({
  description: 'The one scheduler of the cluster.',
  others: 'refused',
  default: {},
  fields: {
    size: optional(
      size(
        "What the cloud calls the scheduler's machine, for example m7i.large. Default: the cloud's usual one.",
      ),
    ),
    env: optional(environment('the scheduler alone, over those of spec.software.env')),
  },
})

/** What every group of workers has. */
const group = {
  replicas: integer({ description: 'How many workers there are to be.', min: 0, max: 1000, default: 1 }),
  sizes: optional(
    list({
      description:
        "What the cloud calls their machines, in the order they are tried, for example [m7i.xlarge, m6i.xlarge]. Default: the cloud's usual one.",
      items: size('One of them.'),
      max: 10,
    }),
  ),
  purchasing: choice({
    description:
      'How they are paid for: on demand, as spot machines, which the cloud may take back at any time, or as spot machines while there are any.',
    values: ['OnDemand', 'Spot', 'SpotOrOnDemand'],
    default: 'OnDemand',
  }),
  threads: optional(
    integer({
      description: 'Tasks that one worker runs at a time. Default: one for each core of its machine.',
      min: 1,
      max: 1024,
    }),
  ),
  memory: optional(memory),
  resources: optional(resources),
  nanny: optional(
    bool({
      description:
        "Whether Dask's nanny looks after each worker: it starts one again that uses too much memory, and takes two processes more. " +
        'Without it systemd starts a worker again that ends. Default: false.',
    }),
  ),
  env: optional(environment('the workers alone, over those of spec.software.env')),
}

const workers = object({
  description:
    'The workers of the cluster. kubectl scale changes the number; a change of anything else here replaces them.',
  others: 'refused',
  default: {},
  fields: group,
})

const workerGroups = list({
  description: 'More workers of other kinds. A group that is taken out of the list is drained and ended.',
  items: object({
    description: 'Workers of one kind; the fields are those of spec.workers.',
    others: 'refused',
    fields: {
      name: text({
        description: 'What it is called; default and scheduler are taken.',
        min: 1,
        max: 32,
        rules: [
          matching(
            /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
            'must be small letters, digits and -, beginning with a letter and not ending with -',
          ),
          {
            cel: `!(self in ['${defaultGroup}', '${schedulerGroup}'])`,
            message: `${defaultGroup} is the group of spec.workers and ${schedulerGroup} the scheduler's: choose another name`,
            holds: value => value !== defaultGroup && value !== schedulerGroup,
          },
        ],
      }),
      ...group,
    },
  }),
  max: 16,
  keys: ['name'],
  default: [],
  rules: [
    {
      cel: 'self.all(one, self.exists_one(other, other.name == one.name))',
      message: 'each group needs a name of its own',
      holds: groups => new Set(groups.map(({ name }) => name)).size === groups.length,
    },
  ],
})

const bounds = { minMs: 10_000, maxMs: 31_536_000_000 }

const lifetime = object({
  description:
    'When the cluster ends by itself. Durations are written as Gateway API does, for example 90m or 8h.',
  others: 'refused',
  fields: {
    idleTimeout: optional(
      duration({
        description:
          'After so long with no task and no connected client the cluster goes to sleep, as with suspend. A change of ' +
          'the spec or a new value of the annotation cloud.dask.org/resume wakes it. Results that no client holds are ' +
          'lost. Default: never.',
        ...bounds,
      }),
    ),
    ttl: optional(
      duration({
        description:
          'So long after its creation the cluster is deleted, this resource too, whatever it does then. Default: never.',
        ...bounds,
      }),
    ),
  },
})

const credentialsSecretRef = secretRef(
  'A Secret of the same namespace with what the cloud asks for, in place of the own identity of the operator. It ' +
    'carries the label cloud.dask.org/purpose: credentials. A change of the Secret is taken up within seconds, and ' +
    'replaces no machine.',
)

export const spec = object({
  description: 'What the cluster is to be.',
  others: 'refused',
  fields: {
    cloud,
    credentialsSecretRef: optional(credentialsSecretRef),
    software,
    scheduler,
    workers,
    workerGroups,
    network,
    security,
    dashboard,
    suspend: bool({
      description:
        'Ends every machine, the scheduler with its memory too, and keeps this resource and its certificates. ' +
        'Set it to false to start the cluster again.',
      default: false,
    }),
    lifetime: optional(lifetime),
  },
  rules: [
    {
      cel: "!has(self.cloud.azure) || has(self.cloud.azure.subnet) || !has(self.network) || !has(self.network.exposure) || self.network.exposure != 'Private'",
      message:
        'exposure Private on Azure needs a subnet of yours that reaches the operator and has a way out: name it in cloud.azure.subnet',
      holds: ({ cloud: { name, settings }, network: { exposure } }) =>
        name !== 'azure' || exposure !== 'Private' || (isRecord(settings) && isRecord(settings['subnet'])),
    },
    {
      cel: "!has(self.cloud.digitalOcean) || ((!has(self.workers) || self.workers.purchasing != 'Spot') && (!has(self.workerGroups) || self.workerGroups.all(group, group.purchasing != 'Spot')))",
      message:
        'DigitalOcean has no spot droplets: set purchasing to OnDemand, or to SpotOrOnDemand for what may be had',
      holds: ({ cloud: { name }, workers: usual, workerGroups: more }) =>
        name !== 'digitalOcean' || [usual, ...more].every(({ purchasing }) => purchasing !== 'Spot'),
    },
    guardsPlainTraffic,
    guardsDashboard,
  ],
})

/** What a user writes, with the API server's defaults filled in. */
export type Spec = Infer<typeof spec>
