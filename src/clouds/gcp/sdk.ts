// oxlint-disable-next-line import/no-unassigned-import -- it has to run before the libraries are loaded
import './quiet.ts'
import type { protos } from '@google-cloud/compute'
// By file: the package's own door loads a hundred services, of which these are asked.
import { AddressesClient } from '@google-cloud/compute/build/src/v1/addresses_client.js'
import { FirewallsClient } from '@google-cloud/compute/build/src/v1/firewalls_client.js'
import { GlobalOperationsClient } from '@google-cloud/compute/build/src/v1/global_operations_client.js'
import { ImagesClient } from '@google-cloud/compute/build/src/v1/images_client.js'
import { InstancesClient } from '@google-cloud/compute/build/src/v1/instances_client.js'
import { MachineTypesClient } from '@google-cloud/compute/build/src/v1/machine_types_client.js'
import { NetworksClient } from '@google-cloud/compute/build/src/v1/networks_client.js'
import { RegionInstancesClient } from '@google-cloud/compute/build/src/v1/region_instances_client.js'
import { RegionOperationsClient } from '@google-cloud/compute/build/src/v1/region_operations_client.js'
import { SubnetworksClient } from '@google-cloud/compute/build/src/v1/subnetworks_client.js'
import { ZoneOperationsClient } from '@google-cloud/compute/build/src/v1/zone_operations_client.js'
import type { GoogleAuth } from 'google-auth-library'
import { describeOnly } from './descriptions.ts'

export type Instance = protos.google.cloud.compute.v1.IInstance
export type InstanceProperties = protos.google.cloud.compute.v1.IInstanceProperties
export type Address = protos.google.cloud.compute.v1.IAddress
export type Firewall = protos.google.cloud.compute.v1.IFirewall
export type Operation = protos.google.cloud.compute.v1.IOperation
export type MachineType = protos.google.cloud.compute.v1.IMachineType
export type ComputeImage = protos.google.cloud.compute.v1.IImage

/** The services of Compute Engine that the operator asks, each over the same way. */
export type Clients = ReturnType<typeof openClients>

/** Where Compute Engine is; nothing of it comes from a resource. */
export interface Place {
  readonly apiEndpoint: string
  readonly port: number
  readonly protocol: 'http' | 'https'
}

const google: Place = { apiEndpoint: 'compute.googleapis.com', port: 443, protocol: 'https' }

/** As gcloud itself is told of another place, by the operator's own surroundings. Throws a TypeError for what is no URL. */
export function placeIn(environment: Readonly<Record<string, string | undefined>>): Place {
  const told = environment['CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE']
  if (told === undefined || told === '') return google
  const { protocol, hostname, port } = new URL(told)
  const isPlain = protocol === 'http:'
  return {
    apiEndpoint: hostname,
    port: port === '' ? (isPlain ? 80 : 443) : Number(port),
    protocol: isPlain ? 'http' : 'https',
  }
}

describeOnly([
  'Addresses',
  'Firewalls',
  'GlobalOperations',
  'Images',
  'Instances',
  'MachineTypes',
  'Networks',
  'RegionInstances',
  'RegionOperations',
  'Subnetworks',
  'ZoneOperations',
])

export function openClients(auth: GoogleAuth, place: Place) {
  const options = { ...place, fallback: true, auth } as const
  return {
    addresses: new AddressesClient(options),
    firewalls: new FirewallsClient(options),
    globalOperations: new GlobalOperationsClient(options),
    images: new ImagesClient(options),
    instances: new InstancesClient(options),
    machineTypes: new MachineTypesClient(options),
    networks: new NetworksClient(options),
    regionInstances: new RegionInstancesClient(options),
    regionOperations: new RegionOperationsClient(options),
    subnetworks: new SubnetworksClient(options),
    zoneOperations: new ZoneOperationsClient(options),
  }
}

/** One of the scopes of an aggregated list: a zone or a region, with what is in it. */
export interface Scoped {
  readonly instances?: readonly Instance[] | null
  readonly addresses?: readonly Address[] | null
  readonly machineTypes?: readonly MachineType[] | null
  readonly warning?: { readonly code?: string | null } | null
}

export interface Page {
  readonly items?: Readonly<Record<string, Scoped>> | null
  readonly nextPageToken?: string | null
  readonly unreachables?: readonly string[] | null
}

export interface PageRequest {
  readonly project: string
  readonly filter: string
  readonly maxResults: number
  readonly pageToken?: string
}

/** One page. The SDK's own iterator asks for page after page, and shows nothing of what is said beside their items. */
export async function aggregated(
  client: Clients['instances'] | Clients['addresses'] | Clients['machineTypes'],
  request: PageRequest,
  options: object,
): Promise<Page> {
  await client.initialize()
  const answer: readonly [unknown, unknown, Page] = await client.innerApiCalls['aggregatedList']?.(
    request,
    options,
  )
  return answer[2]
}

/** The name at the end of one of Google's URLs: `.../zones/us-central1-a` is `us-central1-a`. */
export const lastOf = (url: string | null | undefined): string => (url ?? '').split('/').at(-1) ?? ''

/** The path in one of Google's URLs, from `projects/` on; what is no such URL stays as it is. */
export const pathOf = (url: string | null | undefined): string =>
  (url ?? '').replace(/^.*\/(?=projects\/)/, '')
