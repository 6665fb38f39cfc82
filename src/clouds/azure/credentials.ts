import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ParseError } from '../../lib/parse.ts'
import { azurePatterns } from '../../model/azure-names.ts'
import type { SecretData } from '../contract.ts'

/** Keys of the Secret that `spec.credentialsSecretRef` names. */
const keys = {
  tenant: 'tenantId',
  client: 'clientId',
  secret: 'clientSecret',
  certificate: 'clientCertificate',
} as const

/** A service principal's. */
export interface AzureCredentials {
  readonly tenantId: string
  readonly clientId: string
  readonly proof:
    | { readonly kind: 'secret'; readonly secret: string }
    /** PEM of the certificate and of its private key. */
    | { readonly kind: 'certificate'; readonly pem: string }
}

/** Throws a ParseError that names the key and never a value. */
export function parseCredentials(secret: SecretData, path: string): AzureCredentials {
  const names: readonly string[] = Object.values(keys)
  const odd = Object.keys(secret).find(key => !names.includes(key))
  if (odd !== undefined)
    throw new ParseError(`${path}.${odd.slice(0, 60)}`, `is not known here; known are ${names.join(', ')}`)
  return {
    tenantId: idIn(secret[keys.tenant], `${path}.${keys.tenant}`),
    clientId: idIn(secret[keys.client], `${path}.${keys.client}`),
    proof: proofIn(secret, path),
  }
}

function idIn(raw: string | undefined, path: string): string {
  const found = raw?.trim() ?? ''
  if (azurePatterns.guid.test(found)) return found.toLowerCase()
  throw new ParseError(
    path,
    `${found === '' ? 'is missing' : 'is no id'}: it must be 00000000-0000-0000-0000-000000000000 with other digits`,
  )
}

function proofIn(secret: SecretData, path: string): AzureCredentials['proof'] {
  const [word, pem] = [secret[keys.secret]?.trim() ?? '', secret[keys.certificate]?.trim() ?? '']
  if ((word === '') === (pem === ''))
    throw new ParseError(
      path,
      `needs one of ${keys.secret} and ${keys.certificate}, and has ${word === '' ? 'neither' : 'both'}`,
    )
  if (word !== '') return { kind: 'secret', secret: word }
  return { kind: 'certificate', pem: certificateIn(pem, `${path}.${keys.certificate}`) }
}

/** What the parsers say shows what they read: nobody is told. */
function certificateIn(pem: string, path: string): string {
  if (isPair(pem)) return pem
  throw new ParseError(
    path,
    'must be the PEM of a certificate and of the RSA private key that belongs to it, not encrypted',
  )
}

function isPair(pem: string): boolean {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'rsa' && new X509Certificate(pem).checkPrivateKey(key)
  } catch {
    return false
  }
}

export { credentialOf, prove } from './tokens.ts'
