import type { Rate } from '../../lib/token-bucket.ts'

export interface CallFacts {
  /** RBAC actions that it needs on the resource group of machines. */
  readonly actions?: readonly string[]
  /** Those that it needs on the subscription: what is listed there, and what a location has. */
  readonly subscription?: readonly string[]
  /** Those that it needs only where the operator makes resource groups, on the subscription. */
  readonly groups?: readonly string[]
  /** Those that it needs on a virtual network or a network security group that the user names. */
  readonly network?: readonly string[]
  /** Those that it needs only where machines carry an identity, on that identity. */
  readonly identity?: readonly string[]
  /** Those that it needs only where an image of a gallery is named, on the gallery. */
  readonly gallery?: readonly string[]
}

/**
 * Resource Manager gives a principal in a subscription buckets of 250 reads and 25 more a second, 200 writes and 200 deletes
 * and 10 more a second of each. A fifth is left to whoever else works as the same principal.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
 */
export const rates = {
  read: { size: 200, perSecond: 20 },
  write: { size: 160, perSecond: 8 },
  delete: { size: 160, perSecond: 8 },
} as const satisfies Record<string, Rate>

const listed = (...subscription: readonly string[]): CallFacts => ({ subscription })
const within = (...actions: readonly string[]): CallFacts => ({ actions })

const net = 'Microsoft.Network'
const compute = 'Microsoft.Compute'

/** What an interface, wherever it is made, is made of. */
const joining = {
  actions: [
    `${net}/networkInterfaces/write`,
    `${net}/networkInterfaces/join/action`,
    `${net}/publicIPAddresses/write`,
    `${net}/publicIPAddresses/join/action`,
    `${net}/networkSecurityGroups/join/action`,
    `${net}/applicationSecurityGroups/joinIpConfiguration/action`,
    `${net}/virtualNetworks/subnets/join/action`,
  ],
  network: [`${net}/virtualNetworks/subnets/join/action`, `${net}/networkSecurityGroups/join/action`],
} as const satisfies CallFacts

/**
 * Every call there is, by its name in Azure's SDK. The role that `npm run iam-policy -- azure` prints is made of this, and no
 * other call can be made.
 */
export const calls = {
  'virtualMachines.listAll': listed(`${compute}/virtualMachines/read`),
  'virtualMachines.createOrUpdate': {
    ...joining,
    actions: [`${compute}/virtualMachines/write`, `${compute}/disks/write`, ...joining.actions],
    identity: ['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'],
    gallery: [`${compute}/galleries/images/versions/read`],
  },
  'virtualMachines.delete': within(`${compute}/virtualMachines/delete`),
  'virtualMachines.retrieveBootDiagnosticsData': within(
    `${compute}/virtualMachines/retrieveBootDiagnosticsData/action`,
  ),
  'networkInterfaces.listAll': listed(`${net}/networkInterfaces/read`),
  'networkInterfaces.get': within(`${net}/networkInterfaces/read`),
  'networkInterfaces.createOrUpdate': joining,
  'networkInterfaces.delete': within(`${net}/networkInterfaces/delete`),
  'publicIPAddresses.listAll': listed(`${net}/publicIPAddresses/read`),
  'publicIPAddresses.get': within(`${net}/publicIPAddresses/read`),
  'publicIPAddresses.createOrUpdate': within(`${net}/publicIPAddresses/write`),
  'publicIPAddresses.delete': within(`${net}/publicIPAddresses/delete`),
  'networkSecurityGroups.listAll': listed(`${net}/networkSecurityGroups/read`),
  'networkSecurityGroups.get': within(`${net}/networkSecurityGroups/read`),
  'networkSecurityGroups.createOrUpdate': within(
    `${net}/networkSecurityGroups/write`,
    `${net}/applicationSecurityGroups/joinNetworkSecurityRule/action`,
  ),
  'networkSecurityGroups.delete': within(`${net}/networkSecurityGroups/delete`),
  'applicationSecurityGroups.listAll': listed(`${net}/applicationSecurityGroups/read`),
  'applicationSecurityGroups.get': within(`${net}/applicationSecurityGroups/read`),
  'applicationSecurityGroups.createOrUpdate': within(`${net}/applicationSecurityGroups/write`),
  'applicationSecurityGroups.delete': within(`${net}/applicationSecurityGroups/delete`),
  'virtualNetworks.listAll': listed(`${net}/virtualNetworks/read`),
  'virtualNetworks.get': {
    actions: [`${net}/virtualNetworks/read`],
    network: [`${net}/virtualNetworks/read`],
  },
  'virtualNetworks.createOrUpdate': within(`${net}/virtualNetworks/write`),
  'virtualNetworks.delete': within(`${net}/virtualNetworks/delete`),
  'disks.list': listed(`${compute}/disks/read`),
  'disks.delete': within(`${compute}/disks/delete`),
  'resourceGroups.list': listed('Microsoft.Resources/subscriptions/resourceGroups/read'),
  'resourceGroups.get': within('Microsoft.Resources/subscriptions/resourceGroups/read'),
  'resourceGroups.createOrUpdate': { groups: ['Microsoft.Resources/subscriptions/resourceGroups/write'] },
  'resourceGroups.delete': { groups: ['Microsoft.Resources/subscriptions/resourceGroups/delete'] },
  'resourceSkus.list': listed(`${compute}/skus/read`),
  'virtualMachineImages.list': listed(
    `${compute}/locations/publishers/artifacttypes/offers/skus/versions/read`,
  ),
  'virtualMachineImages.get': listed(
    `${compute}/locations/publishers/artifacttypes/offers/skus/versions/read`,
  ),
  'galleryImages.get': { gallery: [`${compute}/galleries/images/read`] },
  'communityGalleryImages.get': listed(`${compute}/locations/communityGalleries/images/read`),
  /** How far something is that was asked for. */
  'operations.get': listed(`${compute}/locations/operations/read`, `${net}/locations/operations/read`),
} as const satisfies Record<string, CallFacts>

export type CallName = keyof typeof calls
