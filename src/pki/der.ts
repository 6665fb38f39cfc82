import forge from 'node-forge'

const { asn1 } = forge

/** One ASN.1 value, not yet encoded. */
export type Der = forge.asn1.Asn1

export const sequence = (parts: readonly Der[]): Der => constructed(asn1.Type.SEQUENCE, parts)
export const set = (parts: readonly Der[]): Der => constructed(asn1.Type.SET, parts)
export const oid = (dotted: string): Der => primitive(asn1.Type.OID, asn1.oidToDer(dotted).getBytes())
export const octets = (bytes: Uint8Array): Der => primitive(asn1.Type.OCTETSTRING, binary(bytes))
export const utf8 = (text: string): Der => primitive(asn1.Type.UTF8, binary(Buffer.from(text, 'utf8')))
/** forge itself makes two bytes of each character. */
export const bmp = (text: string): Der => primitive(asn1.Type.BMPSTRING, text)
export const nothing = (): Der => primitive(asn1.Type.NULL, '')
export const yes = (): Der => primitive(asn1.Type.BOOLEAN, '\u00ff')

/** A whole number that is not negative, most significant byte first. */
export function integer(bytes: Uint8Array): Der {
  const digits = binary(bytes)
  return primitive(asn1.Type.INTEGER, (bytes[0] ?? 0) > 0x7f ? `\0${digits}` : digits)
}

/** Bits of whose last byte `unused` do not count. */
export const bits = (bytes: Uint8Array, unused = 0): Der =>
  primitive(asn1.Type.BITSTRING, String.fromCharCode(unused) + binary(bytes))

/** X.509 wants two-digit years until 2049 and four digits from then on. `at` in milliseconds since the epoch. */
export function time(at: number): Der {
  const date = new Date(at)
  return date.getUTCFullYear() < 2050
    ? primitive(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : primitive(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date))
}

/** forge types a context's own tag as if it were a universal type; these are the numbers they say. */
export const contextTags = { 0: asn1.Type.NONE, 2: asn1.Type.INTEGER, 3: asn1.Type.BITSTRING } as const
export type ContextTag = keyof typeof contextTags

/** A value of a context's own, `[tag]`, that wraps others. */
export const wrapped = (tag: ContextTag, parts: readonly Der[]): Der =>
  asn1.create(asn1.Class.CONTEXT_SPECIFIC, contextTags[tag], true, [...parts])

/** A value of a context's own, `[tag]`, whose bytes stand for themselves. */
export const tagged = (tag: ContextTag, bytes: Uint8Array): Der =>
  asn1.create(asn1.Class.CONTEXT_SPECIFIC, contextTags[tag], false, binary(bytes))

export const encoded = (value: Der): Buffer => Buffer.from(asn1.toDer(value).getBytes(), 'latin1')

const constructed = (type: forge.asn1.Type, parts: readonly Der[]): Der =>
  asn1.create(asn1.Class.UNIVERSAL, type, true, [...parts])

const primitive = (type: forge.asn1.Type, bytes: string): Der =>
  asn1.create(asn1.Class.UNIVERSAL, type, false, bytes)

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
