import { shortTaken } from './refused-classes.ts'

/** What every spec here starts from; the API server's defaults do the rest. */
export const goodSpec = { cloud: { local: {} } } as const

export const python = (of: Readonly<Record<string, unknown>>) => ({ software: { python: of } })
export const packages = (item: string) => python({ packages: ['dask', item] })
/** Software of a good cluster, with these fields beside it. */
export const software = (of: Readonly<Record<string, unknown>>) => ({ software: { python: {}, ...of } })
export const file = (of: Readonly<Record<string, unknown>>) =>
  software({ files: [{ path: '/srv/app/a', content: '', ...of }] })
export const env = (of: Readonly<Record<string, string>>) => ({ software: { python: {}, env: of } })

export const tls = (of: Readonly<Record<string, unknown>>) => ({ security: { tls: of } })
/** Nothing encrypted, in a cloud with a firewall. */
export const openTo = (allowedCIDRs: readonly string[]) => ({
  cloud: { local: null, aws: { region: 'us-east-1' } },
  network: { exposure: 'Public', allowedCIDRs },
  ...tls({ mode: 'Disabled' }),
})

/** Specs at the very edge of what is taken. */
export const takenSpecs: readonly {
  readonly given: string
  readonly patch: Readonly<Record<string, unknown>>
}[] = [
  ...shortTaken,
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
  ...['/srv/a', '/etc/myapp/..a', '/opt/dask-tools/a@2+b', '/.../a', `/${'a'.repeat(255)}`].map(path => ({
    given: `a file at ${path.slice(0, 60)}`,
    patch: file({ path, mode: '0755' }),
  })),
  ...[
    'ghcr.io/dask/dask:2026.8.0-py3.13',
    'docker.io/daskdev/dask',
    'localhost/dask',
    'registry:5000/a__b/c-d.e:latest',
    `123456789012.dkr.ecr.us-east-1.amazonaws.com:443/x@sha256:${'0a'.repeat(32)}`,
  ].map(image => ({ given: `the image ${image}`, patch: { software: { image } } })),
  { given: 'a nanny', patch: { workers: { nanny: true } } },
  { given: 'much in a file', patch: file({ content: 'é\n\t"$(x)"'.repeat(819) }) },
  {
    given: 'sixteen files and commands',
    patch: software({
      files: Array.from({ length: 16 }, (_, at) => ({ path: `/srv/${at}`, content: 'x'.repeat(8192) })),
      setup: Array.from({ length: 16 }, () => `apt-get update\n${'y'.repeat(2000)}`),
    }),
  },
  { given: 'a long name of a variable', patch: env({ ['x'.repeat(128)]: 'y'.repeat(2048) }) },
  { given: 'fractions of a resource', patch: { workers: { resources: { 'gpu.memory-gb': 0.5, B: 0 } } } },
  ...['10s', '8760h', '1h30m', '10000ms', '9m60s', '0h10s'].map(ttl => ({
    given: `the time ${ttl}`,
    patch: { lifetime: { idleTimeout: ttl, ttl } },
  })),
  ...['0.0.0.0/0', '203.0.113.7/32', '2001:db8::/32', '::/0'].map(cidr => ({
    given: `clients from ${cidr}`,
    patch: { network: { allowedCIDRs: [cidr] } },
  })),
  { given: 'no TLS where nothing has a firewall', patch: tls({ mode: 'Disabled' }) },
  { given: 'no TLS for some', patch: openTo(['10.0.0.0/8', '203.0.113.7/32', '2001::/16']) },
  {
    given: 'no TLS in a network of one’s own',
    patch: { ...openTo([]), network: { exposure: 'Private' } },
  },
  { given: 'certificates of one’s own', patch: tls({ mode: 'Provided', secretRef: { name: 'a.b' } }) },
  {
    given: 'certificates of one’s own for each role',
    patch: tls({
      mode: 'Provided',
      secretRefs: { scheduler: { name: 'a' }, worker: { name: 'b' }, client: { name: 'c' } },
    }),
  },
  {
    given: 'an issuer of another group',
    patch: tls({
      mode: 'Issuer',
      issuerRef: { name: 'a', kind: 'AWSPCAClusterIssuer', group: 'awspca.cert-manager.io' },
    }),
  },
  {
    given: 'other groups, sizes and spot machines',
    patch: {
      workers: { sizes: ['m7i.large', 'Standard_D4s_v5', 's-2vcpu-4gb'], purchasing: 'SpotOrOnDemand' },
      workerGroups: [
        { name: 'gpu', sizes: ['g6.xlarge'], resources: { GPU: 1 } },
        { name: 'b-2', replicas: 0 },
      ],
      network: { exposure: 'Private' },
    },
  },
  {
    given: 'all of AWS',
    patch: {
      cloud: {
        local: null,
        aws: {
          region: 'us-gov-west-1',
          zones: ['us-gov-west-1a', 'us-west-2-lax-1a'],
          vpc: 'vpc-0123456789abcdef0',
          securityGroups: { scheduler: ['sg-01234567'], workers: ['sg-01234567', 'sg-0123456789abcdef0'] },
          sshCIDRs: ['10.0.0.0/8'],
          instanceProfile: 'arn:aws:iam::123456789012:instance-profile/dask',
          keyPair: 'my key',
          image: { newest: { owner: '123456789012', name: 'dask-*' } },
          disk: { sizeGiB: 16384, type: 'io2', iops: 256000, encrypted: true, kmsKey: 'alias/aws/ebs' },
          tags: { 'cost center': 'a:b/c+d=e@f' },
          placementGroup: 'near',
          tenancy: 'dedicated',
          workerAddresses: 'Private',
        },
      },
    },
  },
  {
    given: 'all of Azure',
    patch: {
      cloud: {
        local: null,
        azure: {
          subscriptionId: '11111111-2222-3333-4444-5555555555aB',
          location: 'westeurope',
          zones: ['3', '1'],
          resourceGroup: 'Team_A.(dask)-1',
          subnet: { resourceGroup: 'nets', virtualNetwork: 'corp', name: 'dask' },
          networkSecurityGroup: { resourceGroup: 'nets', name: 'dask' },
          image: { urn: 'Canonical:ubuntu-24_04-lts:server:latest' },
          osDisk: {
            sizeGiB: 4095,
            type: 'Premium_ZRS',
            diskEncryptionSetId:
              '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/dask',
          },
          encryptionAtHost: true,
          securityType: 'ConfidentialVM',
          identities: [
            '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dask',
          ],
          tags: { 'Cost center': 'größe 1' },
          adminUsername: 'dask',
          sshPublicKey:
            'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@desk',
          workerAddresses: 'None',
        },
      },
      network: { exposure: 'Private' },
    },
  },
  {
    given: 'the least of Azure, an ephemeral disk and rules for SSH',
    patch: {
      cloud: {
        local: null,
        azure: {
          subscriptionId: '11111111-2222-3333-4444-555555555555',
          location: 'westus2',
          image: { communityGalleryImageId: '/CommunityGalleries/dask-1/Images/py/Versions/1.2.3' },
          osDisk: { ephemeral: true },
          sshCIDRs: ['10.0.0.0/8'],
        },
      },
    },
  },
  {
    given: 'all of Google Compute Engine',
    patch: {
      cloud: {
        local: null,
        gcp: {
          project: 'example.com:acme-data-1',
          region: 'northamerica-northeast1',
          zones: ['northamerica-northeast1-b', 'northamerica-northeast1-a'],
          network: 'projects/acme-host/global/networks/shared',
          subnetwork: 'projects/acme-host/regions/northamerica-northeast1/subnetworks/dask',
          serviceAccount: {
            email: '123456789012-compute@developer.gserviceaccount.com',
            scopes: ['https://www.googleapis.com/auth/devstorage.read_only'],
          },
          image: { family: 'dask', project: 'acme-images' },
          disk: {
            sizeGiB: 65536,
            type: 'hyperdisk-balanced',
            kmsKey: 'projects/acme-keys/locations/global/keyRings/a_B/cryptoKeys/c-D/cryptoKeyVersions/1',
          },
          shieldedVm: { secureBoot: false, vtpm: false, integrityMonitoring: false },
          gpu: { type: 'nvidia-tesla-t4', count: 4, driver: 'Preinstalled' },
          labels: { 'cost-center': 'größe_1', ünit: '' },
          networkTags: ['nat'],
          firewall: 'None',
          workerAddresses: 'Internal',
          osLogin: true,
          serialConsole: true,
          projectSshKeys: true,
        },
      },
    },
  },
  {
    given: 'a network of its own project on Google Compute Engine',
    patch: {
      cloud: {
        local: null,
        gcp: {
          project: 'acme-data',
          region: 'us-central1',
          network: 'projects/acme-data/global/networks/own',
          subnetwork: 'projects/acme-data/regions/us-central1/subnetworks/own',
          image: { name: 'dask-1' },
          firewall: 'Managed',
          sshCIDRs: ['10.0.0.0/8'],
        },
      },
    },
  },
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
