/** Every way in which asking a scheduler can fail. */
const daskFaults = [
  'refused',
  /** No TCP connection could be opened, and nobody refused it. */
  'unreached',
  'unreachable',
  'tls-unknown-authority',
  /** The scheduler's certificate, or one that it was signed by. */
  'tls-expired',
  'tls-not-yet-valid',
  /** Of whoever asks. */
  'tls-own-expired',
  'tls-wrong-peer',
  'not-dask',
  'timeout',
  'remote',
  'protocol',
] as const
export type DaskFault = (typeof daskFaults)[number]

/** A scheduler that could not be asked. `message` is for a person, holds no secret and is the same on every retry. */
export class DaskError extends Error {
  readonly fault: DaskFault

  constructor(fault: DaskFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DaskError'
    this.fault = fault
  }
}

interface Meaning {
  readonly fault: DaskFault
  /** Ends a sentence that begins with the address. */
  readonly words: string
}

/** What Node and OpenSSL call it, and what it means. Their own texts carry source lines and pointers. */
const meanings = new Map<string, Meaning>([
  ['ECONNREFUSED', { fault: 'refused', words: 'refused the connection: nothing listens there' }],
  ...mean('unreachable', 'cannot be reached', [
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EHOSTDOWN',
    'EADDRNOTAVAIL',
    'EACCES',
    'EPERM',
  ]),
  ...mean('unreachable', 'has a name that cannot be resolved', ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL']),
  ...mean('unreachable', 'closed the connection', ['ECONNRESET', 'EPIPE', 'ECONNABORTED']),
  ...mean('timeout', 'did not answer in time', ['ETIMEDOUT', 'ERR_TLS_HANDSHAKE_TIMEOUT']),
  ...mean('tls-unknown-authority', 'has a certificate of another authority', [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'CERT_SIGNATURE_FAILURE',
    'CERT_UNTRUSTED',
    'INVALID_CA',
    'CERT_CHAIN_TOO_LONG',
  ]),
  ...mean('tls-unknown-authority', 'does not trust the operator’s certificate', [
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
    'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
    'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  ]),
  ...mean('tls-expired', 'has a certificate that has expired', ['CERT_HAS_EXPIRED']),
  ...mean('tls-not-yet-valid', 'has a certificate that is not valid yet', ['CERT_NOT_YET_VALID']),
  ...mean('tls-own-expired', 'says that the operator’s certificate has expired', [
    'ERR_SSL_TLS_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
    'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED',
  ]),
  ...mean('tls-wrong-peer', 'has a certificate that is not this cluster’s scheduler’s', [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_TLS_CERT_ALTNAME_FORMAT',
    'INVALID_PURPOSE',
    'HOSTNAME_MISMATCH',
  ]),
  ...mean('not-dask', 'does not speak TLS', [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    'ERR_SSL_HTTP_REQUEST',
    'ERR_SSL_UNEXPECTED_MESSAGE',
    'ERR_SSL_UNSUPPORTED_PROTOCOL',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  ]),
])

/** Puts a failure of the socket, of TLS or of our own reading into a closed word. `peer` is `host:port`. */
export function explained(error: unknown, peer: string): DaskError {
  if (error instanceof DaskError) return error
  const code = codeOf(error)
  const known = meanings.get(code)
  if (known !== undefined) return new DaskError(known.fault, `${peer} ${known.words}`, { cause: error })
  if (code.startsWith('ERR_SSL') || code.startsWith('CERT_'))
    return new DaskError('protocol', `${peer}: TLS failed (${code})`, { cause: error })
  return new DaskError('unreachable', `${peer}: the connection failed${code && ` (${code})`}`, {
    cause: error,
  })
}

function mean(fault: DaskFault, words: string, codes: readonly string[]): [string, Meaning][] {
  return codes.map(code => [code, { fault, words }])
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
