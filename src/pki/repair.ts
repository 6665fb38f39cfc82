import { X509Certificate } from 'node:crypto'

import { type Authority, renewAuthority } from './authority.ts'
import { type Bundle, newAuthority, newLeaf } from './bundle.ts'
import { ageProblem, authorityProblem, leafProblem } from './chain.ts'
import type { LeafRole } from './identity.ts'
import { authorityDays, lifetimeOf, renewAt } from './lifetime.ts'
import { type Authorities, isOutdated, rotated, signingTime, type Turn, unrotated } from './rotation.ts'
import { type SecretPart, type SecretPlace, secretParts } from './secret.ts'
import { credentialIn, isOurs, type StoredSecrets } from './stored.ts'
import { rotationIn } from './stored-rotation.ts'
import type { Credential } from './x509.ts'

export interface Repaired {
  readonly bundle: Bundle
  /** What was made anew; empty when all that was stored is good. */
  readonly made: readonly SecretPart[]
}

/**
 * Keeps what is good and makes the rest: what is missing, broken or due for renewal. Repairing what was repaired
 * changes nothing. An authority with a sound key keeps it when it is renewed, so that its leaves stay good; a lost or
 * unusable one is replaced, and every leaf with it. A stranger's Secret is never read. With a `turn`, that step is taken
 * first.
 */
export function repair(stored: StoredSecrets, place: SecretPlace, now: number, turn?: Turn): Repaired {
  const old = (part: SecretPart): Credential => {
    const secret = stored[part]
    return credentialIn(secret !== undefined && isOurs(secret, place) ? secret : undefined, part)
  }
  const sound = soundAuthority(old('authority'), place, now)
  const isKept = sound.key === old('authority').key
  const rotation = isKept ? rotationIn(stored.authority, place.identity) : unrotated
  const before = { authority: sound, rotation }
  const whole = turn === undefined ? before : rotated(before, turn, { ...place, now })
  const leaf = (role: LeafRole): Credential => soundLeaf(old(role), role, { ...whole, place, now })
  const bundle = { ...whole, scheduler: leaf('scheduler'), worker: leaf('worker'), client: leaf('client') }
  const made = secretParts.filter(part => bundle[part].certificate !== old(part).certificate)
  return { bundle, made }
}

function soundAuthority(stored: Credential, { identity }: SecretPlace, now: number): Authority {
  if (authorityProblem(stored, identity) !== undefined) return newAuthority(identity, now)
  return isDue(stored, 'ca.crt', now) ? renewAuthority(stored, { now, days: authorityDays }) : stored
}

function soundLeaf(
  stored: Credential,
  role: LeafRole,
  { authority, rotation, place, now }: Authorities & { readonly place: SecretPlace; readonly now: number },
): Credential {
  const { identity } = place
  const problem = leafProblem(stored, role, { authority: authority.certificate, identity, now })
  return problem !== undefined ||
    isDue(stored, 'tls.crt', now) ||
    isOutdated(new X509Certificate(stored.certificate), rotation)
    ? newLeaf(authority, role, identity, signingTime(now, rotation))
    : stored
}

function isDue({ certificate }: Credential, file: string, now: number): boolean {
  const found = new X509Certificate(certificate)
  return ageProblem(found, file, now) !== undefined || now >= renewAt(lifetimeOf(found))
}
