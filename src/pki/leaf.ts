import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'

import { type Authority, nameOf } from './authority.ts'
import { type ClusterIdentity, type LeafRole, leafNames, leafPurposes } from './identity.ts'
import { lifetime, lifetimeOf } from './lifetime.ts'
import {
  type Credential,
  certify,
  commonName,
  dnsNames,
  leafConstraints,
  leafKeyUsage,
  purposes,
  type Random,
} from './x509.ts'

export interface LeafForm extends ClusterIdentity {
  readonly role: LeafRole
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly days: number
  readonly random?: Random
}

/** A new key with a certificate for one role of one cluster. It never outlives its authority. */
export function issueLeaf(
  authority: Authority,
  { role, now, days, random, ...identity }: LeafForm,
): Credential {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuerKey = createPrivateKey(authority.key)
  const names = leafNames(role, identity)
  const wanted = lifetime(now, days)
  const certificate = certify({
    subject: commonName(names[0] ?? role),
    subjectKey: publicKey,
    issuer: nameOf(authority.certificate),
    issuerKey,
    issuerPublicKey: createPublicKey(issuerKey),
    notBefore: wanted.notBefore,
    notAfter: Math.min(wanted.notAfter, lifetimeOf(new X509Certificate(authority.certificate)).notAfter),
    extensions: [leafConstraints(), leafKeyUsage(), purposes(leafPurposes[role]), dnsNames(names)],
    random,
  })
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
