import { describe, expect, test } from 'vitest'
import { type Config, helpText, parseConfig, settings, variablePrefix } from '../../src/config.ts'
import { flagOf, variableOf } from '../../src/lib/options.ts'

type Env = Readonly<Record<string, string>>

function configOf(argv: readonly string[], env: Env = {}): Config {
  const found = parseConfig(argv, env)
  if (found.kind !== 'run') throw new Error(JSON.stringify(found))
  return found.config
}

function problemOf(argv: readonly string[], env: Env = {}): string {
  const found = parseConfig(argv, env)
  return found.kind === 'wrong' ? found.problem : `taken: ${JSON.stringify(found)}`
}

const of = (key: keyof typeof settings): string => variableOf(key, variablePrefix)

describe('the configuration', () => {
  test('has a default for every setting', () => {
    expect(configOf([], { HOME: '/home/a' })).toEqual({
      kubeconfig: undefined,
      context: undefined,
      namespace: undefined,
      watchNamespaces: [],
      allowClouds: [],
      installation: 'dask-cloud-operator',
      leaderElect: true,
      leaseName: 'dask-cloud-operator',
      httpAddress: { host: '127.0.0.1', port: 8080 },
      logLevel: 'info',
      logFormat: 'json',
      authorityOverlap: 0,
      concurrency: 8,
      ambientClouds: [],
      allowMachineIdentities: [],
      awsRegions: [],
      classes: 'auto',
      azureSubscriptions: [],
      gcpProjects: [],
      operatorCidrs: [],
      schedulerPollInterval: 2_000,
      stateDirectory: '/home/a/.local/state/dask-cloud-operator',
      joinTimeout: 900_000,
      sweep: 'delete',
      sweepAfter: 900_000,
      sweepLimit: 5,
      localPython: 'python3',
      simulatedStartup: 5_000,
      simulatedLatency: 0,
      simulatedFaults: undefined,
    })
  })

  test('takes flags with a space or an equals sign', () => {
    const { namespace, concurrency } = configOf(['--namespace', 'ops', '--concurrency=3'])
    expect({ namespace, concurrency }).toEqual({ namespace: 'ops', concurrency: 3 })
  })

  test('takes variables, and flags before them', () => {
    const env = { [of('namespace')]: 'ops', [of('concurrency')]: '3', [of('leaderElect')]: 'false' }
    const { namespace, concurrency, leaderElect } = configOf(['--concurrency', '4'], env)
    expect({ namespace, concurrency, leaderElect }).toEqual({
      namespace: 'ops',
      concurrency: 4,
      leaderElect: false,
    })
  })

  test('takes an empty variable for none', () => {
    expect(configOf([], { [of('concurrency')]: '' }).concurrency).toBe(8)
  })

  test.each([
    { argv: ['--leader-elect'], want: true },
    { argv: ['--no-leader-elect'], want: false },
    { argv: ['--leader-elect=true'], want: true },
    { argv: ['--leader-elect=false'], want: false },
  ])('reads $argv as $want', ({ argv, want }) => {
    expect(configOf(argv).leaderElect).toBe(want)
  })

  test.each([
    { argv: ['--watch-namespaces', 'a, b,'], key: 'watchNamespaces', want: ['a', 'b'] },
    { argv: ['--allow-clouds=local,simulated'], key: 'allowClouds', want: ['local', 'simulated'] },
    { argv: ['--http-address', '0'], key: 'httpAddress', want: undefined },
    { argv: ['--http-address', '[::1]:0'], key: 'httpAddress', want: { host: '::1', port: 0 } },
    { argv: ['--scheduler-poll-interval', '500ms'], key: 'schedulerPollInterval', want: 500 },
    {
      argv: ['--operator-cidrs', '198.51.100.7/32, 2001:DB8::/32'],
      key: 'operatorCidrs',
      want: ['198.51.100.7/32', '2001:db8::/32'],
    },
    { argv: ['--simulated-startup', '1h'], key: 'simulatedStartup', want: 3_600_000 },
    { argv: ['--simulated-startup', '0s'], key: 'simulatedStartup', want: 0 },
    { argv: ['--state-directory', '-here'], key: 'stateDirectory', want: '-here' },
  ] as const)('reads $argv', ({ argv, key, want }) => {
    expect(configOf(argv)[key]).toEqual(want)
  })

  test('keeps its state where the desktop standard says', () => {
    expect(configOf([], { XDG_STATE_HOME: '/state' }).stateDirectory).toBe('/state/dask-cloud-operator')
  })
})

