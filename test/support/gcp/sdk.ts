import { createSign } from 'node:crypto'
import { GoogleAuth, OAuth2Client } from 'google-auth-library'
import { record, text } from '../../../src/lib/parse.ts'
import type { KeyFile } from './accounts.ts'
import type { Gce } from './gce.ts'

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const coded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A service account's claim, signed as Google wants it. */
export function claimOf(
  { client_email: iss, private_key_id: kid, private_key: key }: KeyFile,
  at = Date.now(),
): string {
  const iat = Math.floor(at / 1_000)
  const claim = { iss, scope, aud: 'https://oauth2.googleapis.com/token', iat, exp: iat + 3_600 }
  const signed = `${coded({ alg: 'RS256', typ: 'JWT', kid })}.${coded(claim)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`
}

/** What the token endpoint answers to a claim. */
export async function askToken(
  tokenEndpoint: string,
  assertion: string,
): Promise<{ status: number; body: unknown }> {
  const body = new URLSearchParams({ grant_type: grantType, assertion })
  const response = await fetch(tokenEndpoint, { method: 'POST', body })
  return { status: response.status, body: await response.json() }
}

/** What the SDK's clients are opened with to speak to a simulated Google, past our own code. */
export function sdkOptions({ endpoint, tokenEndpoint, world }: Gce, key: KeyFile) {
  const client = new OAuth2Client({ forceRefreshOnFailure: true })
  client.refreshHandler = async () => {
    const { body } = await askToken(tokenEndpoint, claimOf(key, world.now()))
    const { access_token: token } = record(body, 'token')
    return { access_token: text(token, 'access_token'), expiry_date: Date.now() + 3_599_000 }
  }
  const { hostname, port } = new URL(endpoint)
  const fallback = 'rest' as const
  return {
    apiEndpoint: hostname,
    port: Number(port),
    protocol: 'http',
    fallback,
    auth: new GoogleAuth({ authClient: client }),
  }
}
