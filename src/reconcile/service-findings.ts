import { endpointFamily } from '../lib/endpoint-family.ts'
import { schedulerPort } from '../model/ports.ts'
import { leadsElsewhere, type ServiceView, serviceHost, serviceName } from '../model/service.ts'
import type { World } from '../model/world.ts'
import { addressesOf, routeOf } from '../plan/service.ts'
import { no, type Verdict } from './verdict.ts'

/**
 * Whether pods reach the scheduler by the name of its Service. Nothing else depends on it, and nothing is said where its
 * address is one that no pod can have a use for: there is nothing to mend.
 */
export function serviceReady(world: World): readonly Verdict[] {
  const { service } = world
  switch (service.kind) {
    case 'silent':
      return [{ status: 'Unknown', reason: 'Unreadable', message: service.problem }]
    case 'refused':
      return [no('ServiceRefused', service.problem)]
    case 'seen':
      return verdictOf(world, service)
    default:
      return service satisfies never
  }
}

function verdictOf(world: World, service: Extract<ServiceView, { kind: 'seen' }>): readonly Verdict[] {
  const { cluster, inventory } = world
  const name = serviceName(cluster.name)
  if (service.service === 'foreign') return [no('ForeignService', notOurs(`Service ${name}`))]
  if (service.slice === 'foreign') return [no('ForeignService', notOurs(`EndpointSlice ${name}`))]
  const kept = inventory.kind === 'seen' ? inventory.address : undefined
  const host = (addressesOf(world) ?? kept)?.external.host
  if (host !== undefined && endpointFamily(host) === undefined) return []
  if (cluster.phase !== 'wanted')
    return [no('NotWanted', 'No scheduler is wanted: the Service leads nowhere.')]
  const route = routeOf(world)
  if (route?.isUp !== true)
    return [no('Missing', 'The scheduler’s machine does not run: the Service leads nowhere.')]
  if (service.service === 'missing' || leadsElsewhere(service.slice, route))
    return [no('Missing', 'The Service is not there yet, or not as it is to be.')]
  const message = `Pods reach the scheduler at tls://${serviceHost(cluster)}:${schedulerPort}.`
  return [{ status: 'True', reason: 'Routed', message }]
}

const notOurs = (object: string): string =>
  `${object} is there and is not this cluster's. It is not touched: rename or delete it, or give the cluster another name. Nothing but the Service waits for that.`
