import { generateKeyPairSync, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { authOf, parseCredentials, proveCredentials } from '../../src/clouds/gcp/credentials.ts'

const path = 'spec.credentialsSecretRef'
const call = { signal: AbortSignal.timeout(60_000) }
const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const email = 'dask@acme-data.iam.gserviceaccount.com'
const other = 'other@acme-data.iam.gserviceaccount.com'
const key = {
  type: 'service_account',
  project_id: 'acme-data',
  private_key_id: 'k1',
  private_key: pair.privateKey,
  client_email: email,
  token_uri: 'http://127.0.0.1:1/token',
}
const secretOf = (more: object = {}, beside: Record<string, string> = {}) => ({
  'credentials.json': JSON.stringify({ ...key, ...more }),
  ...beside,
})

/** Google's two servers of tokens: what they were asked for, and what they answer. */
interface Google {
  readonly server: Server
  readonly asked: {
    readonly url: string
    readonly claims: unknown
    readonly bearer: string | undefined
    readonly body: string
  }[]
  statuses: { token: number; impersonation: number }
}

let google: Google

const claimsOf = (assertion: string): unknown => {
  const [header = '', claims = '', signature = ''] = assertion.split('.')
  const isGood = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${claims}`),
    pair.publicKey,
    Buffer.from(signature, 'base64url'),
  )
  return isGood ? JSON.parse(Buffer.from(claims, 'base64url').toString()) : 'forged'
}

async function answer(
  { asked, statuses }: Google,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await text(request)
  const url = request.url ?? ''
  const assertion = new URLSearchParams(body).get('assertion') ?? ''
  asked.push({ url, body, claims: claimsOf(assertion), bearer: request.headers.authorization })
  const status = url === '/token' ? statuses.token : statuses.impersonation
  const given =
    url === '/token'
      ? { access_token: `t-${asked.length}`, expires_in: 3599, token_type: 'Bearer' }
      : { accessToken: `as-${asked.length}`, expireTime: new Date(Date.now() + 3_600_000).toISOString() }
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(status === 200 ? given : { error: 'invalid_grant' }))
}

async function aGoogle(): Promise<Google> {
  const state: Google = {
    asked: [],
    statuses: { token: 200, impersonation: 200 },
    server: createServer((request, response) => void answer(state, request, response)),
  }
  await new Promise<void>(resolve => {
    state.server.listen(0, '127.0.0.1', resolve)
  })
  const address = state.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  vi.stubEnv('CLOUDSDK_AUTH_TOKEN_HOST', `http://127.0.0.1:${port}/token`)
  vi.stubEnv('CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS', `http://127.0.0.1:${port}/`)
  return state
}

beforeEach(async () => {
  google = await aGoogle()
})
afterEach(() => {
  vi.unstubAllEnvs()
  google.server.closeAllConnections()
  google.server.close()
})

const headerOf = async (auth: Awaited<ReturnType<typeof authOf>>): Promise<string | null> =>
  (await auth.getRequestHeaders()).get('authorization')

test('a key is read, and asks where the operator is told to and never where the key says', async () => {
  const auth = await authOf(parseCredentials(secretOf(), path))
  expect(await headerOf(auth)).toBe('Bearer t-1')
  expect(await headerOf(auth)).toBe('Bearer t-1')
  expect(google.asked).toMatchObject([
    {
      url: '/token',
      claims: {
        iss: email,
        aud: 'https://oauth2.googleapis.com/token',
        scope: 'https://www.googleapis.com/auth/compute',
      },
    },
  ])
})

test('those who ask at once share one token', async () => {
  const auth = await authOf(parseCredentials(secretOf(), path))
  expect(await Promise.all([headerOf(auth), headerOf(auth), headerOf(auth)])).toEqual([
    'Bearer t-1',
    'Bearer t-1',
    'Bearer t-1',
  ])
})

test('another account is acted as with a token that is good for nothing else', async () => {
  const auth = await authOf(parseCredentials(secretOf({}, { impersonate: `${other}\n` }), path))
  expect(await headerOf(auth)).toBe('Bearer as-2')
  const [first, second] = google.asked
  expect(first).toMatchObject({ claims: { scope: 'https://www.googleapis.com/auth/iam' } })
  expect(second).toMatchObject({
    url: `/v1/projects/-/serviceAccounts/${encodeURIComponent(other)}:generateAccessToken`,
    bearer: 'Bearer t-1',
  })
  expect(JSON.parse(second?.body ?? '')).toEqual({
    scope: ['https://www.googleapis.com/auth/compute'],
    lifetime: '3600s',
  })
})

test('a proof asks anew, and what it gets is used', async () => {
  const auth = await authOf(parseCredentials(secretOf(), path))
  expect(await headerOf(auth)).toBe('Bearer t-1')
  await proveCredentials(auth, call)
  expect(await headerOf(auth)).toBe('Bearer t-2')
})

test.each([
  { status: 400, fault: 'unauthorized', says: 'Google does not know this key, or not any more' },
  { status: 401, fault: 'unauthorized', says: 'Google does not know this key' },
  { status: 429, fault: 'throttled', says: 'fewer requests' },
  { status: 503, fault: 'unavailable', says: 'an error of its own' },
])('a proof that is answered with $status is $fault', async ({ status, fault, says }) => {
  const auth = await authOf(parseCredentials(secretOf(), path))
  google.statuses.token = status
  await expect(proveCredentials(auth, call)).rejects.toMatchObject({
    name: 'CloudError',
    fault,
    message: expect.stringContaining(says),
  })
})

test('an account that may not be acted as is named', async () => {
  const auth = await authOf(parseCredentials(secretOf({}, { impersonate: other }), path))
  await proveCredentials(auth, call)
  google.statuses.impersonation = 403
  await expect(proveCredentials(auth, call)).rejects.toMatchObject({
    fault: 'unauthorized',
    message: `${email} may not act as ${other}: give it roles/iam.serviceAccountTokenCreator there, and see that the account exists`,
  })
})

test('a server that is not there is no refusal', async () => {
  google.server.close()
  google.server.closeAllConnections()
  const auth = await authOf(parseCredentials(secretOf(), path))
  await expect(proveCredentials(auth, call)).rejects.toMatchObject({ fault: 'unavailable' })
})

test('a proof ends when its call does', async () => {
  const auth = await authOf(parseCredentials(secretOf(), path))
  await expect(proveCredentials(auth, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    fault: 'timeout',
  })
})

const refused = (secret: Record<string, string>): string => {
  try {
    parseCredentials(secret, path)
    return 'taken'
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

const pem = pair.privateKey.split('\n')[1] ?? ''

test.each([
  { given: 'nothing', secret: {}, says: `${path}.credentials.json: is missing` },
  { given: 'another key', secret: { 'key.json': '{}' }, says: `${path}.key.json: is not known here` },
  { given: 'no JSON', secret: { 'credentials.json': pem }, says: `${path}.credentials.json: is not JSON` },
  {
    given: 'a list',
    secret: { 'credentials.json': `["${pem}"]` },
    says: 'must be the JSON key of a service account',
  },
  {
    given: 'a file that runs programs',
    secret: secretOf({ type: 'external_account', credential_source: { executable: { command: 'x' } } }),
    says: `${path}.credentials.json.type: must be service_account, found external_account`,
  },
  { given: 'a person', secret: secretOf({ type: 'authorized_user' }), says: 'found authorized_user' },
  { given: 'a type that may be a secret', secret: secretOf({ type: pem }), says: 'found another' },
  {
    given: 'no key of RSA',
    secret: secretOf({ private_key: pem }),
    says: '.private_key: must be an RSA key',
  },
  {
    given: 'no e-mail',
    secret: secretOf({ client_email: `a@${pem}` }),
    says: '.client_email: must be the e-mail',
  },
  {
    given: 'another universe',
    secret: secretOf({ universe_domain: 'evil.example' }),
    says: '.universe_domain: must be',
  },
  {
    given: 'a person to act as',
    secret: secretOf({}, { impersonate: 'me@acme.com' }),
    says: `${path}.impersonate: must be the e-mail`,
  },
])('of a Secret with $given the key is named and never a value', ({ secret, says }) => {
  const message = refused(secret)
  expect(message).toContain(says)
  expect(message).not.toContain(pem)
})
