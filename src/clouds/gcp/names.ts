import { createHash } from 'node:crypto'
import type { ClusterUid, Role } from '../../model/names.ts'

/** The same token, the same UUID: a request that is sent again is known by it. */
export function requestIdOf(token: string): string {
  const hex = createHash('sha256').update(`dask-cloud-operator ${token}`).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** Every machine of the role carries it, and firewall rules are aimed at it. */
export const tagOf = (uid: ClusterUid, role: Role): string => `dask-${uid}-${role}`

export const firewallParts = [
  'scheduler',
  'scheduler-v6',
  'dashboard',
  'dashboard-v6',
  'worker',
  'ssh',
] as const

export type Part = 'internal' | 'external' | (typeof firewallParts)[number]

export const partName = (uid: ClusterUid, part: Part): string => `dask-${uid}-${part}`
