import { anything, list, object } from './schema/containers.ts'
import { choice, integer, text, timeMs, timeText } from './schema/scalars.ts'
import { optional } from './schema/schema.ts'

/** A generation, a count of the ledger: what never comes near its bound. */
const counter = (description: string) => integer({ description, min: 0, max: Number.MAX_SAFE_INTEGER })
const word = (description: string, max = 253) => text({ description, min: 1, max })
const words = (description: string, items: string, max: number) =>
  list({ description, items: word(items), max })

export const condition = object({
  description: 'One statement about the cluster.',
  others: 'ignored',
  fields: {
    type: word('What the statement is about.', 316),
    status: choice({ description: 'Whether it holds.', values: ['True', 'False', 'Unknown'] }),
    reason: word('Why, in one stable word for programs.', 1024),
    message: text({ description: 'Why, for people, and what to do.', max: 32_768 }),
    observedGeneration: integer({
      description: 'The generation of the resource that the statement was made for; 0 for none yet.',
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      default: 0,
    }),
    lastTransitionTime: timeText({ description: 'When the status last changed.' }),
  },
})

export const launch = object({
  description:
    'One launch of machines, written before its cloud is asked and kept until its machines are seen.',
  others: 'ignored',
  fields: {
    id: word('Random; the base of the token that keeps the cloud from launching twice.', 64),
    owner: word('UID of the cluster it was written for.', 64),
    generation: counter('Generation of the resource it was written for.'),
    scope: word('Account and region that it is made in.', 512),
    role: choice({ description: 'What the machines are for.', values: ['scheduler', 'worker'] }),
    group: word('Their group.', 63),
    count: integer({ description: 'How many machines.', min: 1, max: 1000 }),
    fingerprint: word('What the user asked of each machine, in short.', 128),
    seq: counter('Number of the launch in the ledger.'),
    offerings: words(
      'What the cloud is asked for, in the order tried.',
      'An offering, as the cloud calls it.',
      64,
    ),
    offering: integer({ description: 'Which of the offerings is in use, from 0.', min: 0, max: 63 }),
    requestHash: word('Of the whole request: it is sent again only while it is the same.', 128),
    recordedAt: timeMs({ description: 'When it was written.' }),
    state: choice({
      description: 'What is known of it.',
      values: ['Open', 'Accepted', 'Unknown', 'Forgotten'],
    }),
    stateSince: optional(timeMs({ description: 'When that became known; absent while Open.' })),
    machines: optional(
      words('The machines that the cloud named in its answer.', 'As the cloud calls it.', 1000),
    ),
  },
})

export const launches = list({
  description:
    'Launches that are not settled yet. Do not edit: machines that nobody remembers cost money until they are found.',
  items: launch,
  max: 64,
  keys: ['id'],
})

export const ledger = object({
  description: 'Tells that this status is the one the operator wrote. Do not edit.',
  others: 'ignored',
  fields: {
    uid: word('UID of the cluster whose launches are recorded here.', 64),
    seq: counter('Number of the last launch.'),
  },
})

export const sleep = object({
  description:
    'Why the cluster sleeps although spec.suspend does not say so; there only while it does. Taking it away wakes the cluster.',
  others: 'ignored',
  fields: {
    since: timeMs({ description: 'When it went to sleep.' }),
    generation: counter('Generation of the resource then: any other wakes it.'),
    resume: text({
      description:
        'Stands for the annotation cloud.dask.org/resume as it was then: any other value wakes it.',
      max: 64,
    }),
  },
})

const workers = object({
  description: 'The workers of spec.workers, as the scale subresource needs them.',
  others: 'ignored',
  fields: {
    replicas: counter('Machines that are there, starting ones too.'),
    ready: counter('Workers that answer through the scheduler.'),
    selector: word('Label selector of the workers, in text form.', 512),
  },
})

const workerGroup = object({
  description: 'The workers of one of spec.workerGroups.',
  others: 'ignored',
  fields: {
    name: word('Its name.', 63),
    replicas: counter('Machines that are there, starting ones too.'),
    ready: counter('Workers that answer through the scheduler.'),
  },
})

const certificates = object({
  description: 'The certificates of the cluster.',
  others: 'ignored',
  fields: {
    notAfter: timeText({ description: 'When the first of them ends.' }),
    renewAt: optional(
      timeText({ description: 'When it is renewed; absent where the operator does not renew it.' }),
    ),
  },
})

/** Written with the ledger, before the first machine, and by what is published. */
export const classRecord = object({
  description:
    'The class by which the cluster runs, kept so that a change of the class changes nothing of it unless the class says so. Do not edit.',
  others: 'ignored',
  fields: {
    name: word('Its name.', 63),
    generation: counter('The generation of the class that the cluster runs by.'),
    spec: anything({ description: 'The spec of the class then.' }),
    accepted: anything({ description: 'The spec of the cluster as the class last let it be.' }),
  },
})

const unseen = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'Pending',
  message: 'No operator has looked at this cluster yet.',
  observedGeneration: 0,
  lastTransitionTime: '1970-01-01T00:00:00Z',
} as const

/** What is told of a cluster at the end of a pass; the records below it are written by steps of a plan alone. */
export const publishedFields = {
  observedGeneration: optional(counter('The generation of the resource that this status was made for.')),
  /** Its default keeps anybody from taking an object that nobody has looked at for a finished one. */
  conditions: list({
    description: 'What holds of the cluster. Ready says whether it can be used.',
    items: condition,
    max: 32,
    keys: ['type'],
    default: [unseen],
  }),
  class: optional(classRecord),
  cloud: optional(word('The cloud that spec.cloud or the class chooses.', 63)),
  schedulerAddress: optional(word('Where a client reaches the scheduler.')),
  internalSchedulerAddress: optional(word('Where the workers reach the scheduler.')),
  dashboardURL: optional(
    word(
      "Dask's pages about the cluster, for whom spec.network.allowedCIDRs admits and who has the client's certificate; only while spec.dashboard.expose.",
    ),
  ),
  clientSecretName: optional(
    word(
      'Secret in the same namespace with what a client needs: ca.crt, tls.crt, tls.key, dask.yaml; client.p12 for browsers where the dashboard is exposed.',
    ),
  ),
  serviceName: optional(
    word('Service in the same namespace that leads pods to the scheduler, whichever machine it runs on.', 63),
  ),
  workers: optional(workers),
  workerGroups: optional(
    list({
      description: 'The workers of spec.workerGroups; absent where there is no such group.',
      items: workerGroup,
      max: 64,
      keys: ['name'],
    }),
  ),
  certificates: optional(certificates),
  expiresAt: optional(timeText({ description: 'When spec.lifetime.ttl ends, and the cluster with it.' })),
  readySince: optional(
    timeText({
      description: 'When all wanted workers first answered since the cluster was started or resumed.',
    }),
  ),
}

export const published = object({ description: 'Published.', others: 'ignored', fields: publishedFields })

/** The whole status. Its own default is there so that the one of the conditions is reached. */
export const status = object({
  description: 'What the cluster is, as the operator last saw it.',
  others: 'ignored',
  default: {},
  fields: {
    ...publishedFields,
    ledger: optional(ledger),
    launches: optional(launches),
    sleep: optional(sleep),
  },
})
