import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectGcp } from '../../src/clouds/gcp/connect.ts'
import { parseCredentials } from '../../src/clouds/gcp/credentials.ts'
import { parseSettings } from '../../src/clouds/gcp/settings.ts'
import { CloudError } from '../../src/model/faults.ts'
import { installationId } from '../../src/model/names.ts'
import { addAccount, addKey, revokeKeys } from '../support/gcp/accounts.ts'
import { aGcpGround, type GcpGround, homeProject, homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'

const call = { signal: AbortSignal.timeout(60_000) }
let ground: GcpGround

beforeEach(async () => {
  ground = await aGcpGround({ model: await computeModel() })
  for (const [name, value] of Object.entries(ground.environment)) vi.stubEnv(name, value)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await ground[Symbol.asyncDispose]()
  assert.deepEqual(ground.differing(), [], 'what differs from the discovery document')
})

const secretOf = (file: object, more: Readonly<Record<string, string>> = {}) => ({
  'credentials.json': JSON.stringify(file),
  ...more,
})

/** Without a Secret, with the operator's own identity. */
function opened(secret: Readonly<Record<string, string>> | undefined, project = homeProject) {
  const context = { installation: installationId('ours'), sealingKey: 'key', stateDirectory: '' }
  const settings = parseSettings({ project, region: homeRegion }, 'spec.cloud.gcp')
  return connectGcp(settings, secret && parseCredentials(secret, 'secret'), context)
}

/** The scope that a Secret with this in it leads to, after a list; or the fault, with its words. */
async function reached(
  secret: Readonly<Record<string, string>> | undefined,
  project = homeProject,
): Promise<string> {
  try {
    const cloud = await opened(secret, project)
    try {
      await cloud.list(call)
      return cloud.scope
    } finally {
      await cloud.close()
    }
  } catch (error) {
    return error instanceof CloudError ? `${error.fault}: ${error.message}` : String(error)
  }
}

/** Whose tokens lists were made with. */
const listedBy = () => [...new Set(ground.asked('instances.aggregatedList').map(({ by }) => by))]

test('a key leads to its project', async () => {
  expect(await reached(secretOf(ground.keyFile))).toBe(`gcp/${homeProject}`)
  expect(listedBy()).toEqual([ground.operator.email])
})

test('a key that another account signed with is unauthorized', async () => {
  const other = addAccount(ground.gce.world, { name: 'other', project: homeProject })
  const forged = { ...ground.keyFile, private_key: addKey(other, '').private_key }
  expect(await reached(secretOf(forged))).toMatch(/^unauthorized: .*Google does not know this key/)
})

test('a key of somebody without rights says what they need', async () => {
  const bare = addAccount(ground.gce.world, { name: 'bare', project: homeProject, may: new Set() })
  expect(await reached(secretOf(addKey(bare, '')))).toMatch(/^unauthorized: .*npm run iam-policy -- gcp/)
})

test('another account is acted as, in a project that only it may use', async () => {
  const other = addAccount(ground.gce.world, { name: 'tenant', project: 'dask-tenant' })
  other.impersonators.add(ground.operator.email)
  const secret = secretOf(ground.keyFile, { impersonate: other.email })
  expect(await reached(secretOf(ground.keyFile), 'dask-tenant')).toMatch(/^unauthorized: /)
  ground.gce.ledger.length = 0
  expect(await reached(secret, 'dask-tenant')).toBe('gcp/dask-tenant')
  expect(listedBy()).toEqual([other.email])
})

test('an account that does not let itself be acted as is named, and what to grant', async () => {
  const other = addAccount(ground.gce.world, { name: 'tenant', project: homeProject })
  expect(await reached(secretOf(ground.keyFile, { impersonate: other.email }))).toMatch(
    /^unauthorized: .*may not act as tenant@.*serviceAccountTokenCreator/,
  )
})

test('a key that is revoked while it is in use is known by the next proof', async () => {
  const cloud = await opened(secretOf(ground.keyFile))
  await expect(cloud.prove(call)).resolves.toBeUndefined()
  revokeKeys(ground.gce.world, ground.operator)
  await expect(cloud.prove(call)).rejects.toMatchObject({ fault: 'unauthorized' })
  await cloud.close()
})

test('clusters with the same key share what was opened, and a proof is no call to Compute Engine', async () => {
  const [one, two] = [await opened(secretOf(ground.keyFile)), await opened(secretOf(ground.keyFile))]
  await one.prove(call)
  await one.close()
  await two.close()
  expect(ground.gce.ledger.every(({ method }) => method === 'token')).toBe(true)
})

/** The metadata service as a pod on GKE or a machine sees it, and nothing else that an identity could come from. */
async function aMetadataService(answer: RequestListener): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('metadata-flavor', 'Google')
    if (request.headers['metadata-flavor'] === 'Google') answer(request, response)
    else response.writeHead(403).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${address.port}`)
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', '')
  vi.stubEnv('CLOUDSDK_CONFIG', '/nowhere')
  return server
}

test('without a Secret it is whom the metadata service says', async () => {
  const { tokens } = ground.gce.world
  const own = addAccount(ground.gce.world, { name: 'own', project: homeProject })
  const server = await aMetadataService((request, response) => {
    const token = `ya29.own-${tokens.size}`
    tokens.set(token, { email: own.email, endsAt: Number.POSITIVE_INFINITY })
    const isToken = request.url?.startsWith('/computeMetadata/v1/instance/service-accounts/default/token')
    response.setHeader('content-type', 'application/json')
    response.end(isToken === true ? JSON.stringify({ access_token: token, expires_in: 3599 }) : '{}')
  })
  expect(await reached(undefined)).toBe(`gcp/${homeProject}`)
  expect(listedBy()).toEqual([own.email])
  server.closeAllConnections()
  server.close()
})
