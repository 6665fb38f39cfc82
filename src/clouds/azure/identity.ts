// oxlint-disable-next-line import/no-unassigned-import -- it has to run before the libraries are loaded
import './quiet.ts'
import {
  AzureCliCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  EnvironmentCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import type { Call } from '../../lib/call.ts'
import { isRecord } from '../../lib/parse.ts'
import { CloudError } from '../../model/faults.ts'
import type { AzureCredentials } from './credentials.ts'
import { authorityIn, placeIn } from './endpoints.ts'

/** Nothing is tried again by the library: the house does that. */
const manner = () => ({ ...authorityIn(process.env), retryOptions: { maxRetries: 0 } })

/** What signs requests: the Secret's principal, or the operator's own identity. Tokens are renewed before they end. */
export function credentialOf(credentials: AzureCredentials | undefined): TokenCredential {
  if (credentials === undefined) return ownIdentity(process.env)
  const { tenantId, clientId, proof } = credentials
  return proof.kind === 'secret'
    ? new ClientSecretCredential(tenantId, clientId, proof.secret, manner())
    : new ClientCertificateCredential(tenantId, clientId, { certificate: proof.pem }, manner())
}

/** The first that the surroundings are made for: one that does not work is said, and no other taken in its place. */
function ownIdentity(environment: NodeJS.ProcessEnv): TokenCredential {
  const has = (name: string): boolean => (environment[name] ?? '') !== ''
  if (has('AZURE_FEDERATED_TOKEN_FILE')) return new WorkloadIdentityCredential(manner())
  if (has('AZURE_CLIENT_SECRET') || has('AZURE_CLIENT_CERTIFICATE_PATH'))
    return new EnvironmentCredential(manner())
  if (has('AZURE_CONFIG_DIR') && !has('AZURE_CLIENT_ID')) return new AzureCliCredential()
  const clientId = environment['AZURE_CLIENT_ID']
  const { retryOptions } = manner()
  return clientId
    ? new ManagedIdentityCredential({ clientId, retryOptions })
    : new ManagedIdentityCredential({ retryOptions })
}

/** Whose a token is, as Entra ID says it. */
export interface Principal {
  readonly objectId: string
  readonly tenantId: string
}

/** Asks for a token anew, which no right is needed for; what an earlier one was good for counts nothing. */
export async function prove(credentials: AzureCredentials | undefined, { signal }: Call): Promise<Principal> {
  const { audience } = placeIn(process.env)
  const found = await credentialOf(credentials).getToken(`${audience}/.default`, { abortSignal: signal })
  const claims = claimsIn(found?.token ?? '')
  const { oid: objectId, tid: tenantId } = claims
  if (typeof objectId !== 'string' || typeof tenantId !== 'string')
    throw new CloudError('unauthorized', 'Entra ID gave a token that does not say whose it is')
  return { objectId, tenantId }
}

/** https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
function claimsIn(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return isRecord(claims) ? claims : {}
  } catch {
    return {}
  }
}
