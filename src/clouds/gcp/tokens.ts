import { createSign } from 'node:crypto'
import { isRecord } from '../../lib/parse.ts'
import { CloudError } from '../../model/faults.ts'
import type { GcpCredentials } from './credentials.ts'
import { googleTokenUrl, impersonationUrl, tokenUrl } from './endpoints.ts'

/** As Google's own library keeps one. */
export interface Token {
  readonly access_token: string
  /** In milliseconds since 1970. */
  readonly expiry_date: number
}

interface Request {
  readonly url: string
  readonly method: 'POST'
  readonly headers?: Record<string, string>
  readonly data: URLSearchParams | Readonly<Record<string, unknown>>
  readonly timeout: number
  readonly retry: false
}

/** Sends a request as the SDK does, through a proxy where there is one. Rejects with `response.status` where there was an answer. */
export type Post = (request: Request) => Promise<{ readonly data: unknown }>

const patienceMs = 10_000
const lifetimeSeconds = 3_600

/** All that asking for another account's token needs. */
const impersonationScope = 'https://www.googleapis.com/auth/iam'

/** A token of the key's account, or of the one it acts as. Throws a CloudError. */
export async function freshToken(
  { key, impersonate }: GcpCredentials,
  scope: string,
  post: Post,
): Promise<Token> {
  if (impersonate === undefined) return ofKey(key, scope, post)
  const { access_token: bearer } = await ofKey(key, impersonationScope, post)
  const answer = await asked(
    post,
    {
      url: impersonationUrl(impersonate),
      headers: { authorization: `Bearer ${bearer}` },
      data: { scope: [scope], lifetime: `${lifetimeSeconds}s` },
    },
    `${key.email} may not act as ${impersonate}: give it roles/iam.serviceAccountTokenCreator there, and see that the account exists`,
  )
  const { accessToken, expireTime } = answer
  return readable(accessToken, typeof expireTime === 'string' ? Date.parse(expireTime) : Number.NaN)
}

async function ofKey(key: GcpCredentials['key'], scope: string, post: Post): Promise<Token> {
  const sentAt = Date.now()
  const answer = await asked(
    post,
    {
      url: tokenUrl(),
      data: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertion(key, scope, sentAt),
      }),
    },
    'Google does not know this key, or not any more: put a working one into the Secret, and see that the clock is right',
  )
  const { access_token: found, expires_in: seconds } = answer
  return readable(found, sentAt + Number(seconds) * 1_000)
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests */
function assertion({ email, privateKey, id }: GcpCredentials['key'], scope: string, now: number): string {
  const iat = Math.floor(now / 1_000)
  const header = { alg: 'RS256', typ: 'JWT', ...(id === undefined ? {} : { kid: id }) }
  const claims = { iss: email, scope, aud: googleTokenUrl, iat, exp: iat + lifetimeSeconds }
  const signed = `${encoded(header)}.${encoded(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

async function asked(
  post: Post,
  request: Pick<Request, 'url' | 'headers' | 'data'>,
  refused: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { data } = await post({ ...request, method: 'POST', timeout: patienceMs, retry: false })
    return isRecord(data) ? data : {}
  } catch (error) {
    throw unanswered(error, refused)
  }
}

/** Nothing of a request goes along: it holds a signature, or a token. */
function unanswered(error: unknown, refused: string): CloudError {
  const status = statusOf(error)
  if (status === 429) return new CloudError('throttled', 'Google asks for fewer requests for tokens')
  if (status !== undefined && status >= 400 && status < 500) return new CloudError('unauthorized', refused)
  return status === undefined
    ? new CloudError('unavailable', 'Google could not be reached for a token')
    : new CloudError('unavailable', 'Google had an error of its own while it made a token')
}

function statusOf(error: unknown): number | undefined {
  const response: unknown = error instanceof Error && 'response' in error ? error.response : undefined
  const status: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}

function readable(token: unknown, expiresAt: number): Token {
  if (typeof token === 'string' && token !== '' && Number.isFinite(expiresAt))
    return { access_token: token, expiry_date: expiresAt }
  throw new CloudError('unavailable', 'Google gave an answer without a token')
}
