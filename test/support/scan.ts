import { createHash, createPrivateKey, type KeyObject } from 'node:crypto'
import { gunzipSync } from 'node:zlib'

/** A text that somebody other than its owner may come to see, or that holds what is its own and nothing else. */
export interface Artefact {
  /** For the report: `the operator's log`. */
  readonly name: string
  readonly text: string | Uint8Array
  /** Names of the secrets that belong there. */
  readonly holds?: readonly string[]
}

/** A private key in PEM, or any other credential. */
export interface Known {
  readonly name: string
  readonly value: string
}

/** Shorter ones are found in texts by chance. */
const shortest = 8

/**
 * What stands in artefacts and does not belong there: any private key, known or not (PEM, or DER in base64, also within
 * base64 or gzip), and any known credential (as it is, in base64, in hex, or as a URL or JSON writes it). It names what it
 * found and shows nothing of it.
 */
export function scan(artefacts: readonly Artefact[], secrets: readonly Known[]): readonly string[] {
  const marks = new Map(secrets.flatMap(({ name, value }) => keysIn(value).map(key => [key, name] as const)))
  const forms = secrets.map(({ name, value }) => ({ name, forms: formsOf(value) }))
  const found = artefacts.flatMap(({ name, text, holds = [] }) => {
    const layers = layersOf(textOf(text))
    const keys = layers.flatMap(keysOfLayer).map(mark => marks.get(mark) ?? 'nobody known')
    const told = forms
      .filter(secret => secret.forms.some(form => layers.some(layer => layer.includes(form))))
      .map(secret => secret.name)
    const spoilt =
      layers.some(hasSpoiltKey) && holds.length === 0 ? [`${name}: a private key, cut or unreadable`] : []
    return [
      ...keys.filter(each => !holds.includes(each)).map(each => `${name}: a private key, of ${each}`),
      ...told.filter(each => !holds.includes(each)).map(each => `${name}: ${each}`),
      ...spoilt,
    ]
  })
  return [...new Set(found)]
}

/** Marks of the private keys in a text, which are equal for equal keys, however they are written there. */
export const keysIn = (text: string | Uint8Array): readonly string[] => [
  ...new Set(layersOf(textOf(text)).flatMap(keysOfLayer)),
]

const textOf = (text: string | Uint8Array): string =>
  typeof text === 'string' ? text : Buffer.from(text).toString('latin1')

const pemHead = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/
/** Line breaks, also as JSON writes them, and as JSON within JSON does. */
const lineBreak = String.raw`(?:\\+[rn]|\s)+`
const pem = new RegExp(
  `${pemHead.source}(?:[A-Za-z0-9+/=]|${lineBreak})+-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----`,
  'g',
)
const letter = '[A-Za-z0-9+/_-]'
const inLines = (width: number): string =>
  `${letter}{${width - 1}}(?:${lineBreak}${letter}{${width}})*${lineBreak}${letter}{1,${width}}`
/** A DER sequence begins with 0x30: the first letter of its base64 is M. Of PEM it is L, of that once more T, of gzip H. */
const coded = new RegExp(
  `(?<!${letter})[MLHT](?:${inLines(64)}|${inLines(76)}|${letter}{39,})(?!${letter})={0,2}`,
  'g',
)
const breaks = new RegExp(lineBreak, 'g')
const deepest = 4

/** The text, and what is wrapped in it. */
function layersOf(text: string, depth = 0): readonly string[] {
  if (depth === deepest) return [text]
  const inner = [...text.matchAll(coded)].flatMap(([run]) => {
    const raw = Buffer.from(run.replace(breaks, ''), 'base64')
    if (run.startsWith('T') && raw.includes('LS0tLS1CRUdJTi')) return [raw.toString('latin1')]
    if (run.startsWith('L') && raw.includes('-----BEGIN ')) return [raw.toString('latin1')]
    return run.startsWith('H') && raw[0] === 0x1f && raw[1] === 0x8b ? unzipped(raw) : []
  })
  const whole = text.startsWith('\x1f\x8b') ? unzipped(Buffer.from(text, 'latin1')) : []
  return [text, ...[...inner, ...whole].flatMap(each => layersOf(each, depth + 1))]
}

function unzipped(raw: Buffer): readonly string[] {
  try {
    return [gunzipSync(raw).toString('latin1')]
  } catch {
    return []
  }
}

function keysOfLayer(layer: string): readonly string[] {
  const inPem = [...layer.matchAll(pem)].map(([found]) => readKey(found.replace(breaks, around)))
  const inDer = [...layer.matchAll(coded)].flatMap(([run]) =>
    run.startsWith('M') ? [derKey(Buffer.from(run.replace(breaks, ''), 'base64'))] : [],
  )
  return [...inPem, ...inDer].flatMap(key => (key === undefined ? [] : [markOf(key)]))
}

/** One whose end is missing, or that nothing can read. */
function hasSpoiltKey(layer: string): boolean {
  const heads = layer.match(new RegExp(pemHead, 'g'))?.length ?? 0
  const whole = [...layer.matchAll(pem)].filter(
    ([found]) => readKey(found.replace(breaks, around)) !== undefined,
  )
  return heads > whole.length
}

/** Within PEM's head and end spaces stay as they are. */
const around = (_: string, at: number, all: string): string =>
  /-----(?:BEGIN|END)[A-Z0-9 ]*$/.test(all.slice(0, at)) ? ' ' : '\n'

function readKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}

function derKey(raw: Buffer): KeyObject | undefined {
  const der = raw.subarray(0, lengthOf(raw))
  for (const type of ['pkcs8', 'sec1', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key: der, format: 'der', type })
    } catch {
      // Another kind, or none.
    }
  }
  return undefined
}

/** Of a DER element, with its head. */
function lengthOf(raw: Buffer): number {
  const first = raw[1] ?? 0
  if (first < 0x80) return 2 + first
  const digits = first - 0x80
  return digits > 0 && digits < 5 && raw.length > 2 + digits
    ? 2 + digits + raw.readUIntBE(2, digits)
    : raw.length
}

const markOf = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'pkcs8', format: 'der' }))
    .digest('hex')

/** How a value may stand in a text; of a private key, each line of it, since a text may hold a part. */
function formsOf(value: string): readonly string[] {
  const isKey = pemHead.test(value)
  const lines = value.split('\n').filter(line => line.length >= 24 && !line.startsWith('-----'))
  const parts = isKey ? lines : [value]
  const written = parts.flatMap(part => [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part)])
  const bytes = isKey ? [...lines.map(line => Buffer.from(line)), scalarOf(value)] : [Buffer.from(value)]
  return [...new Set([...written, ...bytes.flatMap(codedForms)])].filter(form => form.length >= shortest)
}

/** The number that an elliptic curve's key is. */
function scalarOf(value: string): Buffer {
  const { d } = readKey(value)?.export({ format: 'jwk' }) ?? {}
  return Buffer.from(d ?? '', 'base64url')
}

/** Hex, and base64 wherever the value begins within what was encoded. */
function codedForms(bytes: Buffer): readonly string[] {
  if (bytes.length < shortest) return []
  const shifted = [0, 1, 2].flatMap(shift => {
    const from = shift === 0 ? 0 : shift + 1
    const to = Math.floor(((shift + bytes.length) * 8) / 6)
    const plain = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(from, to)
    return [plain, plain.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...shifted]
}
