import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import type { LaunchRequest } from '../contract.ts'
import { isThereAlready, operationFault } from './faults.ts'
import { instanceOf } from './launching.ts'
import { instancesIn } from './machines.ts'
import { labelNames } from './marks.ts'
import { machineNames, requestIdOf } from './names.ts'
import { isZone, readOffering } from './offerings.ts'
import { type Begun, ended } from './operations.ts'
import type { Instance, InstanceProperties, Operation } from './sdk.ts'
import type { GcpSession } from './session.ts'

/** Machines that were made, with the zone of each where it is known. */
export type Born = ReadonlyMap<MachineId, string | undefined>

export interface Birth {
  readonly request: LaunchRequest
  readonly properties: InstanceProperties
  /** It was sent before, and what came of it is not known: names are unique in a zone only, so all zones are looked at first. */
  readonly isAgain: boolean
}

const none: Born = new Map()

/**
 * Asks for the machines of a launch and waits until Google has made them: one by `insert`, which takes an address, many by
 * one `bulkInsert`, in a zone or wherever a region has them. Throws a CloudError where none was made.
 */
export async function born(session: GcpSession, birth: Birth, call: Call): Promise<Born> {
  const { request, properties, isAgain } = birth
  const earlier = isAgain ? await ofLaunch(session, request, call) : none
  if (earlier.size > 0) return earlier
  const { place } = readOffering(request.offering)
  const name = request.role === 'scheduler' ? 'instances.insert' : bulkName(place)
  const begun = await begin(session, request, properties, call).catch((error: unknown) => {
    // Somebody has had this token: what it made is looked for in all zones.
    if (!isThereAlready(error)) throw error
  })
  if (begun === undefined) return bornBefore(session, request, name, call)
  const operation = await ended(session, name, begun, call)
  const fault = operationFault(operation, name)
  if (fault?.fault === 'conflict') return bornBefore(session, request, name, call)
  const made = madeBy(operation)
  if (made === 0 && fault !== undefined) throw fault
  if (fault === undefined && (made === undefined || made >= request.count)) {
    const zone = isZone(place) ? place : undefined
    return new Map(machineNames(request.token, request.count).map(id => [id, zone]))
  }
  return partly(session, request, fault, call)
}

const bulkName = (place: string) => (isZone(place) ? 'instances.bulkInsert' : 'regionInstances.bulkInsert')

function begin(
  session: GcpSession,
  request: LaunchRequest,
  properties: InstanceProperties,
  call: Call,
): Promise<Begun> {
  const { project, clients } = session
  const { token, count, role } = request
  const { place } = readOffering(request.offering)
  const requestId = requestIdOf(token)
  const names = machineNames(token, count)
  if (role === 'scheduler') {
    const instanceResource = instanceOf(names[0] ?? '', place, properties)
    return session.make('instances.insert', call, options =>
      clients.instances.insert({ project, zone: place, requestId, instanceResource }, options),
    )
  }
  const bulkInsertInstanceResourceResource = {
    count,
    minCount: 1,
    perInstanceProperties: Object.fromEntries(names.map(name => [name, {}])),
    instanceProperties: properties,
  }
  const asked = { project, requestId, bulkInsertInstanceResourceResource }
  return isZone(place)
    ? session.make('instances.bulkInsert', call, options =>
        clients.instances.bulkInsert({ ...asked, zone: place }, options),
      )
    : session.make('regionInstances.bulkInsert', call, options =>
        clients.regionInstances.bulkInsert({ ...asked, region: place }, options),
      )
}

/** How many machines an operation says that there are now; undefined where it does not say. */
function madeBy({ instancesBulkInsertOperationMetadata: told }: Operation): number | undefined {
  const places = Object.values(told?.perLocationStatus ?? {})
  if (places.length === 0) return undefined
  return places.reduce(
    (sum, { createdVmCount, deletedVmCount }) => sum + (createdVmCount ?? 0) - (deletedVmCount ?? 0),
    0,
  )
}

/** Some of them: which, only a look can say. */
async function partly(
  session: GcpSession,
  request: LaunchRequest,
  fault: CloudError | undefined,
  call: Call,
): Promise<Born> {
  const found = await ofLaunch(session, request, call)
  if (found.size > 0) return found
  throw (
    fault ??
    new CloudError(
      'lost',
      `${request.token}: Google says that machines were made, and does not list them yet`,
    )
  )
}

async function bornBefore(
  session: GcpSession,
  request: LaunchRequest,
  name: string,
  call: Call,
): Promise<Born> {
  const found = await ofLaunch(session, request, call)
  if (found.size > 0) return found
  throw new CloudError('conflict', `${name}: Google has had this request, and does not list its machines yet`)
}

/** Machines with the names of a token, in all zones. */
export async function ofLaunch(
  session: GcpSession,
  { launch, token, count }: Pick<LaunchRequest, 'launch' | 'token' | 'count'>,
  call: Call,
): Promise<Born> {
  const wanted = new Set<string>(machineNames(token, count))
  const found = await instancesIn(session, `labels.${labelNames.launch} = ${launch}`, call)
  return new Map(
    found.flatMap((each: Instance) =>
      each.name && wanted.has(each.name)
        ? [[machineId(each.name), each.zone?.split('/').at(-1)] as const]
        : [],
    ),
  )
}
