import type { Cloud } from '../clouds/contract.ts'
import type { Cluster } from '../model/cluster.ts'

/** So long after a cluster's end its cloud may act: by then the operator has, wherever it runs. */
const afterMs = 600_000

/**
 * When the cloud is to end a cluster's machines by itself, as RFC 3339 has it: for a cluster with a time to live, in a cloud
 * that can. It follows from the cluster alone, so that a launch that is sent again is the same.
 */
export function backstopOf(
  { createdAt, lifetime: { ttlMs } }: Pick<Cluster, 'createdAt' | 'lifetime'>,
  { endsMachines = false }: Pick<Cloud['promises'], 'endsMachines'>,
): string | undefined {
  if (!endsMachines || ttlMs === Infinity) return undefined
  return new Date(createdAt + ttlMs + afterMs).toISOString()
}