describe('a mistake is named and', () => {
  test.each([
    { argv: ['--leader-elct'], says: '--leader-elct is not a setting; did you mean --leader-elect?' },
    { argv: ['--watch-namespace', 'a'], says: 'did you mean --watch-namespaces?' },
    { argv: ['--nothing-like-it'], says: '--nothing-like-it is not a setting; --help lists them all' },
    { argv: ['start'], says: 'start is not a setting' },
    { argv: ['--namespace'], says: '--namespace needs a value' },
    { argv: ['--namespace', '--context', 'a'], says: '--namespace needs a value' },
    { argv: ['--namespace='], says: '--namespace must not be empty' },
    { argv: ['--namespace', 'a', '--namespace', 'b'], says: '--namespace is given twice' },
    { argv: ['--namespace', 'A_B'], says: '--namespace must match' },
    { argv: ['--concurrency', '0'], says: '--concurrency must be a whole number from 1 to 256, found "0"' },
    ...['10.1.2.3/8', '10.0.0.0/33', '2001:db8::/999', '10.0.0.1'].map(range => ({
      argv: ['--operator-cidrs', range],
      says: `--operator-cidrs must be ranges of addresses with nothing behind their prefixes`,
    })),
    { argv: ['--concurrency', '2.5'], says: '--concurrency must be a whole number' },
    { argv: ['--leader-elect=maybe'], says: '--leader-elect must be true or false, found "maybe"' },
    {
      argv: ['--allow-clouds', 'local,aws'],
      says: '--allow-clouds must be one of local, simulated, found "aws"',
    },
    { argv: ['--http-address', '8080'], says: '--http-address must be HOST:PORT' },
    { argv: ['--http-address', '127.0.0.1:70000'], says: '--http-address must be HOST:PORT' },
    { argv: ['--simulated-startup', '60'], says: '--simulated-startup must be a time from 0s to 1h' },
    {
      argv: ['--scheduler-poll-interval', '10ms'],
      says: '--scheduler-poll-interval must be a time from 100ms to 1m',
    },
    { argv: ['--log-level', 'loud'], says: '--log-level must be one of trace, debug' },
  ])('$argv is refused', ({ argv, says }) => {
    expect(problemOf(argv)).toContain(says)
  })

  test('so is a variable', () => {
    expect(problemOf([], { [of('concurrency')]: 'x' })).toContain(
      `${of('concurrency')} must be a whole number`,
    )
    expect(problemOf([], { DASK_CLOUD_OPERATOR_CONCURENCY: '1' })).toBe(
      'DASK_CLOUD_OPERATOR_CONCURENCY is not a setting; did you mean DASK_CLOUD_OPERATOR_CONCURRENCY?',
    )
  })
})

test.each([
  'DASK_CLOUD_OPERATOR_SERVICE_HOST',
  'DASK_CLOUD_OPERATOR_SERVICE_PORT_METRICS',
  'DASK_CLOUD_OPERATOR_PORT',
  'DASK_CLOUD_OPERATOR_PORT_8080_TCP',
  'DASK_CLOUD_OPERATOR_METRICS_PORT_8080_TCP_ADDR',
])('%s comes from a Service of our name and is not meant for us', name => {
  expect(problemOf([], { [name]: 'tcp://10.0.0.1:8080' })).toMatch(/^taken/)
})

test('no setting has a name that a Service of ours could set', () => {
  const clashing = Object.keys(settings)
    .map(key => variableOf(key, variablePrefix))
    .filter(name => /_(PORT|SERVICE_HOST|TCP|UDP|ADDR|PROTO)$/.test(name))
  expect(clashing).toEqual([])
})

describe('the help', () => {
  test.each([['--help'], ['-h'], ['--concurrency', 'x', '--help']])('is asked for by %s', (...argv) => {
    expect(parseConfig(argv, {})).toEqual({ kind: 'help' })
  })

  test('names every flag, variable and default', () => {
    const help = helpText().replaceAll(/\s+/g, ' ')
    for (const key of Object.keys(settings)) {
      expect(help).toContain(flagOf(key).replace('--leader-elect', '--[no-]leader-elect'))
      expect(help).toContain(`Variable: ${variableOf(key, variablePrefix)}.`)
    }
    expect(help).not.toMatch(/undefined|object Object/)
  })

  test('stays within 100 columns', () => {
    expect(
      Math.max(
        ...helpText()
          .split('\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(100)
  })
})

test('the version is asked for by --version', () => {
  expect(parseConfig(['--version'], {})).toEqual({ kind: 'version' })
})
