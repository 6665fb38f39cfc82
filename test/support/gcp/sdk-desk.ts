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
import type { Options } from './gce.ts'
import { aGcpGround, type GcpGround } from './gcp-ground.ts'
import { leftIn } from './lives.ts'
import { computeModel } from './model.ts'
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

function clientsFor(ground: GcpGround) {
  const options = sdkOptions(ground.gce, ground.keyFile)
  return {
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
}

type Clients = ReturnType<typeof clientsFor>

/** Google's own SDK at a simulated world: each test has a project of its own there. */
export async function anSdkRoom(options: Options = {}) {
  const ground = await aGcpGround({ ...options, model: await computeModel() })
  const clients = clientsFor(ground)
  let count = 0
  return {
    ground,
    fresh() {
      const project = ground.gce.world.project(`dask-${++count}`)
      ground.operator.grants.set(project.name, 'all')
      return { project, left: () => leftIn(project), sdk: sdkDesk(clients, project.name) }
    },
    /** Throws where a request or an answer was not as the discovery document has it. */
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(clients).map(client => client.close()))
      await ground[Symbol.asyncDispose]()
      if (ground.differing().length > 0) throw new Error(ground.differing().join('\n'))
    },
  }
}

export type SdkRoom = Awaited<ReturnType<typeof anSdkRoom>>

/** What tests ask of the clients again and again. */
function sdkDesk(clients: Clients, project: string) {
  /** The operation that a call began, once it is done. */
  const done = async (begun: PromiseLike<readonly unknown[]>): Promise<Done> => {
    const [call] = await begun
    const { zone, region, name } = startedBy(call)
    const asked = { project, operation: name ?? '' }
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
    /** `zone/name` of whatever instances a filter lets through. */
    async found(filter: string, maxResults = 500): Promise<readonly string[]> {
      const all: string[] = []
      const asked = { project, filter, maxResults }
      for await (const [scope, { instances }] of clients.instances.aggregatedListAsync(asked, quiet))
        all.push(...(instances ?? []).map(({ name }) => `${lastOf(scope)}/${name}`))
      return all.toSorted()
    },
  }
}

/** Or else the SDK warns of its own default. */
const quiet = { autoPaginate: false }

/** The SDK's `name` of an operation is its number; the real one is within. */
export function startedBy(call: unknown): Done {
  const latest =
    isRecord(call) || (typeof call === 'object' && call !== null)
      ? Reflect.get(call, 'latestResponse')
      : undefined
  if (typeof latest === 'object' && latest !== null) return latest
  throw new Error('the call began no operation')
}
