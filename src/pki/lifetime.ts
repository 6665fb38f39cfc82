import { X509Certificate } from 'node:crypto'
import { backdateMs } from '../model/renewal.ts'

const dayMs = 86_400_000

/**
 * An authority's certificate lasts a year and a leaf 90 days; both are renewed at two thirds. So an authority's
 * certificate is never older than 243 days when a leaf is signed, and 243 + 90 < 365: no leaf outlives the authority's
 * certificate that was handed out with it.
 */
export const authorityDays = 365
export const leafDays = 90

export interface Lifetime {
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
}

export const lifetime = (now: number, days: number): Lifetime => ({
  notBefore: now - backdateMs,
  notAfter: now + days * dayMs,
})

/** Two thirds of a lifetime, in milliseconds since the epoch. */
export const renewAt = ({ notBefore, notAfter }: Lifetime): number =>
  notBefore + Math.floor(((notAfter - notBefore) * 2) / 3)

export const lifetimeOf = (certificate: X509Certificate): Lifetime => ({
  notBefore: certificate.validFromDate.getTime(),
  notAfter: certificate.validToDate.getTime(),
})

/** The same of a PEM text; throws where it is not one certificate. */
export const lifetimeOfPem = (pem: string): Lifetime => lifetimeOf(new X509Certificate(pem))
