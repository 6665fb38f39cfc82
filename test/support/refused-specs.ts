import { azureRows } from './refused-azure.ts'
import { classRows } from './refused-classes.ts'
import { awsRows, groupRows, networkRows } from './refused-clouds.ts'
import { digitalOceanRows } from './refused-digitalocean.ts'
import { extrasRows } from './refused-extras.ts'
import { gcpRows } from './refused-gcp.ts'
import { securityRows } from './refused-security.ts'
import { env, packages, python } from './specs.ts'

/** Specs that must be refused, by the API server and by the parser alike: each differs in one thing from a good one. */
export interface RefusedSpec {
  readonly given: string
  /** Merged into a good spec, as a JSON merge patch is. */
  readonly patch: Readonly<Record<string, unknown>>
  /** The path that the refusal begins with. */
  readonly path: string
  /** What both say. */
  readonly says: RegExp
}

const many = (count: number, member: (at: number) => readonly [string, unknown]) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => member(at)))

const cloudRows: readonly RefusedSpec[] = [
  {
    given: 'no cloud at all',
    patch: { cloud: { local: null } },
    path: 'spec.cloud',
    says: /choose one cloud: exactly one of aws, azure, digitalOcean, gcp, local, simulated must be set/,
  },
  {
    given: 'two clouds',
    patch: { cloud: { local: {}, simulated: {} } },
    path: 'spec.cloud',
    says: /choose one cloud/,
  },
  ...['python3', './python', 'usr/bin/python', '/usr/bin/py\nthon'].map(path => ({
    given: `the interpreter ${JSON.stringify(path)}`,
    patch: { cloud: { local: { python: path } } },
    path: 'spec.cloud.local.python',
    says: /must be an absolute path, for example \/usr\/bin\/python3/,
  })),
  {
    given: 'an empty path of an interpreter',
    patch: { cloud: { local: { python: '' } } },
    path: 'spec.cloud.local.python',
    says: /at least 1 char|must be an absolute path/,
  },
  ...[-1, 3601, 1.5].map(seconds => ({
    given: `a start of ${seconds} seconds`,
    patch: { cloud: { local: null, simulated: { startupSeconds: seconds } } },
    path: 'spec.cloud.simulated.startupSeconds',
    says: /to 3600|less than or equal to 3600|greater than or equal to 0|of type integer/,
  })),
]

const softwareRows: readonly RefusedSpec[] = [
  {
    given: 'software that does not say where it comes from',
    patch: { software: { python: null, env: { A: '1' } } },
    path: 'spec.software',
    says: /set either python or image: python installs packages on the machine/,
  },
  ...['2.7', '3.8', '3.20', '3.12.1', '3', '>=3.11', '3.12\n'].map(version => ({
    given: `Python ${JSON.stringify(version)}`,
    patch: python({ version }),
    path: 'spec.software.python.version',
    says: /write a minor version of Python 3 from 3\.9, for example "3\.12"/,
  })),
  {
    given: 'a version of Python without quotes',
    patch: python({ version: 3.1 }),
    path: 'spec.software.python.version',
    says: /must be a text|must be of type string/,
  },
  ...[
    '-r requirements.txt',
    '--index-url=https://example.com',
    ' dask',
    './here',
    '/etc',
    'a\n--pre',
    'a\\',
    'dask\t\r',
  ].map(item => ({
    given: `the package ${JSON.stringify(item)}`,
    patch: packages(item),
    path: 'spec.software.python.packages[1]',
    says: /a package is one requirement as pip reads it, for example dask==2026\.8\.0/,
  })),
  ...['dask --pre', 'dask ; python_version<"4" --hash=sha256:0'].map(item => ({
    given: `the package ${JSON.stringify(item)}`,
    patch: packages(item),
    path: 'spec.software.python.packages[1]',
    says: /options of pip are not possible in a package: remove what begins with -/,
  })),
  {
    given: 'an empty package',
    patch: packages(''),
    path: 'spec.software.python.packages[1]',
    says: /at least 1 char/,
  },
  {
    given: 'a package of 513 characters',
    patch: packages('a'.repeat(513)),
    path: 'spec.software.python.packages[1]',
    says: /may not be more than 512|at most 512 characters/,
  },
  {
    given: '101 packages',
    patch: python({ packages: Array.from({ length: 101 }, (_, at) => `a${at}`) }),
    path: 'spec.software.python.packages',
    says: /at most 100 items|at most 100/,
  },
]

const reserved =
  `PATH HOME LD_PRELOAD LD_LIBRARY_PATH PYTHONPATH PYTHONHOME PYTHONSTARTUP CREDENTIALS_DIRECTORY
  DASK_CONFIG DASK_ROOT_CONFIG DASK_INTERNAL_INHERIT_CONFIG DASK_DISTRIBUTED DASK_DISTRIBUTED__COMM
  DASK_DISTRIBUTED__COMM__TLS__CA_FILE DASK_distributed__comm__tls__scheduler__key
  DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION`.split(/\s+/)

