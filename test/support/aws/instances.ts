import { Ec2Failure, notFound } from './failure.ts'
import { filtered } from './filters.ts'
import type { Form } from './form.ts'
import { tagSet } from './looking.ts'
import { pageOf } from './pages.ts'
import {
  endInstance,
  type Instance,
  type Interface,
  type Region,
  type State,
  shown,
  stateOf,
} from './world.ts'
import { type Members, time, type Xml } from './xml.ts'

const codes: Readonly<Record<State, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopped: 80,
}
const stateXml = (state: State): Xml => ({ code: codes[state], name: state })

/** Ended machines are listed for an hour. */
const rememberMs = 3_600_000

export function describeInstances(region: Region, form: Form): Members {
  const ids = form.texts('InstanceId')
  const listed = shown(region, region.instances, 'lagMs').filter(
    ({ id, end }) => !region.hidden.has(id) && (end === undefined || region.now() < end.at + rememberMs),
  )
  const missing = ids.filter(id => !listed.some(each => each.id === id))
  if (missing.length > 0) throw notFound('InvalidInstanceID', 'instance', missing)
  const asked = listed.filter(({ id }) => ids.length === 0 || ids.includes(id))
  const found = filtered<Instance>(asked, form.filters(), {
    'instance-id': ({ id }) => [id],
    'instance-state-name': each => [stateOf(region, each)],
    'client-token': ({ token }) => [token],
    'subnet-id': ({ network }) => [region.interfaces.get(network)?.subnet.id],
    'instance-type': ({ type }) => [type],
  })
  const { items, nextToken } = pageOf(found, form, { least: 5, most: 1_000, ids: 'InstanceId' })
  const reservations = Map.groupBy(items, ({ reservation }) => reservation)
  return {
    reservationSet: [...reservations].map(([id, instances]) => reservationXml(region, id, instances)),
    nextToken,
  }
}

export const reservationXml = (
  region: Region,
  id: string,
  instances: readonly Instance[],
): { readonly [element: string]: Xml } => ({
  reservationId: id,
  ownerId: region.account,
  groupSet: [],
  instancesSet: instances.map(each => instanceXml(region, each)),
})

function instanceXml(region: Region, instance: Instance): Xml {
  const state = stateOf(region, instance)
  const { id, image, type, zone, token, at, tags, isSpot, end } = instance
  return {
    instanceId: id,
    imageId: image,
    instanceState: stateXml(state),
    reason: end?.message ?? '',
    stateReason: end === undefined ? undefined : { code: end.code, message: end.message },
    amiLaunchIndex: 0,
    instanceType: type,
    launchTime: time(at),
    placement: { availabilityZone: zone, tenancy: 'default' },
    clientToken: token,
    instanceLifecycle: isSpot ? 'spot' : undefined,
    ...addressesXml(region, instance, state),
    tagSet: tagSet(tags),
  }
}

function addressesXml(
  region: Region,
  { network, at }: Instance,
  state: State,
): { readonly [element: string]: Xml } {
  const found = state === 'terminated' ? undefined : region.interfaces.get(network)
  if (found === undefined) return {}
  return {
    subnetId: found.subnet.id,
    vpcId: found.subnet.vpc,
    privateIpAddress: found.privateIp,
    ipAddress: state === 'running' ? publicOf(region, found, at) : undefined,
    groupSet: found.groups.map(groupId => ({ groupId })),
  }
}

function publicOf(region: Region, { id, publicIp }: Interface, at: number): string | undefined {
  const elastic = [...region.addresses.values()].find(({ association }) => association?.network === id)
  if (elastic !== undefined) return elastic.publicIp
  const { startMs, addressMs } = region.tempo
  return region.now() >= at + startMs + addressMs ? publicIp : undefined
}

export function terminateInstances(region: Region, form: Form): Members {
  const ids = form.texts('InstanceId')
  if (ids.length === 0) throw new Ec2Failure('MissingParameter', 'The request must contain InstanceId')
  const malformed = ids.find(id => !/^i-[0-9a-f]{8,17}$/.test(id))
  if (malformed !== undefined)
    throw new Ec2Failure('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`)
  region.buckets.takeMachines('TerminateInstances', ids.length)
  const known = shown(region, region.instances, 'lagMs').filter(({ id }) => ids.includes(id))
  const missing = ids.filter(id => !known.some(each => each.id === id))
  if (missing.length > 0) throw notFound('InvalidInstanceID', 'instance', missing)
  const kept = known.find(({ isProtected }) => isProtected)
  if (kept !== undefined)
    throw new Ec2Failure(
      'OperationNotPermitted',
      `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    )
  return { instancesSet: known.map(each => ended(region, each)) }
}

function ended(region: Region, instance: Instance): Xml {
  const before = stateOf(region, instance)
  endInstance(region, instance.id)
  return {
    instanceId: instance.id,
    previousState: stateXml(before),
    currentState: stateXml(stateOf(region, instance)),
  }
}

/** Of instances alone. */
export function createTags(region: Region, form: Form): Members {
  const ids = form.texts('ResourceId')
  const added = form.pairs()
  const known = shown(region, region.instances, 'lagMs').filter(({ id }) => ids.includes(id))
  const missing = ids.filter(id => !known.some(each => each.id === id))
  if (missing.length > 0) throw notFound('InvalidID', 'ID', missing)
  for (const instance of known) instance.tags = new Map([...instance.tags, ...added])
  return { return: true }
}

export function getConsoleOutput(region: Region, form: Form): Members {
  const id = form.text('InstanceId')
  form.flag('Latest')
  const found = region.instances.get(id)
  if (found === undefined) throw notFound('InvalidInstanceID', 'instance', [id])
  return {
    instanceId: id,
    timestamp: time(region.now()),
    output: Buffer.from(found.console).toString('base64'),
  }
}
