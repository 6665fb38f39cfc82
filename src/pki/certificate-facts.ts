import { X509Certificate } from 'node:crypto'
import forge from 'node-forge'

import { type ContextTag, contextTags } from './der.ts'

const { asn1 } = forge
type Asn1 = forge.asn1.Asn1

/** What a certificate says of itself that `node:crypto` does not tell. Object identifiers are dotted. */
export interface CertificateFacts {
  readonly certificate: X509Certificate
  /** 3 for every certificate with extensions that keeps to the standard. */
  readonly version: number
  readonly hasSubject: boolean
  readonly hasIssuer: boolean
  /** Of RSASSA-PSS with its digest after it, which stands in the parameters. */
  readonly signatureAlgorithm: string
  readonly isAuthority: boolean
  /** Whether basicConstraints are there, and whether whoever does not know them must refuse. */
  readonly constraints: 'critical' | 'not critical' | 'absent'
  /** How many authorities may stand between this one and a leaf; Infinity where it does not say. */
  readonly pathLength: number
  /** Undefined where it does not say, which allows everything. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined
  readonly extendedKeyUsage: ReadonlySet<string> | undefined
  readonly hasSubjectKeyIdentifier: boolean
  readonly hasAuthorityKeyIdentifier: boolean
  readonly hasNameConstraints: boolean
  /** Critical extensions that OpenSSL would not know either. */
  readonly unknownCritical: readonly string[]
}

/** As RFC 5280 numbers its bits, as far as anybody asks here. */
const usages = [
  { name: 'digitalSignature', bit: 0 },
  { name: 'keyCertSign', bit: 5 },
] as const
export type KeyUsage = (typeof usages)[number]['name']

const ids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** Beside those: subjectAltName, certificatePolicies, policyMappings, policyConstraints, inhibitAnyPolicy. */
const handled: ReadonlySet<string> = new Set([
  ...Object.values(ids),
  '2.5.29.17',
  '2.5.29.32',
  '2.5.29.33',
  '2.5.29.36',
  '2.5.29.54',
])

interface Extension {
  readonly isCritical: boolean
  readonly value: Asn1
}

/** Of one PEM block. Throws where it is no certificate. */
export function factsOf(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem)
  const [body] = partsOf(asn1.fromDer(certificate.raw.toString('latin1')))
  if (body === undefined) throw new TypeError('a certificate has a body')
  const [version, rest] = versioned(partsOf(body))
  const [, algorithm, issuer, , subject] = rest
  const extensions = extensionsIn(rest)
  const constraints = extensions.get(ids.basicConstraints)
  return {
    certificate,
    version,
    hasSubject: partsOf(subject).length > 0,
    hasIssuer: partsOf(issuer).length > 0,
    signatureAlgorithm: signatureIn(algorithm),
    isAuthority: partsOf(constraints?.value).some(
      each => each.type === asn1.Type.BOOLEAN && bytesOf(each) !== '\0',
    ),
    constraints: constraints === undefined ? 'absent' : constraints.isCritical ? 'critical' : 'not critical',
    pathLength: pathLengthIn(constraints),
    keyUsage: usageIn(extensions.get(ids.keyUsage)),
    extendedKeyUsage: purposesIn(extensions.get(ids.extendedKeyUsage)),
    hasSubjectKeyIdentifier: extensions.has(ids.subjectKeyIdentifier),
    hasAuthorityKeyIdentifier: namesKey(extensions.get(ids.authorityKeyIdentifier)),
    hasNameConstraints: extensions.has(ids.nameConstraints),
    unknownCritical: [...extensions].flatMap(([id, { isCritical }]) =>
      isCritical && !handled.has(id) ? [id] : [],
    ),
  }
}

/** The version stands in a field of its own, and is 1 where there is none. */
function versioned(fields: readonly Asn1[]): readonly [number, readonly Asn1[]] {
  const [first, ...rest] = fields
  if (first?.tagClass !== asn1.Class.CONTEXT_SPECIFIC) return [1, fields]
  return [bytesOf(partsOf(first)[0]).charCodeAt(0) + 1, rest]
}

/** `[3] EXPLICIT SEQUENCE OF Extension`, the last of the body's fields. */
function extensionsIn(fields: readonly Asn1[]): ReadonlyMap<string, Extension> {
  const last = fields.find(field => isTagged(field, 3))
  return new Map(
    partsOf(partsOf(last)[0]).map(extension => {
      const parts = partsOf(extension)
      const value = asn1.fromDer(bytesOf(parts.at(-1)))
      return [
        dotted(parts[0]),
        { isCritical: parts.length === 3 && bytesOf(parts[1]) !== '\0', value },
      ] as const
    }),
  )
}

const pss = '1.2.840.113549.1.1.10'
const sha1 = '1.3.14.3.2.26'

function signatureIn(algorithm: Asn1 | undefined): string {
  const [id, parameters] = partsOf(algorithm)
  if (dotted(id) !== pss) return dotted(id)
  const digest = partsOf(parameters).find(each => isTagged(each, 0))
  return `${pss} ${digest === undefined ? sha1 : dotted(partsOf(partsOf(digest)[0])[0])}`
}

function pathLengthIn(constraints: Extension | undefined): number {
  const length = partsOf(constraints?.value).find(({ type }) => type === asn1.Type.INTEGER)
  return length === undefined ? Infinity : Number.parseInt(forge.util.bytesToHex(bytesOf(length)), 16)
}

/** A BIT STRING: its first byte counts the unused bits of its last. */
function usageIn(extension: Extension | undefined): ReadonlySet<KeyUsage> | undefined {
  if (extension === undefined) return undefined
  const first = rawBits(extension.value).charCodeAt(1) || 0
  return new Set(usages.filter(({ bit }) => (first & (0x80 >> bit)) !== 0).map(({ name }) => name))
}

/** forge takes the bits of a string for ASN.1 where they can be read as such. */
function rawBits(value: Asn1): string {
  const captured: unknown = Reflect.get(value, 'bitStringContents')
  return typeof captured === 'string' ? captured : bytesOf(value)
}

const purposesIn = (extension: Extension | undefined): ReadonlySet<string> | undefined =>
  extension && new Set(partsOf(extension.value).map(dotted))

/** Of the ways to name the issuer's key OpenSSL's strict checks ask for the identifier, `[0]`. */
const namesKey = (extension: Extension | undefined): boolean =>
  partsOf(extension?.value).some(name => isTagged(name, 0))

const isTagged = ({ tagClass, type }: Asn1, tag: ContextTag): boolean =>
  tagClass === asn1.Class.CONTEXT_SPECIFIC && type === contextTags[tag]

const partsOf = (value: Asn1 | undefined): readonly Asn1[] =>
  value !== undefined && Array.isArray(value.value) ? value.value : []

const bytesOf = (value: Asn1 | undefined): string => (typeof value?.value === 'string' ? value.value : '')

const dotted = (value: Asn1 | undefined): string => asn1.derToOid(forge.util.createBuffer(bytesOf(value)))
