/** What a class lets be and what it refuses: given to the operator's judgement and to the API server's policy alike. */
export interface ClassCase {
  readonly given: string
  /** The cluster's spec beside its className. */
  readonly spec: Readonly<Record<string, unknown>>
  /** As it was before, for a change. */
  readonly before?: Readonly<Record<string, unknown>>
  /** Labels of its namespace, where they are not those that the class chooses. */
  readonly isElsewhere?: true
  /** All that is refused, in order. */
  readonly says: readonly string[]
}

export const caseClass = {
  cloud: { simulated: {} },
  defaults: {
    scheduler: { size: 'medium' },
    workers: { sizes: ['small'] },
    lifetime: { idleTimeout: '30m', ttl: '8h' },
  },
  overrides: {
    schedulerSizes: ['large'],
    workerSizes: ['large', 'huge'],
    maxWorkers: 10,
    maxGroups: 1,
    purchasing: ['Spot'],
    exposure: ['Private'],
    allowedCIDRs: ['10.0.0.0/8', '2001:db8::/32'],
    env: ['DASK_*', 'A.B'],
    images: ['ghcr.io/team/*', 'quay.io/**'],
  },
  quota: { clusters: 3, workers: 8 },
  namespaces: {
    matchLabels: { team: 'a' },
    matchExpressions: [
      { key: 'stage', operator: 'In', values: ['dev', 'test'] },
      { key: 'closed', operator: 'DoesNotExist' },
      { key: 'team', operator: 'Exists' },
      { key: 'stage', operator: 'NotIn', values: ['live'] },
    ],
  },
}
export const caseLabels = { team: 'a', stage: 'dev' }

const workers = (of: object) => ({ workers: { replicas: 1, ...of } })
const group = (of: object) => ({ workerGroups: [{ name: 'gpu', replicas: 1, ...of }] })
const beyond = (field: string, found: string, allowed: string) =>
  `spec.${field}: ${found} is beyond class standard, which allows ${allowed}`

