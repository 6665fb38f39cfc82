import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import forge from 'node-forge'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { credentialOf, parseCredentials, prove } from '../../src/clouds/azure/credentials.ts'

const path = 'spec.credentialsSecretRef'
const call = { signal: AbortSignal.timeout(60_000) }
const tenantId = '99999999-2222-3333-4444-555555555555'
const clientId = '88888888-2222-3333-4444-555555555555'
const objectId = '77777777-2222-3333-4444-555555555555'
const word = 'Very8Q~secret'
const secret = { tenantId, clientId, clientSecret: word }
const scope = 'https://management.azure.com/.default'

interface Pair {
  readonly key: string
  readonly certificate: string
}

/** Signed by itself, for a server on this machine and for a service principal alike. */
function aPair(): Pair {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const key = forge.pki.privateKeyFromPem(privateKey)
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e)
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(Date.now() - 60_000)
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000)
  const name = [{ name: 'commonName', value: 'Entra' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true },
    { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
  ])
  certificate.sign(key, forge.md.sha256.create())
  return { key: privateKey, certificate: forge.pki.certificateToPem(certificate) }
}

const [serving, principal, another] = [aPair(), aPair(), aPair()]
const withCertificate = {
  tenantId,
  clientId,
  clientCertificate: `${principal.certificate}\n${principal.key}`,
}

/** Microsoft Entra's server of tokens: what it was asked for, and how it answers. */
interface Entra {
  readonly server: Server
  readonly asked: URLSearchParams[]
  refusal: { readonly status: number; readonly error: string; readonly description: string } | undefined
  claims: Readonly<Record<string, unknown>>
}

let entra: Entra

const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')

async function answer(state: Entra, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request)
  const origin = `https://${request.headers.host ?? ''}/${tenantId}`
  const isToken = request.url?.includes('/oauth2/v2.0/token') === true
  if (isToken) state.asked.push(new URLSearchParams(body))
  const token = [{ alg: 'none' }, { ...state.claims, n: state.asked.length }].map(encoded).join('.')
  const { status, error, description } = state.refusal ?? { status: 200, error: '', description: '' }
  const given =
    status === 200
      ? { token_type: 'Bearer', expires_in: 3599, access_token: `${token}.` }
      : { error, error_description: description }
  response.writeHead(isToken ? status : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(isToken ? given : configuration(origin)))
}

const configuration = (origin: string) => ({
  token_endpoint: `${origin}/oauth2/v2.0/token`,
  authorization_endpoint: `${origin}/oauth2/v2.0/authorize`,
  end_session_endpoint: `${origin}/oauth2/v2.0/logout`,
  jwks_uri: `${origin}/discovery/v2.0/keys`,
  issuer: `${origin}/v2.0`,
})

async function anEntra(): Promise<Entra> {
  const state: Entra = {
    asked: [],
    refusal: undefined,
    claims: { oid: objectId, tid: tenantId },
    server: createServer({ key: serving.key, cert: serving.certificate }, (request, response) => {
      void answer(state, request, response)
    }),
  }
  await new Promise<void>(resolve => {
    state.server.listen(0, '127.0.0.1', resolve)
  })
  const address = state.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  vi.stubEnv('AZURE_AUTHORITY_HOST', `https://127.0.0.1:${port}`)
  return state
}

const usual = getCACertificates('default')
beforeAll(() => setDefaultCACertificates([...usual, serving.certificate]))
afterAll(() => setDefaultCACertificates(usual))
beforeEach(async () => {
  entra = await anEntra()
})
afterEach(() => {
  vi.unstubAllEnvs()
  entra.server.closeAllConnections()
  entra.server.close()
})

const numberOf = (token: string): unknown =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).n

test('a secret is asked with, and the token is kept', async () => {
  const credential = credentialOf(parseCredentials(secret, path))
  const first = await credential.getToken(scope)
  expect(numberOf(first?.token ?? '')).toBe(1)
  expect((await credential.getToken(scope))?.token).toBe(first?.token)
  expect(Object.fromEntries(entra.asked[0] ?? [])).toMatchObject({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: word,
    scope: expect.stringContaining(scope),
  })
})

