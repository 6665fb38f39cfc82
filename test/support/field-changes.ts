import { merged } from './specs.ts'

/** The local cloud has no network. */
const inRegion = { cloud: { local: null, aws: { region: 'us-east-1' } } }

const gcpPlace = { project: 'acme-data', region: 'us-central1' }

const azurePlace = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }
const azureGroup = `/subscriptions/${azurePlace.subscriptionId}/resourceGroups/g/providers`
const azureRules = { networkSecurityGroup: { resourceGroup: 'nets', name: 'a' } }
const azureSubnet = { subnet: { resourceGroup: 'nets', virtualNetwork: 'corp', name: 'a' } }

const azureBeside: Readonly<Record<string, unknown>> = {
  'subnet.name': azureSubnet,
  'networkSecurityGroup.resourceGroup': azureRules,
  'networkSecurityGroup.name': azureRules,
  workerAddresses: azureSubnet,
}

/** What a member needs beside it, on the side of the change that has it. */
const gcpBeside: Readonly<Record<string, unknown>> = {
  'serviceAccount.scopes': { serviceAccount: { email: 'a@acme-data.iam.gserviceaccount.com' } },
  'image.project': { image: { family: 'dask' } },
  'gpu.type': { image: { family: 'cuda' } },
  'gpu.count': { gpu: { type: 'nvidia-l4' }, image: { family: 'cuda' } },
  'gpu.driver': { gpu: { type: 'nvidia-l4' }, image: { family: 'cuda' } },
}

/** A change of each field, and which machines it makes other machines. */
export const changes: Readonly<Record<string, unknown>> = {
  'spec.cloud.local.python': { cloud: { local: { python: '/opt/python' } } },
  'spec.software.python.version': { software: { python: { version: '3.13' } } },
  'spec.software.python.packages': { software: { python: { packages: ['dask'] } } },
  'spec.software.env': { software: { env: { A: '1' } } },
  'spec.software.image': { software: { python: null, image: 'ghcr.io/dask/dask' } },
  'spec.software.setup': { software: { setup: ['true'] } },
  'spec.software.files[].path': { software: { files: [{ path: '/srv/b', content: 'a' }] } },
  'spec.software.files[].content': { software: { files: [{ path: '/srv/a', content: 'b' }] } },
  'spec.software.files[].mode': { software: { files: [{ path: '/srv/a', content: 'a', mode: '0600' }] } },
  'spec.scheduler.env': { scheduler: { env: { A: '1' } } },
  'spec.workers.replicas': { workers: { replicas: 5 } },
  'spec.workers.threads': { workers: { threads: 2 } },
  'spec.workers.memory': { workers: { memory: '1GiB' } },
  'spec.workers.resources': { workers: { resources: { GPU: 1 } } },
  'spec.workers.nanny': { workers: { nanny: true } },
  'spec.workers.env': { workers: { env: { A: '1' } } },
  'spec.scheduler.size': { scheduler: { size: 'm7i.large' } },
  'spec.workers.sizes': { workers: { sizes: ['m7i.large'] } },
  'spec.workers.purchasing': { workers: { purchasing: 'Spot' } },
  'spec.network.exposure': { ...inRegion, network: { exposure: 'Private' } },
  'spec.network.allowedCIDRs': { network: { allowedCIDRs: ['10.0.0.0/8'] } },
  'spec.dashboard.expose': { dashboard: { expose: true } },
  'spec.suspend': { suspend: true },
  ...inAws({
    zones: ['us-east-1a'],
    subnets: ['subnet-01234567'],
    vpc: 'vpc-01234567',
    sshCIDRs: ['10.0.0.0/8'],
    instanceProfile: 'dask',
    keyPair: 'mine',
    'image.id': 'ami-01234567',
    'image.parameter': '/a',
    'image.newest.owner': 'self',
    'image.newest.name': 'dask-*',
    'disk.sizeGiB': 50,
    'disk.type': 'gp2',
    'disk.iops': 4000,
    'disk.throughputMiBps': 250,
    'disk.encrypted': false,
    'disk.kmsKey': 'alias/a',
    tags: { a: 'b' },
    placementGroup: 'near',
    tenancy: 'dedicated',
    workerAddresses: 'Private',
  }),
  ...inAzure({
    zones: ['1'],
    'subnet.name': 'b',
    'networkSecurityGroup.resourceGroup': 'other',
    'networkSecurityGroup.name': 'b',
    'image.urn': 'Canonical:ubuntu-24_04-lts:server:latest',
    'image.galleryImageId': `${azureGroup}/Microsoft.Compute/galleries/dask/images/py`,
    'image.communityGalleryImageId': '/CommunityGalleries/dask/Images/py',
    'osDisk.sizeGiB': 50,
    'osDisk.type': 'Premium_LRS',
    'osDisk.ephemeral': true,
    'osDisk.diskEncryptionSetId': `${azureGroup}/Microsoft.Compute/diskEncryptionSets/dask`,
    encryptionAtHost: true,
    securityType: 'Standard',
    identities: [`${azureGroup}/Microsoft.ManagedIdentity/userAssignedIdentities/dask`],
    tags: { a: 'b' },
    adminUsername: 'dask',
    sshPublicKey: `ssh-ed25519 ${'A'.repeat(68)}`,
    sshCIDRs: ['10.0.0.0/8'],
    workerAddresses: 'None',
  }),
  ...inDigitalOcean({
    region: 'fra1',
    vpc: '5a4981aa-9653-4bd1-bef5-d6bff52042e4',
    'image.slug': 'ubuntu-24-10-x64',
    'image.id': 203_000_001,
    sshKeys: ['512190'],
    tags: ['team:data'],
    monitoring: true,
    ipv6: true,
    firewall: 'None',
    sshCIDRs: ['192.0.2.0/24'],
    workerAddresses: 'Private',
  }),
  ...inGcp({
    zones: ['us-central1-a'],
    network: 'net',
    subnetwork: 'sub',
    'serviceAccount.email': 'a@acme-data.iam.gserviceaccount.com',
    'serviceAccount.scopes': ['https://www.googleapis.com/auth/compute'],
    'image.family': 'dask',
    'image.name': 'dask-1',
    'image.project': 'acme-images',
    'disk.sizeGiB': 50,
    'disk.type': 'pd-ssd',
    'disk.kmsKey': 'projects/acme-data/locations/global/keyRings/r/cryptoKeys/k',
    'shieldedVm.secureBoot': false,
    'shieldedVm.vtpm': false,
    'shieldedVm.integrityMonitoring': false,
    'gpu.type': 'nvidia-l4',
    'gpu.count': 2,
    'gpu.driver': 'Install',
    labels: { a: 'b' },
    networkTags: ['nat'],
    firewall: 'None',
    sshCIDRs: ['10.0.0.0/8'],
    workerAddresses: 'Internal',
    osLogin: true,
    serialConsole: true,
    projectSshKeys: true,
  }),
  ...inGroup({
    replicas: 3,
    sizes: ['g6.xlarge'],
    purchasing: 'Spot',
    threads: 2,
    memory: '1GiB',
    resources: { GPU: 1 },
    nanny: true,
    env: { A: '1' },
  }),
}

