import { type Authority, createAuthority } from './authority.ts'
import { authorityName, type ClusterIdentity, type LeafRole } from './identity.ts'
import { issueLeaf } from './leaf.ts'
import { authorityDays, leafDays } from './lifetime.ts'
import type { Rotation } from './rotation.ts'
import type { Credential } from './x509.ts'

/** Everything one cluster needs for mutual TLS. It holds private keys: never logged, never in a plan. */
export type Bundle = { readonly authority: Authority; readonly rotation?: Rotation } & Readonly<
  Record<LeafRole, Credential>
>

export function createBundle(identity: ClusterIdentity, now: number): Bundle {
  const authority = newAuthority(identity, now)
  return {
    authority,
    scheduler: newLeaf(authority, 'scheduler', identity, now),
    worker: newLeaf(authority, 'worker', identity, now),
    client: newLeaf(authority, 'client', identity, now),
  }
}

export const newAuthority = ({ uid }: ClusterIdentity, now: number): Authority =>
  createAuthority({ name: authorityName(uid), now, days: authorityDays })

export const newLeaf = (
  authority: Authority,
  role: LeafRole,
  identity: ClusterIdentity,
  now: number,
): Credential => issueLeaf(authority, { ...identity, role, now, days: leafDays })
