import { randomUUID } from 'node:crypto'
import {
  AddressesClient,
  DisksClient,
  FirewallsClient,
  GlobalOperationsClient,
  ImagesClient,
  InstancesClient,
  MachineTypesClient,
  type protos,
  RegionInstancesClient,
  RegionOperationsClient,
  RegionsClient,
  ZoneOperationsClient,
  ZonesClient,
} from '@google-cloud/compute'
import { isRecord } from '../../../src/lib/parse.ts'
import type { KeyFile } from './accounts.ts'
import { sdkOptions } from './sdk.ts'
import { lastOf } from './world.ts'

type Properties = protos.google.cloud.compute.v1.IInstanceProperties
type Bulk = protos.google.cloud.compute.v1.IBulkInsertInstanceResource
export type Done = protos.google.cloud.compute.v1.IOperation

export const family = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64'

/** A machine as simple as they come, by names alone. */
export const properties = (more: Properties = {}): Properties => ({
  machineType: 'e2-standard-4',
  disks: [
    {
      boot: true,
      autoDelete: true,
      initializeParams: { sourceImage: family, diskSizeGb: 30, diskType: 'pd-balanced' },
    },
  ],
  networkInterfaces: [{ network: 'global/networks/default' }],
  ...more,
})

/** The same as one machine names its parts: by where they are. */
export function single(name: string, zone: string, more: Properties = {}) {
  const { machineType, disks, ...rest } = properties(more)
  const [disk] = disks ?? []
  const { diskType, ...params } = disk?.initializeParams ?? {}
  const initializeParams = { ...params, diskType: `zones/${zone}/diskTypes/${diskType}` }
  return {
    ...rest,
    name,
    machineType: `zones/${zone}/machineTypes/${machineType}`,
    disks: [{ ...disk, initializeParams }],
  }
}

/** Names of so many machines of a launch, as `perInstanceProperties` has them. */
export const names = (stem: string, count: number): Record<string, object> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${stem}-${String(index + 1).padStart(4, '0')}`, {}]),
  )

/** Google's own SDK at a simulated project: its clients, and what tests ask of them again and again. */
export function sdkDesk(
  gce: { readonly endpoint: string; readonly tokenEndpoint: string },
  key: KeyFile,
  project: string,
) {
  const options = sdkOptions(gce, key)
  const clients = {
    instances: new InstancesClient(options),
    regionInstances: new RegionInstancesClient(options),
    addresses: new AddressesClient(options),
    firewalls: new FirewallsClient(options),
    disks: new DisksClient(options),
    machineTypes: new MachineTypesClient(options),
    images: new ImagesClient(options),
    zones: new ZonesClient(options),
    regions: new RegionsClient(options),
    zoneOperations: new ZoneOperationsClient(options),
    regionOperations: new RegionOperationsClient(options),
    globalOperations: new GlobalOperationsClient(options),
  }
  /** The operation that a call began, once it is done. */
  const done = async (begun: PromiseLike<readonly unknown[]>): Promise<Done> => {
    const [call] = await begun
    const operation = startedBy(call)
    const { zone, region, name: operationName } = operation
    const asked = { project, operation: operationName ?? '' }
    if (zone) return (await clients.zoneOperations.wait({ ...asked, zone: lastOf(zone) }))[0]
    if (region) return (await clients.regionOperations.wait({ ...asked, region: lastOf(region) }))[0]
    return (await clients.globalOperations.wait(asked))[0]
  }
  return {
    ...clients,
    done,
    insert: (zone: string, instanceResource: ReturnType<typeof single>, requestId: string = randomUUID()) =>
      done(clients.instances.insert({ project, zone, instanceResource, requestId })),
    bulk: (region: string, bulkInsertInstanceResourceResource: Bulk, requestId: string = randomUUID()) =>
      done(
        clients.regionInstances.bulkInsert({
          project,
          region,
          bulkInsertInstanceResourceResource,
          requestId,
        }),
      ),
    remove: (zone: string, instance: string) => done(clients.instances.delete({ project, zone, instance })),
    /** Names, by scope, of whatever instances a filter lets through. */
    async found(filter: string, maxResults = 500): Promise<readonly string[]> {
      const all: string[] = []
      for await (const [scope, { instances }] of clients.instances.aggregatedListAsync({
        project,
        filter,
        maxResults,
      }))
        all.push(...(instances ?? []).map(({ name }) => `${lastOf(scope)}/${name}`))
      return all.toSorted()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(clients).map(client => client.close()))
    },
  }
}

export type SdkDesk = ReturnType<typeof sdkDesk>

/** The SDK's `name` of an operation is its number; the real one is within. */
export function startedBy(call: unknown): Done {
  const latest =
    isRecord(call) || (typeof call === 'object' && call !== null)
      ? Reflect.get(call, 'latestResponse')
      : undefined
  if (typeof latest === 'object' && latest !== null) return latest
  throw new Error('the call began no operation')
}
