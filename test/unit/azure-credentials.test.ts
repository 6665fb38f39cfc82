import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseCredentials } from '../../src/clouds/azure/credentials.ts'

const tenantId = '0f8fad5b-d9cb-469f-a165-70867728950e'
const clientId = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
const at = 'spec.credentialsSecretRef'
const key = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2_048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString()

test('a secret is taken as it is, without what an editor puts behind it', () => {
  expect(
    parseCredentials({ tenantId, clientId: `${clientId}\n`, clientSecret: 'word-of-mine\n' }, at),
  ).toEqual({
    tenantId,
    clientId,
    proof: { kind: 'secret', secret: 'word-of-mine' },
  })
})

test.each([
  [{ clientId, clientSecret: 'word-of-mine' }, '.tenantId: is missing'],
  [{ tenantId, clientSecret: 'word-of-mine' }, '.clientId: is missing'],
  [{ tenantId: 'acme.com', clientId, clientSecret: 'word-of-mine' }, '.tenantId: is no id'],
  [{ tenantId, clientId }, 'needs one of'],
  [{ tenantId, clientId, clientSecret: 'word-of-mine', clientCertificate: 'x' }, 'needs one of'],
  [{ tenantId, clientId, clientCertificate: 'word-of-mine' }, '.clientCertificate: must be the PEM'],
  [{ tenantId, clientId, clientCertificate: key() }, '.clientCertificate: must be the PEM'],
  [
    { tenantId, clientId, clientSecret: 'word-of-mine', subscriptionId: 'x' },
    '.subscriptionId: is not known here',
  ],
])('%# is refused, and no value is told', (secret, says) => {
  const refused = (): unknown => parseCredentials(secret, at)
  expect(refused).toThrow(says)
  expect(refused).not.toThrow(/word-of-mine|BEGIN/)
})
