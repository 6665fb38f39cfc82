import type { Rate } from '../../lib/token-bucket.ts'

export interface CallFacts {
  /** What it needs in the resource group of the machines. */
  readonly actions: readonly string[]
  /** What it needs on the whole subscription: lists and what is not in a group. */
  readonly subscription?: readonly string[]
  /** What it needs only where each cluster has a group of its own, and there on the subscription. */
  readonly ownGroups?: readonly string[]
  /** What it needs in the group of a virtual network or network security group of the user's. */
  readonly network?: readonly string[]
  /** What it needs only where the operator makes virtual networks. */
  readonly makesNetworks?: readonly string[]
  /** What it needs only where the operator makes rules. */
  readonly makesRules?: readonly string[]
  /** What it needs on each identity that machines are given. */
  readonly onIdentity?: readonly string[]
  /** What it needs on each disk encryption set. */
  readonly onDiskEncryptionSet?: readonly string[]
  /** What it needs on each gallery of the user's. */
  readonly onGallery?: readonly string[]
}

/**
 * Azure Resource Manager lets a principal have 250 reads, 200 writes and 200 deletes of a subscription at once, and 25, 10 and 10
 * a second more. What is left here is for the SDK's own repeats and for whoever else uses the principal.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
export const rates = {
  read: { size: 200, perSecond: 20 },
  write: { size: 160, perSecond: 8 },
  delete: { size: 160, perSecond: 8 },
} as const satisfies Record<string, Rate>

const compute = (name: string): string => `Microsoft.Compute/${name}`
const net = (name: string): string => `Microsoft.Network/${name}`
const group = (verb: string): string => `Microsoft.Resources/subscriptions/resourceGroups/${verb}`

const within = (...actions: readonly string[]): CallFacts => ({ actions })
const listing = (...subscription: readonly string[]): CallFacts => ({
  actions: [],
  subscription,
})

/** Joining asks for its right where the thing joined is: a network of the user's may be in another group. */
const joiningSubnet = {
  network: [net('virtualNetworks/subnets/join/action'), net('networkSecurityGroups/join/action')],
  makesNetworks: [net('virtualNetworks/subnets/join/action')],
} as const

const joiningRules = [
  net('networkSecurityGroups/join/action'),
  net('applicationSecurityGroups/joinIpConfiguration/action'),
] as const

/**
 * Every call there is, by its group and method in Azure's SDK. The roles that `npm run iam-policy -- azure` prints are made of
 * this, and no other call can be made.
 */
export const calls = {
  'virtualMachines.listAll': listing(compute('virtualMachines/read')),
  'virtualMachines.get': within(compute('virtualMachines/read')),
  'virtualMachines.list': within(compute('virtualMachines/read')),
  /** The network interface, the address and the disk are made along with the machine: each asks for its own right. */
  'virtualMachines.createOrUpdate': {
    ...within(
      compute('virtualMachines/write'),
      compute('disks/write'),
      net('networkInterfaces/read'),
      net('networkInterfaces/write'),
      net('networkInterfaces/join/action'),
      net('publicIPAddresses/write'),
      net('publicIPAddresses/join/action'),
    ),
    ...joiningSubnet,
    makesRules: joiningRules,
    onIdentity: ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'],
    onDiskEncryptionSet: [compute('diskEncryptionSets/read')],
    onGallery: [compute('galleries/images/read'), compute('galleries/images/versions/read')],
  },
  'virtualMachines.delete': within(compute('virtualMachines/delete')),
  'virtualMachines.retrieveBootDiagnosticsData': {
    actions: [compute('virtualMachines/retrieveBootDiagnosticsData/action')],
  },
  'networkInterfaces.listAll': listing(net('networkInterfaces/read')),
  'networkInterfaces.get': within(net('networkInterfaces/read')),
  'networkInterfaces.createOrUpdate': {
    ...within(net('networkInterfaces/write'), net('publicIPAddresses/join/action')),
    ...joiningSubnet,
    makesRules: joiningRules,
  },
  'networkInterfaces.delete': within(net('networkInterfaces/delete')),
  'publicIPAddresses.listAll': listing(net('publicIPAddresses/read')),
  'publicIPAddresses.get': within(net('publicIPAddresses/read')),
  'publicIPAddresses.createOrUpdate': within(net('publicIPAddresses/write')),
  'publicIPAddresses.delete': within(net('publicIPAddresses/delete')),
  'networkSecurityGroups.listAll': listing(net('networkSecurityGroups/read')),
  'networkSecurityGroups.get': {
    ...within(net('networkSecurityGroups/read')),
    network: [net('networkSecurityGroups/read')],
  },
  'networkSecurityGroups.createOrUpdate': {
    actions: [],
    makesRules: [
      net('networkSecurityGroups/write'),
      net('applicationSecurityGroups/joinNetworkSecurityRule/action'),
    ],
  },
  'networkSecurityGroups.delete': within(net('networkSecurityGroups/delete')),
  'applicationSecurityGroups.listAll': listing(net('applicationSecurityGroups/read')),
  'applicationSecurityGroups.get': within(net('applicationSecurityGroups/read')),
  'applicationSecurityGroups.createOrUpdate': {
    actions: [],
    makesRules: [net('applicationSecurityGroups/write')],
  },
  'applicationSecurityGroups.delete': within(net('applicationSecurityGroups/delete')),
  'virtualNetworks.listAll': listing(net('virtualNetworks/read')),
  'virtualNetworks.get': {
    ...within(net('virtualNetworks/read')),
    network: [net('virtualNetworks/read')],
  },
  'virtualNetworks.createOrUpdate': {
    actions: [],
    makesNetworks: [net('virtualNetworks/write'), net('virtualNetworks/subnets/write')],
  },
  'virtualNetworks.delete': within(net('virtualNetworks/delete')),
  'disks.list': listing(compute('disks/read')),
  'disks.delete': within(compute('disks/delete')),
  'resourceGroups.list': listing(group('read')),
  'resourceGroups.get': within(group('read')),
  'resourceGroups.createOrUpdate': { actions: [], ownGroups: [group('write')] },
  'resourceGroups.delete': { actions: [], ownGroups: [group('delete')] },
  /** Whether somebody has put something into a group that is to go. */
  'resources.listByResourceGroup': { actions: [], ownGroups: [group('resources/read')] },
  'resourceSkus.list': listing(compute('skus/read')),
  'virtualMachineImages.list': listing(
    compute('locations/publishers/artifacttypes/offers/skus/versions/read'),
  ),
  'virtualMachineImages.get': listing(
    compute('locations/publishers/artifacttypes/offers/skus/versions/read'),
  ),
  'galleryImages.get': { actions: [], onGallery: [compute('galleries/images/read')] },
  'communityGalleryImages.get': listing(compute('locations/communityGalleries/images/read')),
  /** How far something goes on that was asked for. */
  'operations.get': listing(
    compute('locations/operations/read'),
    compute('locations/diskOperations/read'),
    net('locations/operations/read'),
    net('locations/operationResults/read'),
    'Microsoft.Resources/subscriptions/operationresults/read',
  ),
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof calls
