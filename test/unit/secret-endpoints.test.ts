import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { parseCredentials as aws } from '../../src/clouds/aws/credentials.ts'
import { parseCredentials as azure } from '../../src/clouds/azure/credentials.ts'
import type { SecretData } from '../../src/clouds/contract.ts'
import { parseCredentials as digitalOcean } from '../../src/clouds/digitalocean/credentials.ts'
import { parseCredentials as gcp } from '../../src/clouds/gcp/credentials.ts'

const url = 'http://127.0.0.1:1'
const path = 'Secret a'
const inAws = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'any-secret' }
const inAzure = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '21111111-2222-3333-4444-555555555555',
  clientSecret: 'any-secret',
}
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const key = {
  type: 'service_account',
  client_email: 'dask@acme-data.iam.gserviceaccount.com',
  private_key: privateKey,
}
const inGcp = (more: object) => ({ 'credentials.json': JSON.stringify({ ...key, ...more }) })

const refused: readonly {
  readonly cloud: string
  readonly read: (secret: SecretData, path: string) => unknown
  readonly secret: SecretData
  readonly says: string
}[] = [
  ...[
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_EC2',
    'AWS_CA_BUNDLE',
    'AWS_PROFILE',
    'AWS_CONFIG_FILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  ].map(name => ({
    cloud: 'aws',
    read: aws,
    secret: { ...inAws, [name]: url },
    says: `${path}.${name}: is not known`,
  })),
  { cloud: 'aws', read: aws, secret: { ...inAws, AWS_ROLE_ARN: url }, says: 'must be the ARN of a role' },
  ...['authorityHost', 'AZURE_AUTHORITY_HOST', 'endpoint', 'federatedTokenFile'].map(name => ({
    cloud: 'azure',
    read: azure,
    secret: { ...inAzure, [name]: url },
    says: `${path}.${name}: is not known`,
  })),
  {
    cloud: 'azure',
    read: azure,
    secret: { ...inAzure, tenantId: `127.0.0.1/${inAzure.tenantId}` },
    says: 'is no id',
  },
  ...['apiUrl', 'DIGITALOCEAN_API_URL', 'endpoint'].map(name => ({
    cloud: 'digitalOcean',
    read: digitalOcean,
    secret: { token: 'dop_v1_a', [name]: url },
    says: `${path}.${name}: is not known`,
  })),
  {
    cloud: 'digitalOcean',
    read: digitalOcean,
    secret: { token: 'a\r\nHost: 127.0.0.1' },
    says: 'is no token',
  },
  ...[
    'authorized_user',
    'external_account',
    'external_account_authorized_user',
    'impersonated_service_account',
    'gdch_service_account',
  ].map(type => ({
    cloud: 'gcp',
    read: gcp,
    secret: inGcp({ type, token_url: url, credential_source: { url } }),
    says: 'must be service_account',
  })),
  {
    cloud: 'gcp',
    read: gcp,
    secret: inGcp({ universe_domain: '127.0.0.1' }),
    says: 'must be googleapis.com',
  },
  {
    cloud: 'gcp',
    read: gcp,
    secret: { ...inGcp({}), endpoint: url },
    says: `${path}.endpoint: is not known`,
  },
  {
    cloud: 'gcp',
    read: gcp,
    secret: { ...inGcp({}), impersonate: `x@127.0.0.1/` },
    says: 'must be the e-mail',
  },
]

test.each(refused)('on $cloud a Secret names no server, file or program: $says', ({ read, secret, says }) => {
  expect(() => read(secret, path)).toThrow(says)
})

test.each([
  { cloud: 'aws', read: aws, secret: { ...inAws, endpoint: url, AWS_REGION: 'eu-central-1' } },
  { cloud: 'gcp', read: gcp, secret: inGcp({ token_uri: url, auth_uri: url, client_x509_cert_url: url }) },
])('on $cloud what else a Secret says of servers is not read', ({ read, secret }) => {
  expect(JSON.stringify(read(secret, path))).not.toContain('127.0.0.1')
})
