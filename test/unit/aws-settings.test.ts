import { expect, test } from 'vitest'
import { machineIntent, parseSettings } from '../../src/clouds/aws/settings.ts'
import { refusedSpecs } from '../support/refused-specs.ts'
import { merged } from '../support/specs.ts'

const path = 'spec.cloud.aws'

test('a region is enough; everything else has a safe default', () => {
  expect(parseSettings({ region: 'us-east-1' }, path)).toMatchObject({
    region: 'us-east-1',
    zones: [],
    subnets: [],
    securityGroups: undefined,
    sshCIDRs: [],
    image: undefined,
    disk: { sizeGiB: undefined, type: 'gp3', encrypted: true },
  })
})

test('whatever is set is read', () => {
  const read = parseSettings(
    {
      region: 'eu-central-1',
      subnets: ['subnet-0123456789abcdef0'],
      securityGroups: { scheduler: ['sg-01234567'], workers: ['sg-89abcdef'] },
      image: { newest: { owner: 'self', name: 'dask-*' } },
      disk: { sizeGiB: 100, type: 'io2', iops: 8000, kmsKey: 'alias/disks' },
      tags: { team: 'a' },
      tenancy: 'dedicated',
    },
    path,
  )
  expect(read).toMatchObject({
    subnets: ['subnet-0123456789abcdef0'],
    securityGroups: { scheduler: ['sg-01234567'], workers: ['sg-89abcdef'] },
    image: { newest: { owner: 'self', name: 'dask-*' } },
    disk: { sizeGiB: 100, type: 'io2', iops: 8000, kmsKey: 'alias/disks', encrypted: true },
    tags: { team: 'a' },
    tenancy: 'dedicated',
  })
  expect(parseSettings(read, path)).toEqual(read)
})

test.each([
  { given: {}, problem: `${path}.region: must be a text that is not empty, found nothing` },
  { given: { region: 'us east' }, problem: `${path}.region: "us east" is not one as AWS writes them` },
  { given: { endpoint: 'http://evil' }, problem: `${path}.endpoint: is not known here` },
  { given: { zones: ['us-east-1a'], subnets: ['subnet-01234567'] }, problem: `${path}.zones: leave it out` },
  { given: { image: { id: 'ami-01234567', parameter: '/x' } }, problem: `${path}.image: choose one image` },
  { given: { image: { id: 'ubuntu' } }, problem: `${path}.image.id: "ubuntu" is not one` },
  {
    given: { securityGroups: { scheduler: ['sg-01234567'] } },
    problem: `${path}.securityGroups: names both`,
  },
  {
    given: { disk: { encrypted: false, kmsKey: 'alias/a' } },
    problem: `${path}.disk.encrypted: is false, and kmsKey is set`,
  },
  { given: { sshCIDRs: ['10.1.2.3/8'] }, problem: `${path}.sshCIDRs[0]: is not a range of addresses` },
  { given: { workerAddresses: 'None' }, problem: `${path}.workerAddresses: must be one of Public, Private` },
  { given: { disk: { sizeGiB: 4 } }, problem: `${path}.disk.sizeGiB: must be a whole number from 8` },
  { given: { tags: { 'aws:team': 'a' } }, problem: `${path}.tags["aws:team"]: is not a name` },
  {
    given: { tags: { 'cloud.dask.org/cluster-uid': 'x' } },
    problem: `${path}.tags["cloud.dask.org/cluster-uid"]`,
  },
  { given: { tags: { team: '$(reboot)' } }, problem: `${path}.tags["team"]: must be at most 256` },
])('what is wrong is named: $problem', ({ given, problem }) => {
  expect(() =>
    parseSettings({ ...(problem.includes('.region') ? {} : { region: 'us-east-1' }), ...given }, path),
  ).toThrow(problem)
})

const intent = (more: object): unknown =>
  machineIntent(parseSettings({ region: 'us-east-1', ...more }, path), 'worker')

test('only what a machine is made of is its intent, and only where it is set', () => {
  expect(JSON.stringify(intent({}))).toBe('{}')
  expect(intent({ zones: ['us-east-1a'], tags: { a: 'b' }, sshCIDRs: ['10.0.0.0/8'] })).toEqual(intent({}))
  expect(intent({ disk: { sizeGiB: 50 } })).not.toEqual(intent({}))
  expect(intent({ workerAddresses: 'Private' })).toEqual({ addresses: 'Private' })
  expect(intent({ workerAddresses: 'Public' })).toEqual(intent({}))
  expect(intent({ image: { id: 'ami-01234567' } })).toMatchObject({
    image: { id: 'ami-01234567' },
  })
})

test.each(refusedSpecs.filter(({ path: at }) => at.startsWith(path)))(
  'what the API server refuses is refused here too: $given',
  ({ patch, says }) => {
    const { cloud } = Object(merged({ cloud: { local: {} } }, patch))
    expect(() => parseSettings(cloud.aws, path)).toThrow(says)
  },
)
