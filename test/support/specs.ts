/** What every spec here starts from; the API server's defaults do the rest. */
export const goodSpec = { cloud: { local: {} } } as const

export const python = (of: Readonly<Record<string, unknown>>) => ({ software: { python: of } })
export const packages = (item: string) => python({ packages: ['dask', item] })
export const env = (of: Readonly<Record<string, string>>) => ({ software: { python: {}, env: of } })

/** Specs at the very edge of what is taken. */
export const takenSpecs: readonly {
  readonly given: string
  readonly patch: Readonly<Record<string, unknown>>
}[] = [
  { given: 'nothing but a cloud', patch: {} },
  { given: 'no worker', patch: { workers: { replicas: 0 } } },
  { given: 'a thousand workers', patch: { workers: { replicas: 1000 } } },
  ...['auto', '4GiB', '500MB', '0.5GiB', '2.5 GB', '16Gi', '1T', '1024B'].map(memory => ({
    given: `the memory ${memory}`,
    patch: { workers: { memory } },
  })),
  ...[
    'dask[complete]>=2026.1 ; python_version < "3.14"',
    's3fs',
    'a @ https://example.com/a-1.0-py3-none-any.whl#sha256=00',
    'scikit-learn==1.7.*',
    'a'.repeat(512),
  ].map(item => ({ given: `the package ${item.slice(0, 60)}`, patch: packages(item) })),
  { given: 'no package', patch: python({ packages: [] }) },
  { given: 'Python 3.19', patch: python({ version: '3.19' }) },
  {
    given: 'settings of Dask, quotes, dollars and an empty value',
    patch: env({
      DASK_DISTRIBUTED__WORKER__MEMORY__TARGET: '0.6',
      A: '$(reboot) "\'`é',
      B: '',
      PYTHONHASHSEED: '0',
    }),
  },
  { given: 'a long name of a variable', patch: env({ ['x'.repeat(128)]: 'y'.repeat(2048) }) },
  { given: 'fractions of a resource', patch: { workers: { resources: { 'gpu.memory-gb': 0.5, B: 0 } } } },
  ...['10s', '8760h', '1h30m', '10000ms', '9m60s', '0h10s'].map(ttl => ({
    given: `the time ${ttl}`,
    patch: { lifetime: { idleTimeout: ttl, ttl } },
  })),
  { given: 'no limit in a lifetime', patch: { lifetime: {} } },
  { given: 'another cloud', patch: { cloud: { local: null, simulated: { startupSeconds: 3600 } } } },
]

/** As RFC 7386 has it. */
export function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}
  const kept = Object.entries(base).filter(([key]) => !(key in patch))
  const set = Object.entries(patch).filter(([, value]) => value !== null)
  return Object.fromEntries([
    ...kept,
    ...set.map(([key, value]) => [key, merged(Reflect.get(base, key), value)] as const),
  ])
}
