import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'

import { nameOf } from './authority.ts'
import { authorityName, type ClusterIdentity, type LeafRole, leafNames, leafPurposes } from './identity.ts'
import { lifetimeOf } from './lifetime.ts'
import { type Credential, commonName, purposeOid } from './x509.ts'

/** What is wrong with an authority, in words that hold nothing of it, or undefined. An expired one can be renewed. */
export function authorityProblem(
  { certificate, key }: Credential,
  { uid }: ClusterIdentity,
): string | undefined {
  const found = read(certificate)
  if (found === undefined) return 'ca.crt is not a certificate'
  if (!keyFits(found, key)) return 'ca.key is not the key of ca.crt'
  if (!found.ca || !found.checkIssued(found) || !found.verify(found.publicKey))
    return 'ca.crt is not a certificate authority of its own'
  if (nameOf(certificate) !== commonName(authorityName(uid))) return 'ca.crt is another cluster’s authority'
  return undefined
}

/** What is wrong with a leaf: for another machine, of another authority, expired ... */
export function leafProblem(
  { certificate, key }: Credential,
  role: LeafRole,
  context: { readonly authority: string; readonly identity: ClusterIdentity; readonly now: number },
): string | undefined {
  const found = read(certificate)
  if (found === undefined) return 'tls.crt is not a certificate'
  if (!keyFits(found, key)) return 'tls.key is not the key of tls.crt'
  const issuer = new X509Certificate(context.authority)
  if (!found.checkIssued(issuer) || !found.verify(issuer.publicKey))
    return 'tls.crt was not signed by the cluster’s authority'
  if (!sameNames(found, leafNames(role, context.identity)))
    return `tls.crt does not name this cluster’s ${role}`
  if (!samePurposes(found, role)) return `tls.crt is not made for a ${role}`
  return ageProblem(found, 'tls.crt', context.now)
}

/** Whether a certificate counts at `now`. */
export function ageProblem(certificate: X509Certificate, file: string, now: number): string | undefined {
  const { notBefore, notAfter } = lifetimeOf(certificate)
  if (now >= notAfter) return `${file} has expired`
  return now < notBefore ? `${file} is not valid yet` : undefined
}

/** One certificate and nothing else: what we read is what everybody else reads. */
function read(pem: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.toString().trim() === pem.trim() ? certificate : undefined
  } catch {
    return undefined
  }
}

function keyFits(certificate: X509Certificate, pem: string): boolean {
  const key = readKey(pem)
  return key !== undefined && createPublicKey(key).equals(certificate.publicKey)
}

function readKey(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem)
    const isOurs = key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    return isOurs && key.export({ type: 'pkcs8', format: 'pem' }).toString().trim() === pem.trim()
      ? key
      : undefined
  } catch {
    return undefined
  }
}

function sameNames({ subjectAltName }: X509Certificate, wanted: readonly string[]): boolean {
  return subjectAltName === wanted.map(name => `DNS:${name}`).join(', ')
}

function samePurposes(certificate: X509Certificate, role: LeafRole): boolean {
  const wanted = leafPurposes[role].map(purposeOid)
  // `keyUsage` is what node:crypto calls the extended key usage.
  const found: readonly string[] = certificate.keyUsage ?? []
  return !certificate.ca && found.length === wanted.length && wanted.every(purpose => found.includes(purpose))
}