const envRows: readonly RefusedSpec[] = [
  ...['1A', 'A-B', 'A B', 'A=B', '$(id)', 'ä', 'A\n', 'x'.repeat(129)].map(name => ({
    given: `the variable ${JSON.stringify(name)}`,
    patch: env({ [name]: '1' }),
    path: 'spec.software.env',
    says: /names of environment variables are made of letters, digits and _/,
  })),
  ...reserved.map(name => ({
    given: `the variable ${name}`,
    patch: env({ [name]: '1' }),
    path: 'spec.software.env',
    says: /variables that move the interpreter are set by the operator: remove them/,
  })),
  ...['spec.scheduler', 'spec.workers'].map(path => ({
    given: `PATH in ${path}`,
    patch: { [path.replace('spec.', '')]: { env: { PATH: '/tmp' } } },
    path: `${path}.env`,
    says: /are set by the operator: remove them/,
  })),
  ...['two\nlines', 'a\0b', 'a\u001bb', '\u0085', '\u2028'].map(value => ({
    given: `the value ${JSON.stringify(value)}`,
    patch: env({ A: value }),
    path: 'spec.software.env',
    says: /must be one line without control characters/,
  })),
  {
    given: 'a value of 2049 characters',
    patch: env({ A: 'a'.repeat(2049) }),
    path: 'spec.software.env',
    says: /may not be more than 2048|at most 2048 characters/,
  },
  {
    given: '65 variables',
    patch: { software: { python: {}, env: many(65, at => [`A${at}`, '1']) } },
    path: 'spec.software.env',
    says: /at most 64/,
  },
]

const workerRows: readonly RefusedSpec[] = [
  ...[-1, 1001, 1.5].map(replicas => ({
    given: `${replicas} workers`,
    patch: { workers: { replicas } },
    path: 'spec.workers.replicas',
    says: /to 1000|less than or equal to 1000|greater than or equal to 0|of type integer/,
  })),
  ...[0, 1025].map(threads => ({
    given: `${threads} threads`,
    patch: { workers: { threads } },
    path: 'spec.workers.threads',
    says: /to 1024|less than or equal to 1024|greater than or equal to 1/,
  })),
  ...['4', '0GiB', '-1GB', '4 gigs', 'AUTO', '1e9', '04GiB', '4GiB\n', ''].map(memory => ({
    given: `the memory ${JSON.stringify(memory)}`,
    patch: { workers: { memory } },
    path: 'spec.workers.memory',
    says: /write a number with a unit as Dask reads it, for example 4GiB or 500MB, or auto/,
  })),
  ...['a b', 'A=1', '', '1A', 'x'.repeat(64)].map(name => ({
    given: `the resource ${JSON.stringify(name)}`,
    patch: { workers: { resources: { [name]: 1 } } },
    path: 'spec.workers.resources',
    says: /names of resources are made of letters, digits and/,
  })),
  {
    given: 'less than nothing of a resource',
    patch: { workers: { resources: { GPU: -1 } } },
    path: 'spec.workers.resources.GPU',
    says: /must be a number from 0|greater than or equal to 0/,
  },
  {
    given: '33 resources',
    patch: { workers: { resources: many(33, at => [`R${at}`, 1]) } },
    path: 'spec.workers.resources',
    says: /at most 32/,
  },
  {
    given: 'suspend as a text',
    patch: { suspend: 'yes' },
    path: 'spec.suspend',
    says: /must be true or false|must be of type boolean/,
  },
  {
    given: 'an exposed dashboard as a text',
    patch: { dashboard: { expose: 'yes' } },
    path: 'spec.dashboard.expose',
    says: /must be true or false|must be of type boolean/,
  },
]

const lifetimeRows: readonly RefusedSpec[] = [
  ...['', '8', '8 h', '1d', '1.5h', '-1h', 'PT8H', '100000s', '1h1m1s1ms1ms', '8h\n'].flatMap(ttl =>
    ['idleTimeout', 'ttl'].map(field => ({
      given: `the ${field} ${JSON.stringify(ttl)}`,
      patch: { lifetime: { [field]: ttl } },
      path: `spec.lifetime.${field}`,
      says: /write a duration as Gateway API does|a text that is not empty/,
    })),
  ),
  ...['0s', '9s', '9999ms', '8761h', '99999h'].map(ttl => ({
    given: `the ttl ${ttl}`,
    patch: { lifetime: { ttl } },
    path: 'spec.lifetime.ttl',
    says: /must be from 10s to 8760h/,
  })),
]

export const refusedSpecs: readonly RefusedSpec[] = [
  ...cloudRows,
  ...awsRows,
  ...azureRows,
  ...digitalOceanRows,
  ...gcpRows,
  ...networkRows,
  ...securityRows,
  ...groupRows,
  ...classRows,
  ...softwareRows,
  ...extrasRows,
  ...envRows,
  ...workerRows,
  ...lifetimeRows,
]
