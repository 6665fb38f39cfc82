import type { Finding } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { schedulerMachine } from '../plan/endpoints.ts'

/** Whether nobody can connect to the scheduler that runs, because its certificate has ended: as it shows or tells itself. */
export function isShutIn(world: World): boolean {
  const { inventory, scheduler, cluster, wallNow } = world
  if (cluster.phase !== 'wanted' || inventory.kind !== 'seen') return false
  if (schedulerMachine(world, inventory) === undefined) return false
  if (scheduler.kind === 'silent') return scheduler.expired === true
  return scheduler.kind === 'answering' && (scheduler.holds?.notAfter ?? Infinity) <= wallNow
}

/** Good certificates are there and the scheduler cannot be given them: for a person, since a new one ends its memory. */
export function certificateExpired(world: World): Pick<Finding, 'reason' | 'message'> | undefined {
  // Where nobody has used it yet, the plan ends it by itself.
  if (world.certificates.kind !== 'valid' || !world.hasServed || !isShutIn(world)) return undefined
  const message = `Nobody can connect to the scheduler any more, because its certificate has expired${since(world)}; connections that are open go on. Good ones are stored, and only a new scheduler can take them: ${restartAdvice(world)}`
  return { reason: 'CertificateExpired', message }
}

const since = ({ scheduler }: World): string =>
  scheduler.kind === 'answering' && scheduler.holds !== undefined
    ? ` at ${new Date(scheduler.holds.notAfter).toISOString()}`
    : ''

/** The only ways to a scheduler with new certificates; workers follow by themselves. */
export const restartAdvice = ({ cluster: { name, namespace } }: Pick<World, 'cluster'>): string =>
  `kubectl annotate dcc/${name} --namespace ${namespace} --overwrite cloud.dask.org/restart="$(date +%s)", or suspend the cluster and wake it. Both end the scheduler’s memory.`
