import { X509Certificate } from 'node:crypto'

import { lifetimeOf } from './lifetime.ts'

export interface Pools {
  /** PEM, each of one certificate. */
  readonly trusted: readonly string[]
  readonly shown: readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface Path {
  /** From the leaf up. */
  readonly certificates: readonly X509Certificate[]
  /** Whether it ends at one that is trusted and signs itself. */
  readonly isWhole: boolean
}

/** More certificates than two Secrets hold: whoever goes on above that goes round. */
const longest = 20

/**
 * The way from a leaf to a trusted root, as OpenSSL goes it: what is trusted is looked through first, and an issuer is known
 * by its name and by the identifier of its key, since two authorities may have one name. Where nobody fits, it goes to whose
 * key it was all the same, so that a person can be told what is wrong with that.
 */
export function pathOf(leaf: string, { trusted, shown, now }: Pools): Path {
  const [above, between] = [trusted, shown].map(pool => pool.map(pem => new X509Certificate(pem)))
  const certificates = [new X509Certificate(leaf)]
  for (let last = certificates[0]; last !== undefined && !signsItself(last); last = certificates.at(-1)) {
    const issuer =
      issuerOf(last, above, now) ?? issuerOf(last, between, now) ?? signerOf(last, [above, between].flat())
    if (issuer === undefined || certificates.length > longest) return { certificates, isWhole: false }
    certificates.push(issuer)
  }
  return { certificates, isWhole: trusted.includes(certificates.at(-1)?.toString() ?? '') }
}

/** Why no peer believes that the second signed the first, or undefined; the end of a sentence that begins with the first. */
export function issueProblem(certificate: X509Certificate, issuer: X509Certificate): string | undefined {
  if (!certificate.checkIssued(issuer))
    return 'names another key of its issuer (authorityKeyIdentifier) than that has: have it issued anew'
  return certificate.verify(issuer.publicKey)
    ? undefined
    : 'has a signature that is not of its issuer: store what was issued, unchanged, beside the authority that has signed it'
}

const issuerOf = (certificate: X509Certificate, pool: readonly X509Certificate[] = [], now: number) => {
  const fit = pool.filter(each => certificate.checkIssued(each))
  const valid = fit.filter(each => {
    const { notBefore, notAfter } = lifetimeOf(each)
    return notBefore <= now && now < notAfter
  })
  return valid[0] ?? latest(fit)
}

const signerOf = (certificate: X509Certificate, pool: readonly (X509Certificate | undefined)[]) =>
  pool
    .filter(each => each !== undefined)
    .find(each => certificate.issuer === each.subject && certificate.verify(each.publicKey))

const latest = (all: readonly X509Certificate[]): X509Certificate | undefined =>
  all.toSorted((a, b) => lifetimeOf(b).notAfter - lifetimeOf(a).notAfter)[0]

const signsItself = (certificate: X509Certificate): boolean =>
  certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey)
