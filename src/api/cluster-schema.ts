import { isRecord } from '../lib/parse.ts'
import { defaultGroup, schedulerGroup } from '../model/names.ts'
import { cloud } from './cloud-schema.ts'
import { dashboard } from './dashboard-schema.ts'
import { lifetime } from './lifetime-schema.ts'
import * as names from './names.ts'
import { network } from './network-schema.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, decimal, integer, text } from './schema/scalars.ts'
import { type Infer, implied, keysMatching, matching, optional } from './schema/schema.ts'
import { secretRef } from './secret-ref-schema.ts'
import { guardsDashboard, guardsPlainTraffic, security } from './security-schema.ts'
import { environment, namesSource, software } from './software-schema.ts'

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

export const size = (description: string) =>
  text({
    description,
    min: 1,
    max: 64,
    rules: [matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be the name of a size, for example m7i.large')],
  })

export const schedulerFields = {
  size: optional(
    size(
      "What the cloud calls the scheduler's machine, for example m7i.large. Default: the cloud's usual one.",
    ),
  ),
  env: optional(environment('the scheduler alone, over those of spec.software.env')),
}

const scheduler = object({
  description: 'The one scheduler of the cluster.',
  others: 'refused',
  default: {},
  fields: schedulerFields,
})

/** What every group of workers has, and a class may say. */
export const workerFields = {
  sizes: optional(
    list({
      description:
        "What the cloud calls their machines, in the order they are tried, for example [m7i.xlarge, m6i.xlarge]. Default: the cloud's usual one.",
      items: size('One of them.'),
      max: 10,
    }),
  ),
  purchasing: implied(
    choice({
      description:
        'How they are paid for: on demand, as spot machines, which the cloud may take back at any time, or as spot machines while there are any.',
      values: ['OnDemand', 'Spot', 'SpotOrOnDemand'],
      default: 'OnDemand',
    }),
    'OnDemand',
  ),
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

/** What every group of workers has. The number has a default of the API server's, since kubectl scale needs one to be there. */
const group = {
  replicas: integer({ description: 'How many workers there are to be.', min: 0, max: 1000, default: 1 }),
  ...workerFields,
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

const credentialsSecretRef = secretRef(
  'A Secret of the same namespace with what the cloud asks for, in place of the own identity of the operator. It ' +
    'carries the label cloud.dask.org/purpose: credentials. A change of the Secret is taken up within seconds, and ' +
    'replaces no machine.',
)

const className = text({
  description:
    'The DaskCloudClass of the platform that fills in what is left out here and says what else may be asked for: where the ' +
    'machines come from, in place of cloud and credentialsSecretRef. It cannot change afterwards.',
  min: 1,
  max: names.classNameMax,
  rules: [
    matching(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'must be the name of a DaskCloudClass: small letters, digits and -',
    ),
  ],
})

export const spec = object({
  description: 'What the cluster is to be.',
  others: 'refused',
  fields: {
    className: optional(className),
    cloud: optional(cloud),
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
      cel: 'has(self.cloud) || has(self.className)',
      message: 'say where the machines come from: by a cloud, or by the className of a DaskCloudClass',
      holds: ({ cloud: place, className: name }) => place !== undefined || name !== undefined,
    },
    {
      cel: '!has(self.className) || (!has(self.cloud) && !has(self.credentialsSecretRef))',
      message:
        'the class says where the machines come from: take cloud and credentialsSecretRef away, or className',
      holds: ({ cloud: place, className: name, credentialsSecretRef: secret }) =>
        name === undefined || (place === undefined && secret === undefined),
    },
    {
      cel: 'has(self.className) == has(oldSelf.className) && (!has(self.className) || self.className == oldSelf.className)',
      message:
        'the class of a cluster cannot change, since its machines are there; create a new cluster instead',
    },
    {
      cel: "!has(self.cloud) || !has(self.cloud.azure) || has(self.cloud.azure.subnet) || !has(self.network) || !has(self.network.exposure) || self.network.exposure != 'Private'",
      message:
        'exposure Private on Azure needs a subnet of yours that reaches the operator and has a way out: name it in cloud.azure.subnet',
      holds: ({ cloud: place, network: { exposure } }) =>
        place?.name !== 'azure' ||
        exposure !== 'Private' ||
        (isRecord(place.settings) && isRecord(place.settings['subnet'])),
    },
    {
      cel: "!has(self.cloud) || !has(self.cloud.digitalOcean) || ((!has(self.workers) || !has(self.workers.purchasing) || self.workers.purchasing != 'Spot') && (!has(self.workerGroups) || self.workerGroups.all(group, !has(group.purchasing) || group.purchasing != 'Spot')))",
      message:
        'DigitalOcean has no spot droplets: set purchasing to OnDemand, or to SpotOrOnDemand for what may be had',
      holds: ({ cloud: place, workers: usual, workerGroups: more }) =>
        place?.name !== 'digitalOcean' || [usual, ...more].every(({ purchasing }) => purchasing !== 'Spot'),
    },
    namesSource,
    guardsPlainTraffic,
    guardsDashboard,
  ],
})

/** What a user writes, with the API server's defaults filled in. */
export type Spec = Infer<typeof spec>
