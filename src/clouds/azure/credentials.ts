import { createPrivateKey, X509Certificate } from 'node:crypto'
import { ParseError } from '../../lib/parse.ts'
import { azurePatterns } from '../../model/azure-names.ts'
import type { SecretData } from '../contract.ts'

/** Keys of the Secret that `spec.credentialsSecretRef` names. */
const keys = ['tenantId', 'clientId', 'clientSecret', 'clientCertificate'] as const

/** A service principal's. */
export interface AzureCredentials {
  readonly tenantId: string
  readonly clientId: string
  readonly proof:
    | { readonly kind: 'secret'; readonly secret: string }
    /** In PEM, with its private key. */
    | { readonly kind: 'certificate'; readonly pem: string }
}

/** Throws a ParseError that names the key and never a value. */
export function parseCredentials(secret: SecretData, path: string): AzureCredentials {
  const odd = Object.keys(secret).find(key => !keys.some(each => each === key))
  if (odd !== undefined)
    throw new ParseError(`${path}.${odd.slice(0, 60)}`, `is not known here: ${keys.join(', ')} are`)
  return {
    tenantId: guid(secret, 'tenantId', path),
    clientId: guid(secret, 'clientId', path),
    proof: proofIn(secret, path),
  }
}

function guid(secret: SecretData, key: 'tenantId' | 'clientId', path: string): string {
  const found = secret[key]?.trim() ?? ''
  if (found === '') throw new ParseError(`${path}.${key}`, `is missing: ${whose[key]}`)
  if (!azurePatterns.subscriptionId.test(found))
    throw new ParseError(
      `${path}.${key}`,
      `must be an id such as 00000000-0000-0000-0000-000000000000: ${whose[key]}`,
    )
  return found.toLowerCase()
}

const whose = {
  tenantId: 'the id of the Entra ID tenant that the service principal is in',
  clientId: 'the application id of the service principal',
} as const

function proofIn(secret: SecretData, path: string): AzureCredentials['proof'] {
  const [word, pem] = [secret['clientSecret']?.trim() ?? '', secret['clientCertificate']?.trim() ?? '']
  if ((word === '') === (pem === ''))
    throw new ParseError(path, 'must hold exactly one of clientSecret and clientCertificate')
  if (word !== '') return { kind: 'secret', secret: word }
  requireCertificate(pem, `${path}.clientCertificate`)
  return { kind: 'certificate', pem }
}

/** What the parsers say shows what they read: nobody is told. */
function requireCertificate(pem: string, path: string): void {
  const certificate = read(() => new X509Certificate(pem))
  const key = read(() => createPrivateKey(pem))
  if (certificate === undefined) throw new ParseError(path, 'must hold a certificate in PEM')
  if (key === undefined)
    throw new ParseError(path, 'must hold the private key of the certificate, too, in PEM')
  if (key.asymmetricKeyType !== 'rsa')
    throw new ParseError(path, 'must hold an RSA key: Entra ID takes no other')
  if (!certificate.checkPrivateKey(key))
    throw new ParseError(path, 'holds a private key that is not that of its certificate')
}

function read<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
