import type { Cluster } from '../model/cluster.ts'
import { dashboardPort, schedulerPort } from '../model/ports.ts'
import type { Status } from '../model/status.ts'

/**
 * Where a browser finds Dask's pages, at the scheduler's address as clients reach it. A local machine that shares its
 * address with others has other ports, and nobody knows the one of its pages.
 */
export function dashboardOf(
  { dashboard }: Pick<Cluster, 'dashboard'>,
  { schedulerAddress }: Pick<Status, 'schedulerAddress'>,
): Pick<Status, 'dashboardURL'> {
  const [, host] = new RegExp(`^tls://(.+):${schedulerPort}$`).exec(schedulerAddress ?? '') ?? []
  return dashboard.isExposed && host !== undefined
    ? { dashboardURL: `https://${host}:${dashboardPort}/status` }
    : {}
}
