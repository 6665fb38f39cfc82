import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseCredentials } from '../../src/clouds/azure/credentials.ts'
import { authorityIn, placeIn } from '../../src/clouds/azure/endpoints.ts'

const tenantId = '0f8fad5b-d9cb-469f-a165-70867728950e'
const clientId = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const at = 'spec.credentialsSecretRef'
const key = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

test('a secret is taken as it is, without what an editor puts behind it', () => {
  expect(parseCredentials({ tenantId, clientId: `${clientId}\n`, clientSecret: 'word\n' }, at)).toEqual({
    tenantId,
    clientId,
    proof: { kind: 'secret', secret: 'word' },
  })
})

test.each([
  [{ clientId, clientSecret: 'word' }, '.tenantId: is missing'],
  [{ tenantId, clientSecret: 'word' }, '.clientId: is missing'],
  [{ tenantId: 'acme.com', clientId, clientSecret: 'word' }, '.tenantId: must be an id'],
  [{ tenantId, clientId }, 'must hold exactly one of'],
  [{ tenantId, clientId, clientSecret: 'word', clientCertificate: 'x' }, 'must hold exactly one of'],
  [{ tenantId, clientId, clientCertificate: 'word' }, '.clientCertificate: must hold a certificate'],
  [{ tenantId, clientId, clientCertificate: key() }, '.clientCertificate: must hold a certificate'],
  [{ tenantId, clientId, clientSecret: 'word', subscriptionId: 'x' }, '.subscriptionId: is not known here'],
])('%# is refused, and no value is told', (secret, says) => {
  const refused = (): unknown => parseCredentials(secret, at)
  expect(refused).toThrow(says)
  expect(refused).not.toThrow(/word|BEGIN/)
})

test('other servers are named by the operator’s own surroundings alone', () => {
  expect([placeIn({}), authorityIn({})]).toEqual([
    { endpoint: 'https://management.azure.com', audience: 'https://management.azure.com' },
    { authorityHost: 'https://login.microsoftonline.com', disableInstanceDiscovery: false },
  ])
  const own = {
    AZURE_RESOURCE_MANAGER_ENDPOINT: 'https://127.0.0.1:4443/',
    AZURE_AUTHORITY_HOST: 'https://127.0.0.1:4444/',
  }
  expect([placeIn(own), authorityIn(own)]).toEqual([
    { endpoint: 'https://127.0.0.1:4443', audience: 'https://127.0.0.1:4443' },
    { authorityHost: 'https://127.0.0.1:4444', disableInstanceDiscovery: true },
  ])
})
