// oxlint-disable-next-line import/no-unassigned-import -- it has to run before the libraries are loaded
import './quiet.ts'
import { ComputeManagementClient } from '@azure/arm-compute'
import { NetworkManagementClient } from '@azure/arm-network'
import { ResourceManagementClient } from '@azure/arm-resources'

export type { Disk, ResourceSku, VirtualMachine } from '@azure/arm-compute'
export type {
  ApplicationSecurityGroup,
  NetworkInterface,
  NetworkSecurityGroup,
  PublicIPAddress,
  SecurityRule,
  VirtualNetwork,
} from '@azure/arm-network'
export type { GenericResourceExpanded as Resource, ResourceGroup } from '@azure/arm-resources'

export interface Clients {
  readonly compute: ComputeManagementClient
  readonly network: NetworkManagementClient
  readonly resources: ResourceManagementClient
}

type Credential = ConstructorParameters<typeof ComputeManagementClient>[0]
type Options = NonNullable<ConstructorParameters<typeof ComputeManagementClient>[2]>
/** Sees every request that is made, pages and looks at operations among them. */
export type Policy = NonNullable<Options['additionalPolicies']>[number]['policy']

/** One credential's clients of one subscription. Nothing is tried again by them: the house does that, and knows when it may. */
export function openClients(
  credential: Credential,
  subscriptionId: string,
  { endpoint, scope, policy }: { readonly endpoint: string; readonly scope: string; readonly policy: Policy },
): Clients {
  const options: Options = {
    endpoint,
    credentials: { scopes: [scope] },
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [{ policy, position: 'perCall' }],
  }
  return {
    compute: new ComputeManagementClient(credential, subscriptionId, options),
    network: new NetworkManagementClient(credential, subscriptionId, options),
    resources: new ResourceManagementClient(credential, subscriptionId, options),
  }
}

/** What every resource of Resource Manager says of itself. */
export interface Thing {
  readonly id?: string
  readonly name?: string
  readonly tags?: Record<string, string>
}

/** Azure is careless with the case of ids: they are compared in lower case. */
export const sameId = (id: string | undefined): string => (id ?? '').toLowerCase()

/** `/subscriptions/S/resourceGroups/G/...`: G, in lower case. */
export const groupOf = ({ id }: Pick<Thing, 'id'>): string => sameId(id).split('/')[4] ?? ''

export const lastOf = (id: string | undefined): string => (id ?? '').split('/').at(-1) ?? ''

export interface Whereabouts {
  readonly subscriptionId: string
  readonly group: string
}

const kinds = {
  networkInterfaces: 'Microsoft.Network/networkInterfaces',
  publicIPAddresses: 'Microsoft.Network/publicIPAddresses',
  networkSecurityGroups: 'Microsoft.Network/networkSecurityGroups',
  applicationSecurityGroups: 'Microsoft.Network/applicationSecurityGroups',
  virtualNetworks: 'Microsoft.Network/virtualNetworks',
} as const

export const idOf = (
  { subscriptionId, group }: Whereabouts,
  kind: keyof typeof kinds,
  name: string,
): string => `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/${kinds[kind]}/${name}`
