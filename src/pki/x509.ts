import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'

import {
  bits,
  type Der,
  encoded,
  integer,
  octets,
  oid,
  sequence,
  set,
  tagged,
  time,
  utf8,
  wrapped,
  yes,
} from './der.ts'

/** A certificate and its private key, both PEM (the key as PKCS#8). */
export interface Credential {
  readonly certificate: string
  readonly key: string
}

/** What a certificate says. Keys are EC P-256; times are milliseconds since the epoch. */
export interface Statement {
  readonly subject: string
  readonly subjectKey: KeyObject
  readonly issuer: string
  /** The issuer's private key. */
  readonly issuerKey: KeyObject
  readonly issuerPublicKey: KeyObject
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: readonly Der[]
  readonly random: Random | undefined
}

export type Random = (bytes: number) => Uint8Array

const oids = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecPublicKey: '1.2.840.10045.2.1',
  prime256v1: '1.2.840.10045.3.1.7',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

/** RFC 5280, upper bound `ub-common-name`. */
const maxCommonName = 64

/** The signed certificate as PEM. */
export function certify(statement: Statement): string {
  const algorithm = sequence([oid(oids.ecdsaWithSha256)])
  const body = sequence([
    wrapped(0, [integer(Uint8Array.of(2))]),
    integer(serial(statement.random ?? randomBytes)),
    algorithm,
    name(statement.issuer),
    sequence([time(statement.notBefore), time(statement.notAfter)]),
    name(statement.subject),
    publicKey(statement.subjectKey),
    wrapped(3, [sequence([...statement.extensions, ...keyIdentifiers(statement)])]),
  ])
  const signature = sign('sha256', encoded(body), statement.issuerKey)
  return new X509Certificate(encoded(sequence([body, algorithm, bits(signature)]))).toString()
}

/** May sign leaves, and nothing that signs in turn. */
export const authorityConstraints = (): Der =>
  critical(oids.basicConstraints, sequence([yes(), integer(Uint8Array.of(0))]))

export const leafConstraints = (): Der => critical(oids.basicConstraints, sequence([]))

/** keyCertSign and cRLSign. */
export const authorityKeyUsage = (): Der => critical(oids.keyUsage, bits(Uint8Array.of(0b0000_0110), 1))

/** digitalSignature. */
export const leafKeyUsage = (): Der => critical(oids.keyUsage, bits(Uint8Array.of(0b1000_0000), 7))

export type Purpose = 'serverAuth' | 'clientAuth'

export const purposeOid = (purpose: Purpose): string => oids[purpose]

export const purposes = (wanted: readonly Purpose[]): Der =>
  extension(oids.extendedKeyUsage, sequence(wanted.map(purpose => oid(oids[purpose]))))

export const dnsNames = (names: readonly string[]): Der =>
  extension(oids.subjectAltName, sequence(names.map(dns => tagged(2, Buffer.from(dns, 'ascii')))))

/** Cut to what X.509 allows; the whole name stands among the alternative names. */
export const commonName = (wanted: string): string => Array.from(wanted).slice(0, maxCommonName).join('')

function keyIdentifiers({ subjectKey, issuerPublicKey }: Statement): readonly Der[] {
  return [
    extension(oids.subjectKeyIdentifier, octets(keyIdentifier(subjectKey))),
    extension(oids.authorityKeyIdentifier, sequence([tagged(0, keyIdentifier(issuerPublicKey))])),
  ]
}

/** RFC 7093, method 1: needs no SHA-1. */
const keyIdentifier = (key: KeyObject): Uint8Array =>
  createHash('sha256').update(point(key)).digest().subarray(0, 20)

function publicKey(key: KeyObject): Der {
  return sequence([sequence([oid(oids.ecPublicKey), oid(oids.prime256v1)]), bits(point(key))])
}

/** A P-256 key as an uncompressed point (SEC 1, 2.3.3). */
function point(key: KeyObject): Buffer {
  const { crv, x, y } = key.export({ format: 'jwk' })
  if (crv !== 'P-256' || x === undefined || y === undefined) throw new TypeError('not an EC P-256 key')
  return Buffer.concat([Uint8Array.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

/** 128 bits, positive and never shorter, as a DER integer needs it. */
function serial(random: Random): Uint8Array {
  const bytes = Uint8Array.from(random(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}

const name = (common: string): Der =>
  sequence([set([sequence([oid(oids.commonName), utf8(commonName(common))])])])

const critical = (id: string, value: Der): Der => sequence([oid(id), yes(), octets(encoded(value))])

const extension = (id: string, value: Der): Der => sequence([oid(id), octets(encoded(value))])
