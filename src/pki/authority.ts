import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'

import { lifetime } from './lifetime.ts'
import { authorityConstraints, authorityKeyUsage, type Credential, certify, type Random } from './x509.ts'

/** A cluster's own certificate authority: whoever has a leaf of it may run code on every machine of the cluster. */
export type Authority = Credential

export interface AuthorityForm {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly days: number
  readonly random?: Random
}

export function createAuthority(form: AuthorityForm): Authority {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return selfSigned(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), form)
}

/**
 * A new certificate for the authority's old name and key. Leaves signed before verify against it, and leaves signed
 * after verify against the old one for as long as that lasts: machines need not learn of it at once.
 */
export function renewAuthority(
  { certificate, key }: Authority,
  form: Pick<AuthorityForm, 'now' | 'days' | 'random'>,
): Authority {
  return selfSigned(key, { ...form, name: nameOf(certificate) })
}

/** The common name, which is all the name that our authorities have. */
export function nameOf(certificate: string): string {
  const { CN } = new X509Certificate(certificate).toLegacyObject().subject
  return typeof CN === 'string' ? CN : ''
}

function selfSigned(key: string, { name, now, days, random }: AuthorityForm): Authority {
  const issuerKey = createPrivateKey(key)
  const issuerPublicKey = createPublicKey(issuerKey)
  const certificate = certify({
    subject: name,
    subjectKey: issuerPublicKey,
    issuer: name,
    issuerKey,
    issuerPublicKey,
    ...lifetime(now, days),
    extensions: [authorityConstraints(), authorityKeyUsage()],
    random,
  })
  return { certificate, key }
}
