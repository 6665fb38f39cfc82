import type { AsymmetricKeyDetails } from 'node:crypto'

import { type CertificateFacts, factsOf } from './certificate-facts.ts'
import { lifetimeOf } from './lifetime.ts'
import type { Purpose } from './x509.ts'
import { purposeOid } from './x509.ts'

/** Where a certificate stands between a peer and the authority that is trusted. */
export interface Standing {
  readonly kind: 'leaf' | 'intermediate' | 'authority'
  /** Authorities between it and the leaf, itself not counted. */
  readonly below: number
  /** What the leaf is to be good for. */
  readonly purposes: readonly Purpose[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

interface Check {
  readonly problem: string | ((facts: CertificateFacts) => string)
  readonly isBroken: (facts: CertificateFacts, standing: Standing) => boolean
}

const signs = ({ kind }: Standing): boolean => kind !== 'leaf'

/** MD2, MD4, MD5 and SHA-1 with RSA, DSA, ECDSA or RSASSA-PSS: OpenSSL takes none of them from its usual level on. */
const weakSignatures: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.3',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.2.840.10040.4.3',
  '1.2.840.10045.4.1',
  '1.2.840.113549.1.1.10 1.3.14.3.2.26',
])
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * What OpenSSL asks of a certificate of mutual TLS, and what it asks beyond that with X509_V_FLAG_X509_STRICT, which
 * Python sets from 3.13 on. https://docs.openssl.org/3.0/man1/openssl-verification-options/
 */
const checks: readonly Check[] = [
  {
    problem: ({ version }) =>
      `is no X.509 certificate of version 3 but of version ${version}, which has no extensions: have it issued anew with them (openssl x509 -req -extfile)`,
    isBroken: ({ version }) => version !== 3,
  },
  {
    problem:
      'has a key that is too weak or of a kind that Dask’s machines do not take: use EC P-256, P-384 or P-521, Ed25519, or RSA with at least 2048 bits',
    isBroken: facts => !hasGoodKey(facts),
  },
  {
    problem: 'is signed with MD5 or SHA-1: have it issued anew with SHA-256 or better',
    // Nobody looks at the signature of what is trusted by itself.
    isBroken: ({ signatureAlgorithm }, { kind }) =>
      kind !== 'authority' && weakSignatures.has(signatureAlgorithm),
  },
  {
    problem:
      'is no certificate authority: have it issued anew with basicConstraints=critical,CA:TRUE, or sign with one',
    isBroken: ({ isAuthority }, standing) => signs(standing) && !isAuthority,
  },
  {
    problem:
      'has basicConstraints that are not critical, which Python 3.13 and newer refuse of an authority: have it issued anew with basicConstraints=critical,CA:TRUE',
    isBroken: ({ constraints }, standing) => signs(standing) && constraints !== 'critical',
  },
  {
    problem:
      'allows fewer authorities below it than there are (pathlen of its basicConstraints): have it issued anew with a greater one or none',
    isBroken: ({ pathLength }, standing) => signs(standing) && standing.below > pathLength,
  },
  {
    problem:
      'may not sign certificates: an authority’s keyUsage must have keyCertSign, so have it issued anew with that',
    isBroken: ({ keyUsage }, standing) => signs(standing) && keyUsage?.has('keyCertSign') !== true,
  },
  {
    problem:
      'has no subject key identifier, which Python 3.13 and newer refuse of an authority: have it issued anew with subjectKeyIdentifier=hash',
    isBroken: ({ hasSubjectKeyIdentifier }, standing) => signs(standing) && !hasSubjectKeyIdentifier,
  },
  {
    problem:
      'has no authority key identifier, which Python 3.13 and newer refuse: have it issued anew with authorityKeyIdentifier=keyid',
    isBroken: ({ hasAuthorityKeyIdentifier }, { kind }) => kind !== 'authority' && !hasAuthorityKeyIdentifier,
  },
  {
    problem: 'is a certificate authority itself: give a certificate that was made for the machine',
    isBroken: ({ isAuthority }, { kind }) => kind === 'leaf' && isAuthority,
  },
  {
    problem:
      'may sign certificates (keyUsage keyCertSign), which Python 3.13 and newer refuse of a machine’s: have it issued anew without that',
    isBroken: ({ keyUsage }, { kind }) => kind === 'leaf' && keyUsage?.has('keyCertSign') === true,
  },
  {
    problem:
      'has a keyUsage without digitalSignature, which TLS 1.3 needs: have it issued anew with keyUsage=critical,digitalSignature',
    isBroken: ({ keyUsage }, { kind }) => kind === 'leaf' && keyUsage?.has('digitalSignature') === false,
  },
  {
    problem: 'has no issuer: have it issued by an authority that has a subject',
    isBroken: ({ hasIssuer }) => !hasIssuer,
  },
  {
    problem: 'names nobody: have it issued anew with a subject',
    isBroken: ({ hasSubject, certificate }, standing) =>
      !hasSubject && (signs(standing) || certificate.subjectAltName === undefined),
  },
  {
    problem:
      'limits the names below it (nameConstraints), which is not checked here: use an authority that has none',
    isBroken: ({ hasNameConstraints }, standing) => signs(standing) && hasNameConstraints,
  },
  {
    problem: ({ unknownCritical }) =>
      `has a critical extension that nobody here knows (${unknownCritical.join(', ')}): have it issued anew without that`,
    isBroken: ({ unknownCritical }) => unknownCritical.length > 0,
  },
]

/** What is wrong with one certificate of a chain, or undefined; the end of a sentence that begins with where it stands. */
export function strictProblem(pem: string, standing: Standing): string | undefined {
  const facts = readFacts(pem)
  if (facts === undefined) return 'cannot be read: store it as it was issued'
  const broken = checks.find(({ isBroken }) => isBroken(facts, standing))
  if (broken !== undefined) return typeof broken.problem === 'string' ? broken.problem : broken.problem(facts)
  const missing = standing.purposes.filter(purpose => lacks(facts, purpose))
  if (missing.length > 0)
    return `is not made for ${missing.join(' and ')}: have it issued anew with that in its extended key usage, or without one`
  return ageProblem(facts, standing)
}

function ageProblem({ certificate }: CertificateFacts, { now }: Pick<Standing, 'now'>): string | undefined {
  const { notBefore, notAfter } = lifetimeOf(certificate)
  if (now >= notAfter) return `has expired at ${dateOf(notAfter)}: have it issued anew`
  return now < notBefore
    ? `is not valid yet: wait until ${dateOf(notBefore)}, or have it issued anew`
    : undefined
}

const dateOf = (ms: number): string => new Date(ms).toISOString()

const lacks = ({ extendedKeyUsage }: CertificateFacts, purpose: Purpose): boolean =>
  extendedKeyUsage !== undefined && !extendedKeyUsage.has(purposeOid(purpose))

function hasGoodKey({ certificate: { publicKey } }: CertificateFacts): boolean {
  const { asymmetricKeyType: kind = '', asymmetricKeyDetails: details = {} } = publicKey
  return goodKeys[kind]?.(details) === true
}

type GoodKey = (details: AsymmetricKeyDetails) => boolean
const isLong: GoodKey = ({ modulusLength = 0 }) => modulusLength >= 2048
const goodKeys: Readonly<Record<string, GoodKey>> = {
  rsa: isLong,
  'rsa-pss': isLong,
  ec: ({ namedCurve = '' }) => curves.has(namedCurve),
  ed25519: () => true,
}

function readFacts(pem: string): CertificateFacts | undefined {
  try {
    return factsOf(pem)
  } catch {
    return undefined
  }
}
