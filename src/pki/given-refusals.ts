import type { X509Certificate } from 'node:crypto'

import type { LeafRole } from './identity.ts'

/** A user's Secret and what stands in it. */
export interface GivenSecret {
  readonly name: string
  readonly texts: Readonly<Record<string, string>>
}

/** A refusal on its way to who asked. */
export class Refusal extends Error {}

export const keys = { authority: 'ca.crt', certificate: 'tls.crt', key: 'tls.key' } as const

/** A certificate of a chain, whose chain it is, and where it stands. */
export interface Link {
  readonly certificate: X509Certificate
  readonly holder: LeafRole
  readonly secret: GivenSecret
  readonly key: string
}

/** Of a chain that ends at nobody whom `other` trusts; `own` has it. */
export function refuseStranger(own: GivenSecret, other: GivenSecret, path: readonly Link[]): never {
  const last = path.at(-1)
  // Of a leaf alone nobody knows whether its issuer is a root.
  if (last !== undefined && path.length > 1) return refuse(other, keys.authority, missingAbove(last))
  const whose = own.name === other.name ? keys.authority : `${keys.authority} of Secret ${other.name}`
  return refuse(
    own,
    keys.certificate,
    `${last === undefined ? 'its certificate' : subjectOf(last.certificate)} was not signed by any certificate of ${whose}: add the authority there up to its root, and what is between to ${keys.certificate}`,
  )
}

function missingAbove({ certificate, secret, key }: Link): string {
  const where = `Secret ${secret.name}, ${key}`
  return certificate.issuer === certificate.subject
    ? `${subjectOf(certificate)}, the root that stands in ${where}, is missing: add it`
    : `the certificate of ${nameIn(certificate.issuer)}, which has signed that of ${nameIn(certificate.subject)} (${where}), is missing: add it, up to its root`
}

/** As the certificate calls itself, on one line and not too long. */
export const subjectOf = ({ subject, serialNumber }: X509Certificate): string =>
  `the certificate of ${nameIn(subject) || `serial number ${serialNumber}`}`

const nameIn = (name: string | undefined): string => (name ?? '').replaceAll(/\n/g, ', ').slice(0, 80)

export const refuse = ({ name }: GivenSecret, key: string, what: string): never => {
  throw new Refusal(`Secret ${name}, ${key}: ${what}`)
}
