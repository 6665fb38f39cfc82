import { createPublicKey, type KeyObject, verify } from 'node:crypto'

import { encoded, oid } from './der.ts'

/** A machine's request has some 400 bytes. */
const most = 8_192
const armour =
  /^\s*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const sequenceTag = 0x30
const bitStringTag = 0x03

/**
 * The key that a certificate signing request (PKCS#10, PEM) is for, once its signature has shown that the asker holds
 * the private half. Names and purposes that it may ask for are not read. Throws a TypeError in words for a person.
 */
export function requestedKey(pem: string): KeyObject {
  const [, base64] = armour.exec(pem.slice(0, most)) ?? []
  const request = only(elements(Buffer.from(base64 ?? '', 'base64')), sequenceTag)
  const [body, algorithm, signature] = elements(request.content)
  const [, , subjectKey] = elements(tagged(body, sequenceTag).content)
  const key = publicKey(tagged(subjectKey, sequenceTag).whole)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('its key is not EC P-256')
  if (!tagged(algorithm, sequenceTag).content.equals(encoded(oid(ecdsaWithSha256))))
    throw new TypeError('it is not signed with ECDSA and SHA-256')
  // A bit string begins with how many bits of its last byte do not count: none.
  const signed = tagged(signature, bitStringTag).content.subarray(1)
  if (!verify('sha256', tagged(body, sequenceTag).whole, key, signed))
    throw new TypeError('it is not signed with its own key')
  return key
}

function publicKey(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    throw new TypeError('its key cannot be read')
  }
}

/** One ASN.1 value in DER. */
interface Element {
  readonly tag: number
  readonly content: Buffer
  /** With its tag and length. */
  readonly whole: Buffer
}

/** The values that follow one another in `der`, which they fill. */
function elements(der: Buffer): readonly Element[] {
  const found: Element[] = []
  for (let at = 0; at < der.length; ) {
    const { head, bytes } = lengthAt(der, at + 1)
    const end = at + 1 + head + bytes
    if (end > der.length) throw unreadable()
    found.push({
      tag: der[at] ?? 0,
      content: der.subarray(end - bytes, end),
      whole: der.subarray(at, end),
    })
    at = end
  }
  return found
}

/** Up to two bytes of length: nothing here is longer. */
function lengthAt(der: Buffer, at: number): { readonly head: number; readonly bytes: number } {
  const first = der[at] ?? 0x80
  if (first < 0x80) return { head: 1, bytes: first }
  const digits = first - 0x80
  if (digits < 1 || digits > 2 || at + digits >= der.length) throw unreadable()
  return { head: 1 + digits, bytes: der.readUIntBE(at + 1, digits) }
}

const only = (found: readonly Element[], tag: number): Element => {
  if (found.length !== 1) throw unreadable()
  return tagged(found[0], tag)
}

function tagged(found: Element | undefined, tag: number): Element {
  if (found?.tag !== tag) throw unreadable()
  return found
}

const unreadable = (): TypeError => new TypeError('it is no certificate signing request')
