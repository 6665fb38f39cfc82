import { randomBytes, verify } from 'node:crypto'
import { isRecord } from '../../../src/lib/parse.ts'
import { GceFailure } from './failure.ts'
import type { Account, Json, World } from './world.ts'

export const lastsMs = 3_599_000
const skewMs = 300_000

/** OAuth's own way to refuse. */
export interface Refusal {
  readonly error: string
  readonly error_description: string
}

const refusal = (error_description: string, error = 'invalid_grant'): Refusal => ({
  error,
  error_description,
})

/** What the token endpoint answers to a signed claim. */
export function exchange(world: World, form: URLSearchParams): Json | Refusal {
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    return refusal('Invalid grant type', 'unsupported_grant_type')
  const claim = claimIn(form.get('assertion') ?? '')
  if (claim === undefined) return refusal('Bad Request')
  const account = signerOf(world, claim)
  if (typeof account === 'string') return refusal(account)
  if (typeof claim.body['scope'] !== 'string')
    return refusal('Empty or missing scope not allowed.', 'invalid_scope')
  return { access_token: issue(world, account.email), expires_in: lastsMs / 1_000, token_type: 'Bearer' }
}

/** Who says that the claim is theirs, whether it is or not. */
export function issuerIn(form: string): string {
  const issuer = claimIn(new URLSearchParams(form).get('assertion') ?? '')?.body['iss']
  return typeof issuer === 'string' ? issuer : ''
}

interface Claim {
  readonly head: Json
  readonly body: Json
  readonly signed: string
  readonly signature: string
}

function claimIn(assertion: string): Claim | undefined {
  const [first = '', second = '', signature = ''] = assertion.split('.')
  const [head, body] = [decoded(first), decoded(second)]
  if (!isRecord(head) || !isRecord(body)) return undefined
  return { head, body, signature, signed: `${first}.${second}` }
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** The account that has signed it, or what is wrong. */
function signerOf({ accounts, now }: World, { head, body, signed, signature }: Claim): Account | string {
  const account = accounts.get(String(body['iss']))
  if (account === undefined) return 'Invalid grant: account not found'
  const key = account.keys.get(String(head['kid']))
  if (key === undefined || key.isRevoked || head['alg'] !== 'RS256') return 'Invalid JWT Signature.'
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(signed),
    key.publicKey,
    Buffer.from(signature, 'base64url'),
  )
  if (!isSigned) return 'Invalid JWT Signature.'
  const [iat, exp] = [Number(body['iat']) * 1_000, Number(body['exp']) * 1_000]
  const isInTime = iat <= now() + skewMs && exp >= now() - skewMs && exp - iat <= 3_600_000
  return isInTime
    ? account
    : 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.'
}

function issue({ tokens, now }: World, email: string): string {
  const token = `ya29.${randomBytes(24).toString('base64url')}`
  tokens.set(token, { email, endsAt: now() + lastsMs })
  return token
}

/** Whose token it is, or whose own signature stands in for one. Throws where it is nobody's, or over. */
export function bearerOf(world: World, authorization: string | undefined): Account {
  const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ''
  const known = world.tokens.get(token)
  const account = known === undefined ? ownSigner(world, token) : world.accounts.get(known.email)
  if (account === undefined || (known !== undefined && world.now() >= known.endsAt))
    throw new GceFailure(
      401,
      'authError',
      'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
    )
  return account
}

function ownSigner(world: World, token: string): Account | undefined {
  const claim = claimIn(token)
  const account = claim === undefined ? undefined : signerOf(world, claim)
  return typeof account === 'string' ? undefined : account
}

/** A token for an account that another takes on. */
export function generateAccessToken(world: World, by: Account, email: string): Json {
  const account = world.accounts.get(email)
  if (account === undefined || !account.impersonators.has(by.email))
    throw new GceFailure(
      403,
      'forbidden',
      "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    )
  const expireTime = new Date(world.now() + lastsMs).toISOString()
  return { accessToken: issue(world, email), expireTime }
}
