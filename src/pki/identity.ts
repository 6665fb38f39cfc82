import type { ClusterUid } from '../model/names.ts'
import { serviceHost } from '../model/service.ts'
import type { Purpose } from './x509.ts'

/** Whose certificates they are. The UID is in every name, so that a new cluster of an old name shares none. */
export interface ClusterIdentity {
  readonly uid: ClusterUid
  readonly name: string
  readonly namespace: string
}

export const leafRoles = ['scheduler', 'worker', 'client'] as const
export type LeafRole = (typeof leafRoles)[number]

/** What a leaf may do. Dask's machines are servers and clients of one another. */
export const leafPurposes = {
  scheduler: ['serverAuth', 'clientAuth'],
  worker: ['serverAuth', 'clientAuth'],
  client: ['clientAuth'],
} as const satisfies Record<LeafRole, readonly Purpose[]>

/** The name the operator pins when it connects to a cluster's scheduler. */
export const schedulerServerName = (uid: ClusterUid): string => roleName('scheduler', uid)

export const authorityName = (uid: ClusterUid): string => `ca.${uid}.dask.internal`

/** A leaf's DNS names; the first one is its common name as well. */
export function leafNames(role: LeafRole, identity: ClusterIdentity): readonly string[] {
  const own = roleName(role, identity.uid)
  return role === 'scheduler' ? [own, serviceHost(identity)] : [own]
}

const roleName = (role: LeafRole, uid: ClusterUid): string => `${role}.${uid}.dask.internal`
