import { createCipheriv, createHash, createHmac, hkdfSync, pbkdf2Sync } from 'node:crypto'

import {
  bmp,
  type Der,
  encoded,
  integer,
  nothing,
  octets,
  oid,
  sequence,
  set,
  tagged,
  wrapped,
} from './der.ts'

export interface Pkcs12Form {
  /** DER; the leaf first, then those that it rests on. */
  readonly certificates: readonly Uint8Array[]
  /** The leaf's, PKCS #8 in DER: of any kind. */
  readonly key: Uint8Array
  /** What a browser shows it as. */
  readonly name: string
  readonly password: string
}

const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/** What OpenSSL writes, and so what every browser reads. The password is random: there is nothing to slow down. */
const iterations = 2_048
const iterationsDer = integer(Uint8Array.of(iterations >> 8, iterations & 0xff))

/**
 * A PKCS #12 file (RFC 7292) with AES-256-CBC by PBES2 and a MAC of SHA-256, as browsers import it. The same form gives
 * the same bytes: salts come from what is inside, by the key, so they tell nothing and are never used for anything else.
 */
export function renderPkcs12({ certificates, key, name, password }: Pkcs12Form): Buffer {
  const content = createHash('sha256').update(name)
  for (const each of certificates) content.update(each)
  const hidden: Hidden = { key, content: content.digest(), password }
  const [leaf, ...others] = certificates
  const marks = [attribute(oids.friendlyName, bmp(name)), attribute(oids.localKeyId, octets(hidden.content))]
  const certBags = [leaf, ...others].flatMap((each, at) =>
    each === undefined ? [] : [bag(oids.certBag, certificate(each), at === 0 ? marks : [])],
  )
  const shrouded = sequence(encrypted(key, 'key', hidden, octets))
  const safes = encoded(
    sequence([
      sequence([oid(oids.encryptedData), wrapped(0, [encryptedData(certBags, hidden)])]),
      plain(encoded(sequence([bag(oids.shroudedKeyBag, shrouded, marks)]))),
    ]),
  )
  return encoded(sequence([integer(Uint8Array.of(3)), plain(safes), mac(safes, hidden)]))
}

/** Random for whoever does not have the key, and the same for who has. */
export const derived = (key: Uint8Array, context: Uint8Array, label: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, context, `dask-cloud-operator client.p12 ${label}`, length))

interface Hidden {
  readonly key: Uint8Array
  readonly content: Uint8Array
  readonly password: string
}

const plain = (bytes: Uint8Array): Der => sequence([oid(oids.data), wrapped(0, [octets(bytes)])])

const certificate = (bytes: Uint8Array): Der =>
  sequence([oid(oids.x509Certificate), wrapped(0, [octets(bytes)])])

const bag = (kind: string, value: Der, marks: readonly Der[]): Der =>
  sequence([oid(kind), wrapped(0, [value]), ...(marks.length === 0 ? [] : [set(marks)])])

const attribute = (kind: string, value: Der): Der => sequence([oid(kind), set([value])])

const encryptedData = (bags: readonly Der[], hidden: Hidden): Der =>
  sequence([
    integer(Uint8Array.of(0)),
    sequence([
      oid(oids.data),
      ...encrypted(encoded(sequence(bags)), 'certificates', hidden, bytes => tagged(0, bytes)),
    ]),
  ])

/** The algorithm with its parameters, and what it has made of the text. */
function encrypted(
  text: Uint8Array,
  label: string,
  { key, content, password }: Hidden,
  written: (bytes: Uint8Array) => Der,
): readonly Der[] {
  const salt = derived(key, content, `${label} salt`, 16)
  const iv = derived(key, content, `${label} iv`, 16)
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, iterations, 32, 'sha256'), iv)
  const prf = sequence([oid(oids.hmacWithSha256), nothing()])
  const algorithm = sequence([
    oid(oids.pbes2),
    sequence([
      sequence([oid(oids.pbkdf2), sequence([octets(salt), iterationsDer, prf])]),
      sequence([oid(oids.aes256Cbc), octets(iv)]),
    ]),
  ])
  return [algorithm, written(Buffer.concat([cipher.update(text), cipher.final()]))]
}

function mac(safes: Uint8Array, { key, content, password }: Hidden): Der {
  const salt = derived(key, content, 'mac salt', 16)
  const digest = createHmac('sha256', macKey(password, salt)).update(safes).digest()
  const algorithm = sequence([oid(oids.sha256), nothing()])
  return sequence([sequence([algorithm, octets(digest)]), octets(salt), iterationsDer])
}

/** RFC 7292, B.2, for an integrity key (3) of one block of SHA-256. */
function macKey(password: string, salt: Uint8Array): Buffer {
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const input = Buffer.concat([Buffer.alloc(blockBytes, 3), filled(salt), filled(secret)])
  let key = createHash('sha256').update(input).digest()
  for (let round = 1; round < iterations; round++) key = createHash('sha256').update(key).digest()
  return key
}

const blockBytes = 64

/** Over and over, to whole blocks. */
const filled = (bytes: Uint8Array): Buffer =>
  Buffer.alloc(Math.ceil(bytes.length / blockBytes) * blockBytes, bytes)
