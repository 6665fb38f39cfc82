import type { GetTokenOptions, TokenCredential } from '@azure/identity'
import type { Call } from '../../lib/call.ts'
import { isRecord } from '../../lib/parse.ts'
import { CloudError } from '../../model/faults.ts'
import type { AzureCredentials } from './credentials.ts'
import { authority, tokenScope } from './endpoints.ts'

/** Who a token is for. */
export interface Principal {
  readonly objectId: string
  readonly tenantId: string
}

/** Azure's library keeps a token until it ends: one is asked for anew by a credential that has kept none. */
class Renewable implements TokenCredential {
  readonly #make: () => Promise<TokenCredential>
  #current: Promise<TokenCredential> | undefined

  constructor(make: () => Promise<TokenCredential>) {
    this.#make = make
  }

  async getToken(scopes: string | string[], options?: GetTokenOptions) {
    this.#current ??= this.#make()
    return tokenOf(await this.#current, scopes, options)
  }

  /** The token, and whatever is asked of Azure from then on is asked with it. */
  async renewed(): Promise<string> {
    const fresh = await this.#make()
    const { token } = await tokenOf(fresh, tokenScope())
    this.#current = Promise.resolve(fresh)
    return token
  }
}

/** What signs requests: the Secret's service principal, or the operator's own identity where there is none. It throws CloudErrors. */
export const credentialOf = (credentials: AzureCredentials | undefined): TokenCredential =>
  new Renewable(() => (credentials === undefined ? own() : ofPrincipal(credentials)))

async function ofPrincipal({ tenantId, clientId, proof }: AzureCredentials): Promise<TokenCredential> {
  const { ClientCertificateCredential, ClientSecretCredential } = await import('@azure/identity')
  return proof.kind === 'secret'
    ? new ClientSecretCredential(tenantId, clientId, proof.secret, authority())
    : new ClientCertificateCredential(tenantId, clientId, { certificate: proof.pem }, authority())
}

const has = (name: string): boolean => Boolean(process.env[name])

/** Workload identity comes before whatever else the environment names; on a desk the log-in of `az` is found last. */
async function own(): Promise<TokenCredential> {
  const { DefaultAzureCredential, EnvironmentCredential, WorkloadIdentityCredential } = await import(
    '@azure/identity'
  )
  try {
    if (has('AZURE_FEDERATED_TOKEN_FILE')) return new WorkloadIdentityCredential(authority())
    if (has('AZURE_CLIENT_SECRET') || has('AZURE_CLIENT_CERTIFICATE_PATH'))
      return new EnvironmentCredential(authority())
    return new DefaultAzureCredential(authority())
  } catch (cause) {
    throw unfound(cause)
  }
}

/** Asks for a token now, whatever is still good: it proves the credentials, and needs no right. Throws a CloudError. */
export async function prove(credential: TokenCredential, { signal }: Call): Promise<Principal> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(new CloudError('timeout', 'Microsoft Entra did not answer in time'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return principalIn(await Promise.race([freshToken(credential), ended]))
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

const freshToken = async (credential: TokenCredential): Promise<string> =>
  credential instanceof Renewable ? credential.renewed() : (await tokenOf(credential, tokenScope())).token

/** The middle of a JWT. Its signature is for Azure to judge. */
function principalIn(token: string): Principal {
  const claims = claimsIn(token.split('.')[1] ?? '')
  const { oid: objectId, tid: tenantId } = claims
  if (typeof objectId === 'string' && typeof tenantId === 'string') return { objectId, tenantId }
  throw new CloudError('unavailable', 'Microsoft Entra gave a token that does not say whose it is')
}

function claimsIn(part: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isRecord(found) ? found : {}
  } catch {
    return {}
  }
}

async function tokenOf(credential: TokenCredential, scopes: string | string[], options?: GetTokenOptions) {
  const found = await credential.getToken(scopes, options).catch((error: unknown) => {
    throw translated(error)
  })
  if (found !== null) return found
  throw new CloudError('unavailable', 'Microsoft Entra gave an answer without a token')
}

/** Nothing of a request goes along: it holds a secret, or what was signed with one. */
function translated(error: unknown): CloudError {
  if (error instanceof CloudError) return error
  const said = wordsOf(error)
  const code = /AADSTS[0-9]{4,8}/.exec(said)?.[0]
  if (/temporarily_unavailable|AADSTS9003[36]\b|AADSTS5000(?:0|1)\b/.test(said))
    return new CloudError('unavailable', 'Microsoft Entra had an error of its own while it made a token')
  if (/AADSTS50196\b|too many requests|throttl/i.test(said))
    return new CloudError('throttled', 'Microsoft Entra asks for fewer requests for tokens')
  if (code !== undefined) return new CloudError('unauthorized', refusal(code))
  if (/invalid_client|invalid_grant|unauthorized_client/.test(said))
    return new CloudError('unauthorized', refusal('no code'))
  // The library calls credentials unavailable, too, where it could not ask how tokens are to be had.
  const isUnasked = /endpoints_resolution_error|openid_config_error|network_error/.test(said)
  return isUnfound(error) && !isUnasked
    ? unfound(error)
    : new CloudError('unavailable', 'Microsoft Entra could not be reached for a token')
}

const refusal = (code: string): string =>
  `Microsoft Entra does not know these credentials, or not any more (${code}): see that tenant, client and secret or certificate belong together and have not expired`

const isUnfound = (error: unknown): boolean =>
  error instanceof Error && /^(?:AggregateAuthenticationError|CredentialUnavailableError)$/.test(error.name)

const unfound = (_cause: unknown): CloudError =>
  new CloudError(
    'unauthorized',
    'the operator found no Azure credentials: set spec.credentialsSecretRef, or give the operator an identity of its own',
  )

/** Of an error and what it came from. */
function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return ''
  const code: unknown = 'errorCode' in error ? error.errorCode : ''
  return `${typeof code === 'string' ? code : ''} ${error.message} ${wordsOf(error.cause, depth + 1)}`
}
