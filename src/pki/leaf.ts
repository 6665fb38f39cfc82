import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto'

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
export function issueLeaf(authority: Authority, form: LeafForm): Credential {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = certifyLeaf(authority, publicKey, form)
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** A certificate for somebody else's key, as PEM. What it says comes from the role that we know its holder to have. */
export function certifyLeaf(
  authority: Authority,
  subjectKey: KeyObject,
  { role, now, days, random, ...identity }: LeafForm,
): string {
  const issuerKey = createPrivateKey(authority.key)
  const names = leafNames(role, identity)
  const wanted = lifetime(now, days)
  return certify({
    subject: commonName(names[0] ?? role),
    subjectKey,
    issuer: nameOf(authority.certificate),
    issuerKey,
    issuerPublicKey: createPublicKey(issuerKey),
    notBefore: wanted.notBefore,
    notAfter: Math.min(wanted.notAfter, lifetimeOf(new X509Certificate(authority.certificate)).notAfter),
    extensions: [leafConstraints(), leafKeyUsage(), purposes(leafPurposes[role]), dnsNames(names)],
    random,
  })
}