/** Both sides of the change are on AWS. */
function inAws(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([path, value]) => {
      const settings = path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value)
      const whole = path.startsWith('image.newest')
        ? merged({ image: { newest: { owner: 'amazon', name: 'al2023' } } }, settings)
        : settings
      return [
        `spec.cloud.aws.${path}`,
        { cloud: { local: null, aws: merged({ region: 'us-east-1' }, whole) } },
      ]
    }),
  )
}

/** Both sides of the change are on Azure. */
function inAzure(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([path, value]) => {
      const settings = path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value)
      return [`spec.cloud.azure.${path}`, inAzureWith(path, settings)]
    }),
  )
}

function inAzureWith(path: string, settings: unknown): unknown {
  const whole = merged(merged(azurePlace, azureBeside[path] ?? {}), settings)
  return { cloud: { local: null, azure: whole } }
}

/** Both sides of the change are on Google Cloud. */
function inGcp(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([path, value]) => {
      const settings = path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value)
      const whole = merged(merged(gcpPlace, gcpBeside[path] ?? {}), settings)
      return [`spec.cloud.gcp.${path}`, { cloud: { local: null, gcp: whole } }]
    }),
  )
}

/** Both sides of the change are on DigitalOcean. */
function inDigitalOcean(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([path, value]) => {
      const settings = path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value)
      return [
        `spec.cloud.digitalOcean.${path}`,
        { cloud: { local: null, digitalOcean: merged({ region: 'nyc3' }, settings) } },
      ]
    }),
  )
}

/** Both sides of the change have the group. */
function inGroup(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      `spec.workerGroups[].${name}`,
      { workerGroups: [{ name: 'gpu', [name]: value }] },
    ]),
  )
}

/** What a change starts from, where that is not the usual spec. */
export function startOf(path: string): unknown {
  if (path.startsWith('spec.cloud.aws') || path === 'spec.network.exposure') return inRegion
  if (path.startsWith('spec.cloud.azure')) return inAzureWith(path.slice('spec.cloud.azure.'.length), {})
  if (path.startsWith('spec.cloud.digitalOcean'))
    return { cloud: { local: null, digitalOcean: { region: 'nyc3' } } }
  if (path.startsWith('spec.cloud.gcp')) {
    const beside = gcpBeside[path.slice('spec.cloud.gcp.'.length)] ?? {}
    return { cloud: { local: null, gcp: merged(gcpPlace, beside) } }
  }
  if (path.startsWith('spec.software.files'))
    return { software: { files: [{ path: '/srv/a', content: 'a' }] } }
  return path.startsWith('spec.workerGroups') ? { workerGroups: [{ name: 'gpu' }] } : {}
}
