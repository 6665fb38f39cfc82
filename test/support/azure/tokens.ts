import { randomUUID } from 'node:crypto'
import { ArmFailure } from './failure.ts'
import type { AzureWorld, Principal } from './world.ts'

const lifetimeMs = 3_600_000

/** What MSAL asks of an authority before it asks for a token. */
export const openIdOf = (origin: string, tenant: string): object => ({
  token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
  authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
  jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
  issuer: `${origin}/${tenant}/v2.0`,
})

/** A token for a service principal's secret, or what Entra ID answers instead. */
export function tokenFor(
  world: AzureWorld,
  tenant: string,
  form: URLSearchParams,
): { readonly status: number; readonly body: object; readonly by: string } {
  const principal = world.principals.find(
    each => each.clientId === form.get('client_id') && each.tenantId === tenant,
  )
  const isGood = principal?.secrets.has(form.get('client_secret') ?? '') === true
  if (principal === undefined || !isGood)
    return {
      status: 401,
      by: principal?.objectId ?? '',
      body: {
        error: principal === undefined ? 'unauthorized_client' : 'invalid_client',
        error_description: `AADSTS7000215: Invalid client secret provided. Trace ID: ${randomUUID()}`,
        error_codes: [7_000_215],
      },
    }
  return {
    status: 200,
    by: principal.objectId,
    body: { token_type: 'Bearer', expires_in: lifetimeMs / 1_000, access_token: give(world, principal) },
  }
}

function give(world: AzureWorld, principal: Principal): string {
  const until = world.now() + lifetimeMs
  const claims = {
    oid: principal.objectId,
    tid: principal.tenantId,
    exp: Math.floor(until / 1_000),
    jti: randomUUID(),
  }
  const token = [{ alg: 'none' }, claims, {}]
    .map(each => Buffer.from(JSON.stringify(each)).toString('base64url'))
    .join('.')
  world.tokens.set(token, { principal, until })
  return token
}

/** Whose a request is. Throws what Resource Manager answers to strangers. */
export function bearer(world: AzureWorld, header: string | undefined): Principal {
  const known = world.tokens.get(header?.replace(/^Bearer /, '') ?? '')
  if (known === undefined)
    throw new ArmFailure(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
  if (known.until < world.now())
    throw new ArmFailure(401, 'ExpiredAuthenticationToken', 'The access token expiry is in the past.')
  return known.principal
}
