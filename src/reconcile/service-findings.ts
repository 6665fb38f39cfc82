import { schedulerPort } from '../model/ports.ts'
import { leadsElsewhere, serviceHost, serviceName } from '../model/service.ts'
import type { World } from '../model/world.ts'
import { addressesOf, routeOf } from '../plan/service.ts'
import { no, type Verdict } from './verdict.ts'

/** Whether pods reach the scheduler by the name of its Service. Nothing else depends on it. */
export function serviceReady(world: World): Verdict {
  const { service, cluster } = world
  switch (service.kind) {
    case 'silent':
      return { status: 'Unknown', reason: 'Unreadable', message: service.problem }
    case 'refused':
      return no('ServiceRefused', service.problem)
    case 'seen':
      break
    default:
      return service satisfies never
  }
  const name = serviceName(cluster.name)
  if (service.service === 'foreign') return no('ForeignService', notOurs(`Service ${name}`))
  if (service.slice === 'foreign') return no('ForeignService', notOurs(`EndpointSlice ${name}`))
  if (cluster.phase !== 'wanted') return no('NotWanted', 'No scheduler is wanted: the Service leads nowhere.')
  const route = routeOf(world)
  const host = addressesOf(world)?.external.host
  if (host !== undefined && route === undefined) return no('NoPodAddress', unusable(host))
  if (route?.isUp !== true)
    return no('Missing', 'The scheduler’s machine does not run: the Service leads nowhere.')
  if (service.service === 'missing' || leadsElsewhere(service.slice, route))
    return no('Missing', 'The Service is not there yet, or not as it is to be.')
  const message = `Pods reach the scheduler at tls://${serviceHost(cluster)}:${schedulerPort}.`
  return { status: 'True', reason: 'Routed', message }
}

const notOurs = (object: string): string =>
  `${object} is there and is not this cluster's. It is not touched: rename or delete it, or give the cluster another name. Nothing but the Service waits for that.`

const unusable = (host: string): string =>
  `The scheduler is at ${host}, and Kubernetes lets no Service lead to such an address: it would be another one in each pod.`
