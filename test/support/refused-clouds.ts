import type { RefusedSpec } from './refused-specs.ts'

/** What must be refused of AWS's settings, of the network and of groups. */
const aws = (of: Readonly<Record<string, unknown>>) => ({
  cloud: { local: null, aws: { region: 'us-east-1', ...of } },
})

export const awsRows: readonly RefusedSpec[] = [
  {
    given: 'no region',
    patch: { cloud: { local: null, aws: {} } },
    path: 'spec.cloud.aws.region',
    says: /Required value|must be a text/,
  },
  ...['us-east', 'US-EAST-1', 'us-east-1a', 'us east 1'].map(region => ({
    given: `the region ${region}`,
    patch: aws({ region }),
    path: 'spec.cloud.aws.region',
    says: /must be the name of a region|not one as AWS writes them/,
  })),
  {
    given: 'zones and subnets',
    patch: aws({ zones: ['us-east-1a'], subnets: ['subnet-01234567'] }),
    path: 'spec.cloud.aws',
    says: /name zones or subnets, not both|leave it out where subnets are named/,
  },
  {
    given: 'two images',
    patch: aws({ image: { id: 'ami-01234567', parameter: '/a' } }),
    path: 'spec.cloud.aws.image',
    says: /choose one image/,
  },
  {
    given: 'a key for a disk that is not encrypted',
    patch: aws({ disk: { encrypted: false, kmsKey: 'alias/a' } }),
    path: 'spec.cloud.aws.disk',
    says: /a kmsKey needs an encrypted disk|a key needs an encrypted disk/,
  },
  ...['aws:team', 'AWS:team', 'cloud.dask.org/cluster-uid', 'Cloud.Dask.Org/seal'].map(tag => ({
    given: `the tag ${tag}`,
    patch: aws({ tags: { [tag]: 'a' } }),
    path: 'spec.cloud.aws.tags',
    says: /not yours to give|not a name that a tag of yours can have/,
  })),
  {
    given: 'a tag with shell in it',
    patch: aws({ tags: { team: '$(reboot)' } }),
    path: 'spec.cloud.aws.tags',
    says: /must be letters, digits|must be at most 256 letters/,
  },
]

export const networkRows: readonly RefusedSpec[] = [
  ...['203.0.113.7', '203.0.113.7/24', '10.0.0.0/33', 'everybody', '2001:db8::1/32', '10.0.0.0/08'].map(
    cidr => ({
      given: `clients from ${cidr}`,
      patch: { network: { allowedCIDRs: [cidr] } },
      path: 'spec.network.allowedCIDRs[0]',
      says: /write a range of addresses/,
    }),
  ),
  {
    given: 'SSH from a range with something behind its prefix',
    patch: aws({ sshCIDRs: ['10.1.2.3/8'] }),
    path: 'spec.cloud.aws.sshCIDRs[0]',
    says: /write a range of addresses|is not a range of addresses/,
  },
  {
    given: 'an exposure nobody knows',
    patch: { network: { exposure: 'Secret' } },
    path: 'spec.network.exposure',
    says: /Unsupported value|must be one of/,
  },
]

export const groupRows: readonly RefusedSpec[] = [
  ...['default', 'scheduler'].map(name => ({
    given: `a group called ${name}`,
    patch: { workerGroups: [{ name }] },
    path: 'spec.workerGroups[0].name',
    says: /choose another name/,
  })),
  ...['GPU', '1a', 'a-', 'a_b'].map(name => ({
    given: `a group called ${name}`,
    patch: { workerGroups: [{ name }] },
    path: 'spec.workerGroups[0].name',
    says: /must be small letters/,
  })),
  {
    given: 'two groups of one name',
    patch: { workerGroups: [{ name: 'a' }, { name: 'a' }] },
    path: 'spec.workerGroups',
    says: /Duplicate value|each group needs a name of its own/,
  },
  ...['m7i large', '-large', 'a;b', '$(x)'].map(size => ({
    given: `the size ${size}`,
    patch: { workers: { sizes: [size] } },
    path: 'spec.workers.sizes[0]',
    says: /must be the name of a size/,
  })),
]
