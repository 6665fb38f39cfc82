import type { Role } from '../model/names.ts'
import { authorityProblem } from './chain.ts'
import { certifyLeaf } from './leaf.ts'
import { leafDays } from './lifetime.ts'
import { requestedKey } from './request.ts'
import { signingTime, trustOf } from './rotation.ts'
import type { SecretPlace } from './secret.ts'
import { credentialIn, isOurs, type StoredSecret } from './stored.ts'
import { rotationIn } from './stored-rotation.ts'

/** Signs for a cluster's machines; none of what it gives is secret. */
export interface Signer {
  /** Whom they are to trust, PEM. */
  readonly trust: string
  /** A certificate for the key that a request is for, both PEM. Throws a TypeError on a request that is none. */
  certify(request: string, role: Role, now: number): string
}

/** Undefined where the authority, or its key, is not there. */
export function signerIn(authority: StoredSecret | undefined, place: SecretPlace): Signer | undefined {
  if (authority === undefined || !isOurs(authority, place)) return undefined
  const { identity } = place
  const own = credentialIn(authority, 'authority')
  if (authorityProblem(own, identity) !== undefined) return undefined
  const rotation = rotationIn(authority, identity)
  return {
    trust: trustOf({ authority: own, rotation }),
    certify(request, role, wall) {
      const now = signingTime(wall, rotation)
      return certifyLeaf(own, requestedKey(request), { ...identity, role, now, days: leafDays })
    },
  }
}
