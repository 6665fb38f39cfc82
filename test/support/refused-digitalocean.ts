import type { RefusedSpec } from './refused-specs.ts'

const droplets = (of: Readonly<Record<string, unknown>>) => ({
  cloud: { local: null, digitalOcean: { region: 'nyc3', ...of } },
})
const path = 'spec.cloud.digitalOcean'

/** What must be refused of the settings of DigitalOcean. */
export const digitalOceanRows: readonly RefusedSpec[] = [
  {
    given: 'no region',
    patch: { cloud: { local: null, digitalOcean: {} } },
    path: `${path}.region`,
    says: /Required value|must be a text/,
  },
  ...['new-york', 'NYC3', 'nyc', 'nyc3a'].map(region => ({
    given: `the region ${region}`,
    patch: droplets({ region }),
    path: `${path}.region`,
    says: /must be the name of a region|not one as DigitalOcean writes them|Too long|at most/,
  })),
  {
    given: 'a VPC by name',
    patch: droplets({ vpc: 'default-nyc3' }),
    path: `${path}.vpc`,
    says: /must be the id of a VPC|not one as DigitalOcean writes them/,
  },
  ...[{}, { slug: 'ubuntu-24-04-x64', id: 1 }].map(image => ({
    given: `an image of ${Object.keys(image).length} kinds`,
    patch: droplets({ image }),
    path: `${path}.image`,
    says: /choose one image/,
  })),
  {
    given: 'a key by name',
    patch: droplets({ sshKeys: ['ops'] }),
    path: `${path}.sshKeys[0]`,
    says: /must be the number or the fingerprint of a key|not one as DigitalOcean writes them/,
  },
  ...['dask-launch:1', 'DASK-cluster'].map(tag => ({
    given: `the tag ${tag}`,
    patch: droplets({ tags: [tag] }),
    path: `${path}.tags[0]`,
    says: /lets into a cluster|such tags let into clusters/,
  })),
  {
    given: 'a tag with a blank',
    patch: droplets({ tags: ['cost centre'] }),
    path: `${path}.tags[0]`,
    says: /letters, digits, colons|not one as DigitalOcean writes them/,
  },
  ...[
    { workers: { purchasing: 'Spot' } },
    { workerGroups: [{ name: 'gpu', replicas: 1, purchasing: 'Spot' }] },
  ].map(workers => ({
    given: `spot droplets in ${Object.keys(workers).join()}`,
    patch: { ...droplets({}), ...workers },
    path: 'spec',
    says: /no spot droplets/,
  })),
  {
    given: 'rules for SSH where no rule is made',
    patch: droplets({ firewall: 'None', sshCIDRs: ['192.0.2.0/24'] }),
    path,
    says: /leave (?:them|it) out where firewall is None/,
  },
]