test('a certificate signs, and its key stays here', async () => {
  const credential = credentialOf(parseCredentials(withCertificate, path))
  await credential.getToken(scope)
  const [asked] = entra.asked
  expect(asked?.get('client_assertion')?.split('.')).toHaveLength(3)
  expect(asked?.toString()).not.toContain('PRIVATE')
})

test('a proof asks anew, says whose the token is, and what it gets is used', async () => {
  const credential = credentialOf(parseCredentials(secret, path))
  await credential.getToken(scope)
  expect(await prove(credential, call)).toEqual({ objectId, tenantId })
  expect(numberOf((await credential.getToken(scope))?.token ?? '')).toBe(2)
})

test('another server than Azure is a token of its own', async () => {
  vi.stubEnv('AZURE_RESOURCE_MANAGER_ENDPOINT', 'https://management.acme.example/')
  await prove(credentialOf(parseCredentials(secret, path)), call)
  expect(entra.asked[0]?.get('scope')).toContain('https://management.acme.example/.default')
})

test("the operator's own secret is found in its environment", async () => {
  vi.stubEnv('AZURE_TENANT_ID', tenantId)
  vi.stubEnv('AZURE_CLIENT_ID', clientId)
  vi.stubEnv('AZURE_CLIENT_SECRET', word)
  expect(await prove(credentialOf(undefined), call)).toEqual({ objectId, tenantId })
})

test.each([
  {
    status: 401,
    error: 'invalid_client',
    description: `AADSTS7000215: Invalid client secret provided ${word}. Trace ID: 1`,
    fault: 'unauthorized',
    says: '(AADSTS7000215)',
  },
  {
    status: 400,
    error: 'unauthorized_client',
    description: 'AADSTS700016: Application was not found',
    fault: 'unauthorized',
    says: '(AADSTS700016)',
  },
  {
    status: 400,
    error: 'temporarily_unavailable',
    description: 'AADSTS90033: A transient error has occurred',
    fault: 'unavailable',
    says: 'an error of its own',
  },
])('a proof that is refused with $error is $fault', async ({ fault, says, ...refusal }) => {
  entra.refusal = refusal
  const failed = prove(credentialOf(parseCredentials(secret, path)), call)
  await expect(failed).rejects.toMatchObject({
    name: 'CloudError',
    fault,
    message: expect.stringContaining(says),
  })
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining(word) })
})

test('a token that does not say whose it is proves nothing', async () => {
  entra.claims = {}
  const failed = prove(credentialOf(parseCredentials(secret, path)), call)
  await expect(failed).rejects.toMatchObject({ fault: 'unavailable' })
})

test('a server of tokens that is not there says nothing of credentials', async () => {
  vi.stubEnv('AZURE_AUTHORITY_HOST', 'https://127.0.0.1:9')
  const failed = prove(credentialOf(parseCredentials(secret, path)), call)
  await expect(failed).rejects.toMatchObject({ fault: 'unavailable' })
})

test('a proof ends when its call does', async () => {
  const failed = prove(credentialOf(parseCredentials(secret, path)), { signal: AbortSignal.abort() })
  await expect(failed).rejects.toMatchObject({ fault: 'timeout' })
})

const refused = (given: Record<string, string>): string => {
  try {
    parseCredentials(given, path)
    return 'taken'
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

test.each([
  { given: 'nothing', secret: {}, says: `${path}.tenantId: is missing` },
  { given: 'another key', secret: { ...secret, password: word }, says: `${path}.password: is not known` },
  { given: 'a tenant by name', secret: { ...secret, tenantId: word }, says: `${path}.tenantId: is no id` },
  { given: 'no proof', secret: { tenantId, clientId }, says: 'and has neither' },
  { given: 'two proofs', secret: { ...secret, ...withCertificate }, says: 'and has both' },
  {
    given: 'no PEM',
    secret: { tenantId, clientId, clientCertificate: word },
    says: `${path}.clientCertificate: must be the PEM`,
  },
  {
    given: "another's key",
    secret: { tenantId, clientId, clientCertificate: `${principal.certificate}\n${another.key}` },
    says: `${path}.clientCertificate: must be the PEM`,
  },
])('of a Secret with $given the key is named and never a value', ({ secret: given, says }) => {
  const message = refused(given)
  expect(message).toContain(says)
  expect(message).not.toContain(word)
})
