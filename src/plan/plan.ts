import type { Action } from '../model/action.ts'
import type { World } from '../model/world.ts'
import { planCertificates } from './certificates.ts'
import { isLetIn, planCredentials, planParting } from './credentials.ts'
import { planEnrolment } from './enrolment.ts'
import { planRecords, planSends } from './launches.ts'
import { isOverdue, planLifetime } from './lifetime.ts'
import { isMoving, planMove } from './move.ts'
import { awaitsAddress, planAddress } from './network.ts'
import { planRotation } from './rotation.ts'
import { planScheduler } from './scheduler.ts'
import { planService } from './service.ts'
import { planSpent, planStopped } from './stopped.ts'
import { planSuspension, planTeardown } from './teardown.ts'
import { planWorkers } from './workers.ts'

/**
 * The whole policy: what can be done now for this cluster, each step with its reason. Pure: the same world gives the
 * same steps. An empty plan means that there is nothing to do but wait or look again.
 */
export function plan(world: World): readonly Action[] {
  if (world.enrolment.kind === 'released') return planParting(world)
  if (world.enrolment.kind === 'foreign' && !isLetGo(world)) return []
  const turn = planLifetime(world)
  if (!isLetIn(world) && !isLetGo(world)) return [...planCredentials(world), ...turn.filter(isOfKubernetes)]
  if (turn.length > 0 && world.cluster.phase === 'wanted')
    return isOverdue(world) ? [...planSuspension(world), ...turn] : turn
  // Whoever is to be deleted and cannot be must at least be suspendable.
  return [...planCredentials(world), ...planPhase(world), ...turn]
}

/** What can be done for a cluster whose cloud cannot be asked. */
const isOfKubernetes = ({ type }: Action): boolean => type === 'delete-cluster' || type === 'wake-up'

function planPhase(world: World): readonly Action[] {
  switch (world.cluster.phase) {
    case 'deleting':
      return planTeardown(world)
    case 'suspended':
      return [
        ...planEnrolment(world),
        ...planCertificates(world),
        ...planRotation(world),
        ...planSuspension(world),
        ...planService(world),
      ]
    case 'wanted':
      return [...planGrowth(world), ...planService(world)]
    default:
      return world.cluster.phase satisfies never
  }
}

/**
 * The address comes before the certificates' Secrets, since the client's holds it. Departures go out before anything is
 * made; the records of both roles are one write.
 */
function planGrowth(world: World): readonly Action[] {
  const enrolment = planEnrolment(world)
  if (world.enrolment.kind === 'new') return enrolment
  const address = planAddress(world)
  if (awaitsAddress(world)) return address
  if (isMoving(world)) return [...enrolment, ...(address.length > 0 ? address : planMove(world))]
  const scheduler = planScheduler(world)
  const workers = planWorkers(world)
  return [
    ...enrolment,
    ...planCertificates(world),
    ...planRotation(world),
    ...planStopped(world),
    ...planSpent(world),
    ...workers.steps,
    ...scheduler.steps,
    // What is there serves as it is: where mending it fails, nothing else is to wait for that.
    ...address,
    ...planSends(world),
    ...planRecords(world, [...scheduler.launches, ...workers.launches]),
  ]
}

/** Whoever may annotate it has said that nobody will come for its machines. */
export const isLetGo = ({ cluster }: World): boolean => cluster.phase === 'deleting' && cluster.isAbandoned
