// oxlint-disable-next-line import/no-unassigned-import -- it has to run before the libraries are loaded
import './quiet.ts'
import { createPrivateKey } from 'node:crypto'
import type { AuthClient, GoogleAuth } from 'google-auth-library'
import type { Call } from '../../lib/call.ts'
import { isRecord, ParseError } from '../../lib/parse.ts'
import { SingleFlight } from '../../lib/single-flight.ts'
import { CloudError } from '../../model/faults.ts'
import { gcpPatterns } from '../../model/gcp-names.ts'
import type { SecretData } from '../contract.ts'
import { freshToken, type Post } from './tokens.ts'

/** Keys of the Secret that `spec.credentialsSecretRef` names. */
const keys = { key: 'credentials.json', impersonate: 'impersonate' } as const

export interface GcpCredentials {
  /** A service account's key. */
  readonly key: { readonly email: string; readonly privateKey: string; readonly id: string | undefined }
  /** The e-mail of another service account that it acts as. */
  readonly impersonate: string | undefined
}

/** Throws a ParseError that names the key and never a value. */
export function parseCredentials(secret: SecretData, path: string): GcpCredentials {
  const names: readonly string[] = Object.values(keys)
  const odd = Object.keys(secret).find(key => !names.includes(key))
  if (odd !== undefined)
    throw new ParseError(`${path}.${odd.slice(0, 60)}`, `is not known here: ${names.join(' and ')} are`)
  const impersonate = secret[keys.impersonate]?.trim() || undefined
  if (impersonate !== undefined && !gcpPatterns.email.test(impersonate))
    throw new ParseError(
      `${path}.${keys.impersonate}`,
      'must be the e-mail of a service account: NAME@PROJECT.iam.gserviceaccount.com',
    )
  return { key: keyIn(secret[keys.key], `${path}.${keys.key}`), impersonate }
}

/**
 * Of the kinds of files that Google calls credentials only a service account's key is taken: others may name servers to ask,
 * files to read and programs to run. `token_uri` is not read either.
 */
function keyIn(raw: string | undefined, path: string): GcpCredentials['key'] {
  if (raw === undefined || raw.trim() === '')
    throw new ParseError(path, 'is missing: the Secret needs the JSON key of a service account')
  const found = jsonIn(raw, path)
  const { type, client_email: email, private_key: privateKey, private_key_id: id } = found
  if (type !== 'service_account')
    throw new ParseError(
      `${path}.type`,
      `must be service_account, found ${kinds.find(each => each === type) ?? 'another'}: other kinds are for the operator's own identity alone`,
    )
  const universe = found['universe_domain'] ?? 'googleapis.com'
  if (universe !== 'googleapis.com')
    throw new ParseError(`${path}.universe_domain`, 'must be googleapis.com: no other cloud is served')
  if (typeof email !== 'string' || !gcpPatterns.email.test(email))
    throw new ParseError(`${path}.client_email`, 'must be the e-mail of a service account')
  if (typeof privateKey !== 'string' || !isRsa(privateKey))
    throw new ParseError(`${path}.private_key`, 'must be an RSA key in PEM, as Google wrote it')
  return { email, privateKey, id: typeof id === 'string' ? id : undefined }
}

const kinds = [
  'authorized_user',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
  'gdch_service_account',
] as const

/** What the parser of JSON says shows what it read: nobody is told. */
function jsonIn(raw: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(raw)
    if (isRecord(found)) return found
  } catch {
    throw new ParseError(path, 'is not JSON')
  }
  throw new ParseError(path, 'must be the JSON key of a service account: an object')
}

function isRsa(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

const computeScope = 'https://www.googleapis.com/auth/compute'

/** What signs requests: the Secret's account, or the one it acts as, renewed before it ends. Undefined for the operator's own identity. */
export async function authOf(credentials: GcpCredentials | undefined): Promise<GoogleAuth> {
  const { GoogleAuth, OAuth2Client } = await import('google-auth-library')
  if (credentials === undefined) return new GoogleAuth({ scopes: [computeScope] })
  const client = new OAuth2Client()
  const flight = new SingleFlight<Awaited<ReturnType<typeof freshToken>>>()
  const post: Post = request => client.transporter.request(request)
  client.refreshHandler = () => flight.run(() => freshToken(credentials, computeScope, post))
  return new GoogleAuth({ authClient: client })
}

/** Asks Google for a token now, whatever is still good: it proves the credentials, and needs no right. Throws a CloudError. */
export async function proveCredentials(auth: GoogleAuth, { signal }: Call): Promise<void> {
  const ended = new Promise<never>((_resolve, reject) => {
    const stop = (): void => reject(new CloudError('timeout', 'Google did not answer in time'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })
  await Promise.race([renewed(auth), ended])
}

async function renewed(auth: GoogleAuth): Promise<void> {
  const { OAuth2Client } = await import('google-auth-library')
  const client = await own(auth)
  if (client instanceof OAuth2Client && client.refreshHandler !== undefined)
    client.setCredentials(await client.refreshHandler())
  else await client.getAccessToken().catch(unfound)
}

const own = (auth: GoogleAuth): Promise<AuthClient> => auth.getClient().catch(unfound)

/** The library's words name what it looked for, and nothing that it found. */
function unfound(cause: unknown): never {
  if (cause instanceof CloudError) throw cause
  const isNone = cause instanceof Error && /default credentials/i.test(cause.message)
  throw isNone
    ? new CloudError(
        'unauthorized',
        'the operator found no Google credentials: set spec.credentialsSecretRef, or give the operator an identity of its own',
        { cause },
      )
    : new CloudError('unavailable', "Google gave no token for the operator's own identity", { cause })
}
