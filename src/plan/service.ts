import { endpointFamily } from '../lib/endpoint-family.ts'
import type { Action } from '../model/action.ts'
import type { Addresses } from '../model/machine.ts'
import { leadsElsewhere, type Piece, type Route, type SliceSeen } from '../model/service.ts'
import type { World } from '../model/world.ts'
import { schedulerMachine } from './endpoints.ts'

/**
 * Pods have one name for the scheduler, which outlives its machines. Nothing else waits for it, and it changes only on
 * the word of a list: what served is not taken away because a new process has not seen it yet.
 */
export function planService(world: World): readonly Action[] {
  const { service, inventory, enrolment, hasServed } = world
  if (service.kind !== 'seen' || inventory.kind !== 'seen' || enrolment.kind !== 'enrolled') return []
  if (service.service === 'foreign')
    return isOurs(service.slice) ? [remove('the Service in front of it is somebody else’s')] : []
  const route = routeOf(world)
  if (route?.isUp !== true && hasServed && inventory.previousStartedAt === -Infinity) return []
  const because = flawOf(service.service, service.slice, route)
  return because === undefined ? [] : [{ type: 'publish-service', route, because }]
}

/** Kubernetes would take it away with the cluster as well; nobody is to be sent to machines that end. */
export function planWithdrawal({ service }: World): readonly Action[] {
  if (service.kind !== 'seen' || !(isOurs(service.service) || isOurs(service.slice))) return []
  return [remove('the cluster is deleted')]
}

/** Where pods are sent: to where clients outside are, and to nobody where that is an address that no pod can have a use for. */
export function routeOf(world: World): Route | undefined {
  const external = addressesOf(world)?.external
  if (external === undefined || endpointFamily(external.host) === undefined) return undefined
  const { host, port } = external
  return { host, port, isUp: runningAt(world) !== undefined }
}

/** Of the scheduler that is wanted: its machine's, or what is kept for the next. */
export function addressesOf(world: World): Addresses | undefined {
  const { inventory, cluster } = world
  if (inventory.kind !== 'seen' || cluster.phase !== 'wanted') return undefined
  return runningAt(world) ?? inventory.address
}

function runningAt(world: World): Addresses | undefined {
  const { inventory } = world
  const state = inventory.kind === 'seen' ? schedulerMachine(world, inventory)?.state : undefined
  return state?.kind === 'running' ? state.addresses : undefined
}

function flawOf(service: Piece | 'kept', slice: Piece | SliceSeen, route: Route | undefined) {
  if (service === 'missing') return 'pods have no name for the scheduler'
  if (service === 'altered') return 'somebody has changed its Service'
  if (!leadsElsewhere(slice, route)) return undefined
  return slice === 'altered' ? 'somebody has changed its EndpointSlice' : 'its scheduler is elsewhere, or new'
}

const isOurs = (piece: Piece | 'kept' | SliceSeen): boolean => piece !== 'missing' && piece !== 'foreign'

const remove = (because: string): Action => ({ type: 'remove-service', because })
