import type { Rate } from '../../lib/token-bucket.ts'

export interface CallFacts {
  /** Calls of one bucket share its rate. */
  readonly bucket: keyof typeof rates
  /** What it needs in the project of the machines. */
  readonly permissions: readonly string[]
  /** What it needs in the project of the network, which is another one where a VPC is shared. */
  readonly network?: readonly string[]
  /** What it needs only where the operator makes the firewall's rules, which it does in its machines' own project alone. */
  readonly firewall?: readonly string[]
  /** What it needs only where machines carry a service account. */
  readonly withServiceAccount?: readonly string[]
  /** And on that account, never on the project: who may act as any account of a project may do what any of them may. */
  readonly onServiceAccount?: readonly string[]
  /** Calls that give back come before calls that take. */
  readonly isFirst?: true
}

/**
 * A project has 1,500 requests a minute of each group, counted by the minute. 200 at once and 20 a second are 1,400: the rest is
 * for whoever else works in the project. https://cloud.google.com/compute/api-quota
 */
const usual = { size: 200, perSecond: 20 } as const satisfies Rate
export const rates = {
  read: usual,
  list: usual,
  operation: usual,
  write: usual,
  /** Google takes 20 of these a second and runs ten at once: a refusal of one is not to hold up ends. */
  bulk: { size: 10, perSecond: 2 },
} as const satisfies Record<string, Rate>

/** All that machines are made of: their making is asked for as the making of each part is. */
const launching = {
  bucket: 'write',
  permissions: [
    'compute.instances.create',
    'compute.instances.setLabels',
    'compute.instances.setMetadata',
    'compute.instances.setTags',
    'compute.disks.create',
    'compute.disks.setLabels',
    'compute.images.useReadOnly',
    'compute.addresses.use',
    'compute.addresses.useInternal',
  ],
  network: ['compute.subnetworks.use', 'compute.subnetworks.useExternalIp'],
  withServiceAccount: ['compute.instances.setServiceAccount'],
  onServiceAccount: ['iam.serviceAccounts.actAs'],
} as const satisfies CallFacts

const looking = (bucket: CallFacts['bucket'], permission: string): CallFacts => ({
  bucket,
  permissions: [permission],
})

const ofNetwork = (bucket: CallFacts['bucket'], permission: string): CallFacts => ({
  bucket,
  permissions: [],
  network: [permission],
})

/** A rule changes what a network lets through, and needs the right to that, too. */
const ofFirewall = (permission: string): CallFacts => ({
  bucket: 'write',
  permissions: [],
  firewall: [permission, 'compute.networks.updatePolicy'],
})

const ofRule = { bucket: 'operation', permissions: [], firewall: ['compute.globalOperations.get'] } as const

/**
 * Every call there is, by its id in Compute Engine's discovery document without `compute.`. The role that
 * `npm run iam-policy -- gcp` prints is made of this, and no other call can be made.
 */
export const calls = {
  'instances.aggregatedList': looking('list', 'compute.instances.list'),
  'instances.insert': launching,
  'instances.bulkInsert': { ...launching, bucket: 'bulk' },
  'regionInstances.bulkInsert': { ...launching, bucket: 'bulk' },
  'instances.delete': { bucket: 'write', permissions: ['compute.instances.delete'], isFirst: true },
  'instances.getSerialPortOutput': looking('read', 'compute.instances.getSerialPortOutput'),
  'instances.addAccessConfig': {
    bucket: 'write',
    permissions: ['compute.instances.addAccessConfig', 'compute.addresses.use'],
    network: ['compute.subnetworks.useExternalIp'],
  },
  'instances.deleteAccessConfig': {
    bucket: 'write',
    permissions: ['compute.instances.deleteAccessConfig'],
    isFirst: true,
  },
  'addresses.aggregatedList': looking('list', 'compute.addresses.list'),
  'addresses.get': looking('read', 'compute.addresses.get'),
  'addresses.insert': {
    bucket: 'write',
    permissions: ['compute.addresses.create', 'compute.addresses.createInternal'],
    network: ['compute.subnetworks.use'],
  },
  'addresses.delete': {
    bucket: 'write',
    permissions: ['compute.addresses.delete', 'compute.addresses.deleteInternal'],
    isFirst: true,
  },
  'firewalls.list': looking('list', 'compute.firewalls.list'),
  'firewalls.get': looking('read', 'compute.firewalls.get'),
  'firewalls.insert': ofFirewall('compute.firewalls.create'),
  'firewalls.update': ofFirewall('compute.firewalls.update'),
  'firewalls.delete': { ...ofFirewall('compute.firewalls.delete'), isFirst: true },
  'zoneOperations.wait': looking('operation', 'compute.zoneOperations.get'),
  'regionOperations.wait': looking('operation', 'compute.regionOperations.get'),
  'globalOperations.wait': ofRule,
  'machineTypes.aggregatedList': looking('list', 'compute.machineTypes.list'),
  'images.get': looking('read', 'compute.images.get'),
  'images.getFromFamily': looking('read', 'compute.images.getFromFamily'),
  'networks.get': ofNetwork('read', 'compute.networks.get'),
  'subnetworks.get': ofNetwork('read', 'compute.subnetworks.get'),
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof calls