export const classCases: readonly ClassCase[] = [
  { given: 'nothing but the class', spec: {}, says: [] },
  {
    given: 'all that is allowed',
    spec: {
      scheduler: { size: 'large', env: { DASK_A: '1' } },
      workers: { replicas: 6, sizes: ['small', 'huge'], purchasing: 'Spot', memory: '4GiB', threads: 2 },
      workerGroups: [
        { name: 'gpu', replicas: 2, sizes: ['large'], resources: { GPU: 1 }, env: { DASK_B: '' } },
      ],
      network: { exposure: 'Private', allowedCIDRs: ['10.1.0.0/16', '2001:db8:1::/48'] },
      software: { image: 'ghcr.io/team/dask:1', env: { DASK_X: '1' } },
      lifetime: { idleTimeout: '10m', ttl: '1h30m' },
    },
    says: [],
  },
  { given: 'what the defaults say', spec: workers({ sizes: ['small'], purchasing: 'OnDemand' }), says: [] },
  {
    given: 'another namespace',
    spec: {},
    isElsewhere: true,
    says: ['NAMESPACE is not one of the namespaces of class standard'],
  },
  {
    given: 'a size of the scheduler',
    spec: { scheduler: { size: 'huge' } },
    says: [beyond('scheduler.size', 'huge', 'medium, large')],
  },
  {
    given: 'sizes of workers',
    spec: workers({ sizes: ['small', 'giant', 'titan'] }),
    says: [beyond('workers.sizes', 'giant, titan', 'small, large, huge')],
  },
  {
    given: 'a size of a group',
    spec: group({ sizes: ['giant'] }),
    says: [beyond('workerGroups[gpu].sizes', 'giant', 'small, large, huge')],
  },
  {
    given: 'another way to pay',
    spec: { ...workers({ purchasing: 'SpotOrOnDemand' }), ...group({ purchasing: 'SpotOrOnDemand' }) },
    says: [
      beyond('workers.purchasing', 'SpotOrOnDemand', 'OnDemand, Spot'),
      beyond('workerGroups[gpu].purchasing', 'SpotOrOnDemand', 'OnDemand, Spot'),
    ],
  },
  {
    given: 'too many workers in all, and more than the quota',
    spec: { ...workers({ replicas: 6 }), ...group({ replicas: 5 }) },
    says: [
      'spec.workers.replicas: 11 workers in all groups are beyond overrides.maxWorkers of class standard, which is 10',
      'spec.workers.replicas: 11 workers in all groups are beyond quota.workers of class standard, which is 8',
    ],
  },
  {
    given: 'too many groups',
    spec: { workerGroups: [{ name: 'a' }, { name: 'b' }] },
    says: ['spec.workerGroups: 2 groups are beyond class standard, which allows 1'],
  },
  {
    given: 'ranges of addresses',
    spec: { network: { allowedCIDRs: ['10.0.0.0/7', '192.0.2.0/24', '10.0.0.0/8', '2001::/16'] } },
    says: [
      beyond('network.allowedCIDRs', '10.0.0.0/7, 192.0.2.0/24, 2001::/16', '10.0.0.0/8, 2001:db8::/32'),
    ],
  },
  {
    given: 'names of variables',
    spec: {
      software: { env: { DASK_A: '1', AxB: '1' } },
      scheduler: { env: { XDASK_A: '1' } },
      ...workers({ env: { C: '1' } }),
      ...group({ env: { D: '1' } }),
    },
    says: [
      beyond('software.env', 'AxB', 'DASK_*, A.B'),
      beyond('scheduler.env', 'XDASK_A', 'DASK_*, A.B'),
      beyond('workers.env', 'C', 'DASK_*, A.B'),
      beyond('workerGroups[gpu].env', 'D', 'DASK_*, A.B'),
    ],
  },
  ...['ghcr.io/team/x/y:1', 'ghcr.io/teams/x', 'docker.io/quay.io/x', 'ghcrxio/team/x'].map(image => ({
    given: `the image ${image}`,
    spec: { software: { image: image === 'ghcrxio/team/x' ? 'ghcrxio.example/team/x' : image } },
    says: [
      beyond(
        'software.image',
        image === 'ghcrxio/team/x' ? 'ghcrxio.example/team/x' : image,
        'ghcr.io/team/*, quay.io/**',
      ),
    ],
  })),
  { given: 'an image behind two slashes', spec: { software: { image: 'quay.io/a/b/c:1' } }, says: [] },
  {
    given: 'packages, files and commands',
    spec: { software: { python: {}, files: [{ path: '/srv/a', content: '' }], setup: ['true'] } },
    says: [
      'spec.software.python is beyond class standard, whose overrides.python is false',
      'spec.software.files is beyond class standard, whose overrides.setup is false',
      'spec.software.setup is beyond class standard, whose overrides.setup is false',
    ],
  },
  {
    given: 'no encryption',
    spec: { security: { tls: { mode: 'Disabled' } } },
    says: [
      'spec.security.tls.mode: Disabled is beyond class standard, whose overrides.plainTraffic is false',
    ],
  },
  {
    given: 'a longer life',
    spec: { lifetime: { idleTimeout: '31m', ttl: '24h' } },
    says: [
      'spec.lifetime.idleTimeout: 31m is beyond class standard, which allows at most 30m',
      'spec.lifetime.ttl: 24h is beyond class standard, which allows at most 8h',
    ],
  },
  {
    given: 'what was there before, and less of it',
    before: {
      ...workers({ replicas: 12, sizes: ['giant'], env: { C: '1' } }),
      workerGroups: [{ name: 'a', sizes: ['titan'] }, { name: 'b' }],
      software: { python: {}, setup: ['true'] },
      lifetime: { ttl: '24h' },
    },
    spec: {
      ...workers({ replicas: 11, sizes: ['giant'], env: { C: '1' } }),
      workerGroups: [{ name: 'a', sizes: ['titan'] }, { name: 'b' }],
      software: { python: {}, setup: ['true'] },
      lifetime: { ttl: '23h' },
      suspend: true,
    },
    says: [],
  },
  {
    given: 'more of what was there before',
    before: { ...workers({ replicas: 12 }), software: { setup: ['true'] }, lifetime: { ttl: '24h' } },
    spec: {
      ...workers({ replicas: 13, sizes: ['giant'] }),
      software: { setup: ['false'] },
      lifetime: { ttl: '25h' },
    },
    says: [
      beyond('workers.sizes', 'giant', 'small, large, huge'),
      'spec.workers.replicas: 13 workers in all groups are beyond overrides.maxWorkers of class standard, which is 10',
      'spec.workers.replicas: 13 workers in all groups are beyond quota.workers of class standard, which is 8',
      'spec.software.setup is beyond class standard, whose overrides.setup is false',
      'spec.lifetime.ttl: 25h is beyond class standard, which allows at most 8h',
    ],
  },
  {
    given: 'fewer workers in a namespace that is let in no more',
    before: workers({ replicas: 5 }),
    spec: workers({ replicas: 4 }),
    isElsewhere: true,
    says: [],
  },
  {
    given: 'more workers in a namespace that is let in no more',
    before: workers({ replicas: 4 }),
    spec: workers({ replicas: 5 }),
    isElsewhere: true,
    says: ['NAMESPACE is not one of the namespaces of class standard'],
  },
]

/** What is said of a case in the namespace of that name. */
export const saidOf = ({ says }: ClassCase, namespace: string): readonly string[] =>
  says.map(each => each.replace('NAMESPACE', `metadata.namespace: ${namespace}`))
