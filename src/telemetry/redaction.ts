/** What stands where a secret stood. */
export const redacted = '[redacted]'

const deepest = 10
const mostMembers = 200
const longestText = 8_192
/** Longer texts are cut before they are searched, so that no text can hold up the process. */
const longestSearch = 65_536

const keyword =
  'password|passwd|passphrase|secret|token|api[-_]?key|access[-_]?key|secret[-_]?key|secret[-_]?access[-_]?key|' +
  'session[-_]?token|client[-_]?secret|private[-_]?key|signature|credential|security[-_]?token'

/** A value behind its name: in quotes, in quotes that were escaped (JSON within JSON), or bare. */
const named = new RegExp(
  `((?:${keyword})\\\\*["']?\\s*[:=]\\s*)` +
    `(?:\\\\+["'][^"'\\\\]*|"(?:[^"\\\\]|\\\\.)*"?|'[^']*'?|[^\\s"'\\\\,;&}\\])]+)`,
  'gi',
)

/**
 * Each finds one kind of secret in a text; `$1` keeps what tells a reader where it stood. Whatever repeats is bounded or
 * begins at something rare, so that none of them takes time that grows with the square of the text.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  // A key whose end is missing was cut somewhere: everything after its beginning may be part of it.
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, redacted],
  [/("(?:data|stringData)"\s*:\s*)\{[^{}]*\}?/g, `$1"${redacted}"`],
  [/\b(authorization["']?\s*[:=]\s*["']?(?:bearer|basic|digest)?)\s*[^\s"',;]+/gi, `$1 ${redacted}`],
  [/\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${redacted}`],
  [/\b([Bb]asic)\s+(?=[A-Za-z+/]{0,60}[A-Z0-9=])[A-Za-z0-9+/]{8,}={0,2}/g, `$1 ${redacted}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, redacted],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]{0,256}):[^\s/@]{1,512}@/gi, `$1:${redacted}@`],
  [named, `$1${redacted}`],
  [/\b(?:dop|doo|dor)_v1_[a-f0-9]{32,}/g, redacted],
  [/\bgh[pousr]_[A-Za-z0-9]{20,}/g, redacted],
  [/\bya29\.[A-Za-z0-9_-]{10,}/g, redacted],
]

/** Base64, plain or for addresses, as long as an AWS secret (40) or longer. */
const base64 = /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{40,}={0,2}(?![A-Za-z0-9+/=_-])/g

const secretMember = new RegExp(
  `^(?:.*[-_.])?(?:${keyword}|authorization|pwd|cookie|set-cookie|bearer|userdata|user[-_]data|custom[-_]?data|startup[-_]?script|` +
    'stringdata|kubeconfig|pem)s?$|^.*\\.key$',
  'i',
)

/** A text without what looks like a secret in it; a false alarm is better than a miss. */
export function redactText(text: string): string {
  const clean = cleaned(text.length > longestSearch ? text.slice(0, longestSearch) : text)
  return clean.length > longestText ? `${clean.slice(0, longestText)}… (${text.length} characters)` : clean
}

/** The last `length` characters of a text without what looks like a secret in it. */
export const redactedEnd = (text: string, length: number): string =>
  cleaned(text.slice(-longestSearch)).slice(-length)

function cleaned(text: string): string {
  const clean = patterns.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), text)
  return clean.replace(base64, run => (isSecretLike(run) ? redacted : run))
}

/** A copy that can be written as JSON and holds no secret: members by their names, texts by their looks, bytes never. */
export function redact(value: unknown): unknown {
  return copy(value, [])
}

function copy(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) return '[circular]'
  if (above.length >= deepest) return '[too deep]'
  try {
    return copyObject(value, [...above, value])
  } catch {
    return '[unreadable]'
  }
}

function copyObject(value: object, above: readonly object[]): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof Error) return copyError(value, above)
  if (value instanceof Date || value instanceof URL) return redactText(value.toJSON())
  if (value instanceof Map)
    return copyEntries(
      [...value].map(([key, member]) => [String(key), member]),
      above,
    )
  if (Array.isArray(value) || value instanceof Set) return copyList([...value], above)
  const entries = Object.entries(value)
  return copyEntries(isSecretObject(value) ? entries.filter(([key]) => !holdsData(key)) : entries, above)
}

function copyList(members: readonly unknown[], above: readonly object[]): unknown {
  const shown = members.slice(0, mostMembers).map(member => copy(member, above))
  return members.length > mostMembers ? [...shown, `… (${members.length} members)`] : shown
}

function copyEntries(entries: readonly (readonly [string, unknown])[], above: readonly object[]): unknown {
  const shown = entries
    .slice(0, mostMembers)
    .map(([key, member]) => [redactText(key), isHidden(key, member) ? redacted : copy(member, above)])
  if (entries.length > mostMembers) shown.push(['…', `${entries.length} members`])
  return Object.fromEntries(shown)
}

/** `stack` begins with the message, and both may quote what was sent. */
function copyError(error: Error, above: readonly object[]): unknown {
  const { name, message, stack, cause } = error
  const own = Object.entries(error).filter(([key]) => !['name', 'message', 'stack', 'cause'].includes(key))
  const many = error instanceof AggregateError ? [['errors', error.errors] as const] : []
  return copyEntries(
    [
      ['type', name],
      ['message', message],
      ['stack', stack],
      ...own,
      ...many,
      ...(cause === undefined ? [] : [['cause', cause] as const]),
    ],
    above,
  )
}

function isHidden(key: string, member: unknown): boolean {
  if (member === undefined || member === null || typeof member === 'boolean') return false
  // A count of secrets is none: `tokens: 3`.
  if (typeof member === 'number' && key.endsWith('s')) return false
  return secretMember.test(withWords(key))
}

/** `secretAccessKey` is `secret-Access-Key`: words are told apart by capitals too. */
const withWords = (key: string): string => key.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')

const isSecretObject = (value: object): boolean =>
  ('kind' in value && value.kind === 'Secret') ||
  ('data' in value &&
    'type' in value &&
    typeof value.type === 'string' &&
    /^(?:Opaque|kubernetes\.io\/|bootstrap)/.test(value.type))

const holdsData = (key: string): boolean => key === 'data' || key === 'stringData'

/**
 * Names, paths and hashes are long as well, but seldom mix all three. One in 900 keys of 40 characters has no digit:
 * its letters change case as words do not, and its capitals stand beside one another as those of joined words do not.
 */
function isSecretLike(run: string): boolean {
  if (/^[0-9a-f-]+$/i.test(run)) return false
  if (!/[A-Z]/.test(run) || !/[a-z]/.test(run)) return false
  return /[0-9]/.test(run) || (count(caseChange, run) >= run.length / 5 && count(capitalPair, run) >= 3)
}

const caseChange = /[a-z](?=[A-Z])|[A-Z](?=[a-z])/g
const capitalPair = /[A-Z](?=[A-Z])/g
const count = (pattern: RegExp, text: string): number => text.match(pattern)?.length ?? 0
