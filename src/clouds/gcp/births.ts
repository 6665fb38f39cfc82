import type { Call } from '../../lib/call.ts'
import { wait } from '../../lib/wait.ts'
import { CloudError, certainty } from '../../model/faults.ts'
import { type MachineId, machineId } from '../../model/names.ts'
import type { LaunchRequest } from '../contract.ts'
import { machineNames } from '../machine-names.ts'
import { isThereAlready, operationFault, translated } from './faults.ts'
import { instanceOf } from './launching.ts'
import { instancesIn } from './machines.ts'
import { labelNames } from './marks.ts'
import { requestIdOf } from './names.ts'
import { isZone, readOffering } from './offerings.ts'
import { type Begun, ended } from './operations.ts'
import { type Instance, type InstanceProperties, lastOf, type Operation } from './sdk.ts'
import type { GcpSession } from './session.ts'

/** Machines that were made, with the zone of each where it is known. */
export type Born = ReadonlyMap<MachineId, string | undefined>

export interface Birth {
  readonly request: LaunchRequest
  readonly properties: InstanceProperties
  /**
   * Google answers the same request id with the same operation, however that ended: another try after a failure is another
   * request. Where what came of an earlier one is not known, all zones are looked at first: names are unique in a zone only.
   */
  readonly before: { readonly failures: number; readonly isUnclear: boolean }
}

/** An operation that ended with nothing made, for a reason that Google gave: certain, unlike a failure to hear of it. */
export class Stillborn extends CloudError {}

/**
 * Asks for the machines of a launch and waits until Google has made them: one by `insert`, which takes an address, many by
 * one `bulkInsert`, in a zone or wherever a region has them. Throws a CloudError where none was made. From the moment that
 * Google has the request nothing but the end of its operation is a certain refusal.
 */
export async function born(session: GcpSession, birth: Birth, call: Call): Promise<Born> {
  const { request, before } = birth
  const earlier = before.isUnclear ? await ofLaunch(session, request, call) : undefined
  if (earlier?.size === request.count) return earlier
  const name = nameOf(request)
  const begun = await begin(session, birth, call).catch((error: unknown) => {
    // Somebody has had this token: what it made is looked for in all zones.
    if (!isThereAlready(error)) throw error
  })
  try {
    return await (begun === undefined
      ? bornBefore(session, request, call)
      : made(session, request, begun, call))
  } catch (error) {
    throw error instanceof Stillborn ? error : unclear(error, name)
  }
}

/** What would be a refusal, had it come before Google had the request. */
function unclear(failure: unknown, name: string): CloudError {
  const error = translated(failure, name)
  if (certainty[error.fault] === 'unknown') return error
  return new CloudError('lost', `${name}: what came of it could not be seen. ${error.message}`, {
    cause: error,
  })
}

const nameOf = ({ role, offering }: LaunchRequest) =>
  role === 'scheduler' ? 'instances.insert' : bulkName(readOffering(offering).place)

const bulkName = (place: string) => (isZone(place) ? 'instances.bulkInsert' : 'regionInstances.bulkInsert')

async function made(session: GcpSession, request: LaunchRequest, begun: Begun, call: Call): Promise<Born> {
  const name = nameOf(request)
  const operation = await ended(session, name, begun, call)
  const fault = operationFault(operation, name)
  if (fault?.fault === 'conflict') return bornBefore(session, request, call)
  const count = madeBy(operation)
  if (fault === undefined && (count ?? request.count) >= request.count) {
    const { place } = readOffering(request.offering)
    const zone = isZone(place) ? place : undefined
    return new Map(machineNames(request.token, request.count).map(id => [id, zone]))
  }
  return some(session, request, { count, fault }, call)
}

function begin(session: GcpSession, { request, properties, before }: Birth, call: Call): Promise<Begun> {
  const { project, clients } = session
  const { token, count, role } = request
  const { place } = readOffering(request.offering)
  const requestId = requestIdOf(before.failures === 0 ? token : `${token} ${before.failures}`)
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
    // Tasks that talk across zones pay for it: what the zone that has most room cannot give is asked for again.
    ...(isZone(place) ? {} : { locationPolicy: { targetShape: 'ANY_SINGLE_ZONE' } }),
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

const lookEveryMs = 1_000

/** Some of them, or none: which, only a look can say, and lists may lag behind what the operation says. */
async function some(
  session: GcpSession,
  request: LaunchRequest,
  { count, fault }: { readonly count: number | undefined; readonly fault: CloudError | undefined },
  call: Call,
): Promise<Born> {
  for (;;) {
    const found = count === 0 ? new Map() : await ofLaunch(session, request, call)
    if (found.size > 0 && found.size >= (count ?? 1)) return found
    // Of many, an error alone does not say that there are none.
    const isNone = count === 0 || (count === undefined && request.role === 'scheduler')
    if (isNone && fault !== undefined) throw new Stillborn(fault.fault, fault.message, { cause: fault.cause })
    if (isNone) throw new CloudError('lost', `${nameOf(request)}: Google made nothing and does not say why`)
    if (count === undefined && fault !== undefined) throw fault
    await wait(lookEveryMs, call)
  }
}

async function bornBefore(session: GcpSession, request: LaunchRequest, call: Call): Promise<Born> {
  const found = await ofLaunch(session, request, call)
  if (found.size > 0) return found
  throw new CloudError(
    'conflict',
    `${nameOf(request)}: Google has had this request, and does not list its machines yet`,
  )
}

/** Machines with the names of a token, in all zones. */
async function ofLaunch(
  session: GcpSession,
  { launch, token, count }: Pick<LaunchRequest, 'launch' | 'token' | 'count'>,
  call: Call,
): Promise<Born> {
  const wanted = new Set<string>(machineNames(token, count))
  const found = await instancesIn(session, `labels.${labelNames.launch} = "${launch}"`, call)
  return new Map(
    found.flatMap(({ name, zone }: Instance) =>
      name && wanted.has(name) ? [[machineId(name), lastOf(zone)] as const] : [],
    ),
  )
}
