import type { Machine } from '../model/machine.ts'
import { sameIntent } from '../model/names.ts'
import { dashboardPort, schedulerPort } from '../model/ports.ts'
import type { Status } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { schedulerMachine } from '../plan/endpoints.ts'

/**
 * Where a browser finds Dask's pages, at the scheduler's address as clients reach it. A local machine that shares its
 * address with others has other ports, and nobody knows the one of its pages.
 */
export function dashboardOf(
  world: Pick<World, 'cluster' | 'inventory' | 'scheduler' | 'memory'>,
  { schedulerAddress }: Pick<Status, 'schedulerAddress'>,
  before: Pick<Status, 'dashboardURL'> = {},
): Pick<Status, 'dashboardURL'> {
  const [, host] = new RegExp(`^tls://(.+):${schedulerPort}$`).exec(schedulerAddress ?? '') ?? []
  return host !== undefined && showsPages(world, before)
    ? { dashboardURL: `https://${host}:${dashboardPort}/status` }
    : {}
}

/** Whether the scheduler that answers was launched to show them. One of another intent still does if it did. */
function showsPages(
  { cluster, inventory, scheduler, memory }: Parameters<typeof dashboardOf>[0],
  before: Pick<Status, 'dashboardURL'>,
): boolean {
  const { isExposed, otherwise } = cluster.dashboard
  // As with its addresses: what was last known while the cloud says nothing.
  if (inventory.kind !== 'seen') return isExposed && before.dashboardURL !== undefined
  if (!isExposed || scheduler.kind !== 'answering') return false
  const machine = schedulerMachine({ memory }, inventory)
  if (machine === undefined) return false
  if (sameIntent(machine.fingerprint, cluster.scheduler.fingerprint)) return true
  const isHidden = otherwise !== undefined && sameIntent(machine.fingerprint, otherwise)
  return !isHidden && before.dashboardURL !== undefined
}

/** Whether nothing else keeps a scheduler from what is asked for. */
export function awaitsDashboard(
  { cluster: { dashboard } }: Pick<World, 'cluster'>,
  machine: Machine,
): boolean {
  return dashboard.otherwise !== undefined && sameIntent(machine.fingerprint, dashboard.otherwise)
}
