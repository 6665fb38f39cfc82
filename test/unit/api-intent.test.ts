import { describe, expect, test } from 'vitest'
import { fingerprintOf, type Intent } from '../../src/api/intent.ts'
import { restartOf, sameIntent } from '../../src/model/names.ts'

const group = {
  role: 'worker',
  sizes: [],
  purchasing: 'OnDemand',
  threads: undefined,
  memory: undefined,
  resources: {},
  env: {},
} as const
const bare: Intent = {
  software: {
    kind: 'python',
    pythonVersion: undefined,
    packages: ['dask==2026.8.0', 'distributed==2026.8.0'],
  },
  env: {},
  network: { exposure: 'Public' },
  group,
  cloud: { name: 'local', intent: {} },
  restart: '',
}
const full: Intent = {
  software: { kind: 'python', pythonVersion: '3.12', packages: ['dask', 's3fs'] },
  env: { B: '2', A: '1' },
  network: { exposure: 'Public' },
  group: {
    role: 'worker',
    sizes: [],
    purchasing: 'OnDemand',
    threads: 4,
    memory: '8GiB',
    resources: { GPU: 1 },
    env: { A: '3' },
  },
  cloud: { name: 'simulated', intent: { startupSeconds: 3 } },
  restart: 'now',
}
const scheduler = (of: Intent): Intent => ({ ...of, group: { ...of.group, role: 'scheduler' } })

// Machines that run carry these. A line here that must change rolls every cluster of every user at an upgrade.
test.each([
  { given: 'a bare worker', intent: bare, print: 'v1:5ff6d49e961f188cff76f1198bfe06a6' },
  { given: 'a full worker', intent: full, print: 'v1:8fa1f98fcf7dc29ed5375009b2e4945e' },
  { given: 'a bare scheduler', intent: scheduler(bare), print: 'v1:69273800651ee5a5a5f00811494c7dd7.0' },
  {
    given: 'a full scheduler',
    intent: scheduler(full),
    print: 'v1:a9f43eb37aacd56cff52c38b6554c2e8.4fe80800',
  },
])('the fingerprint of $given stays what it was', ({ intent, print }) => {
  expect(fingerprintOf(intent)).toBe(print)
})

describe('a fingerprint', () => {
  test.each([
    {
      given: 'the version of Python',
      other: { ...full, software: { ...full.software, pythonVersion: '3.13' } },
    },
    {
      given: 'the order of packages',
      other: { ...full, software: { ...full.software, packages: ['s3fs', 'dask'] } },
    },
    {
      given: 'a file',
      other: {
        ...full,
        software: { ...full.software, files: [{ path: '/srv/a', mode: '0644', content: '' }] },
      },
    },
    {
      given: 'an image',
      other: { ...full, software: { kind: 'image', image: 'ghcr.io/dask/dask' } as const },
    },
    { given: 'a nanny', other: { ...full, group: { ...full.group, nanny: true } } },
    { given: 'a command', other: { ...full, software: { ...full.software, setup: ['true'] } } },
    { given: 'the environment', other: { ...full, env: { B: '3', A: '1' } } },
    { given: 'the environment of the group', other: { ...full, group: { ...full.group, env: {} } } },
    { given: 'threads', other: { ...full, group: { ...full.group, threads: 5 } } },
    { given: 'memory', other: { ...full, group: { ...full.group, memory: undefined } } },
    { given: 'resources', other: { ...full, group: { ...full.group, resources: {} } } },
    { given: 'the cloud', other: { ...full, cloud: { ...full.cloud, name: 'local' } } },
    { given: "the cloud's intent", other: { ...full, cloud: { ...full.cloud, intent: {} } } },
  ])('changes with $given', ({ other }) => {
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(full))
  })

  test.each([
    {
      given: 'lists without a member',
      other: { ...full, software: { ...full.software, files: [], setup: [] } },
    },
    { given: 'no nanny', other: { ...full, group: { ...full.group, nanny: false } } },
    { given: 'the order of variables', other: { ...full, env: { A: '1', B: '2' } } },
    {
      given: 'where a variable is set',
      other: { ...full, env: { B: '2' }, group: { ...full.group, env: { A: '3' } } },
    },
    { given: 'a restart, which is for the scheduler alone', other: { ...full, restart: 'again' } },
  ])('does not change with $given', ({ other }) => {
    expect(fingerprintOf(other)).toBe(fingerprintOf(full))
  })

  test('of a scheduler tells a restart from a change', () => {
    const before = fingerprintOf(scheduler(full))
    const again = fingerprintOf(scheduler({ ...full, restart: 'again' }))
    const never = fingerprintOf(scheduler({ ...full, restart: '' }))
    expect(sameIntent(before, again)).toBe(true)
    expect(restartOf(before)).not.toBe(restartOf(again))
    expect(restartOf(never)).toBe('0')
    expect(sameIntent(before, fingerprintOf(scheduler(bare)))).toBe(false)
  })

  test('fits into the tags of every cloud', () => {
    expect(fingerprintOf(scheduler(full)).length).toBeLessThanOrEqual(63)
  })
})
