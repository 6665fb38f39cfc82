import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
// Connects with each kind of identity that the operator may have, to addresses where nobody listens, and prints what came of
// each, and the files of packages that were loaded on the way, as paths from the project's root.
import type { CloudContext, SecretData } from '../../src/clouds/contract.ts'

const loaded = new Set<string>()
registerHooks({
  load(url, context, next) {
    const [, path] = /^file:.*?\/(node_modules\/.*)$/.exec(url) ?? []
    if (path !== undefined) loaded.add(decodeURIComponent(path))
    return next(url, context)
  },
})
// After the hook, so that it sees what they load.
const { connectAws } = await import('../../src/clouds/aws/connect.ts')
const { parseCredentials: awsCredentials } = await import('../../src/clouds/aws/credentials.ts')
const { parseSettings: awsSettings } = await import('../../src/clouds/aws/settings.ts')
const { connectAzure } = await import('../../src/clouds/azure/connect.ts')
const { parseCredentials: azureCredentials } = await import('../../src/clouds/azure/credentials.ts')
const { parseSettings: azureSettings } = await import('../../src/clouds/azure/settings.ts')
const { connectGcp } = await import('../../src/clouds/gcp/connect.ts')
const { parseCredentials: gcpCredentials } = await import('../../src/clouds/gcp/credentials.ts')
const { parseSettings: gcpSettings } = await import('../../src/clouds/gcp/settings.ts')
const { installationId } = await import('../../src/model/names.ts')

type Variables = Readonly<Record<string, string>>
type Connect = (secret: SecretData | undefined, context: CloudContext) => Promise<unknown>

const nobody = 'http://127.0.0.1:9'
const [certificate = ''] = process.argv.slice(2)
const said: Record<string, string> = {}

const connectors: Readonly<Record<'aws' | 'azure' | 'gcp', Connect>> = {
  aws: (secret, context) =>
    connectAws(awsSettings({ region: 'us-east-1' }, 'aws'), secret && awsCredentials(secret, 'aws'), context),
  azure: (secret, context) => connectAzure(azure, secret && azureCredentials(secret, 'azure'), context),
  gcp: (secret, context) =>
    connectGcp(
      gcpSettings({ project: 'acme-data', region: 'us-central1' }, 'gcp'),
      secret && gcpCredentials(secret, 'gcp'),
      context,
    ),
}
const azure = azureSettings(
  { subscriptionId: '0f8fad5b-d9cb-469f-a165-70867728950e', location: 'westeurope' },
  'azure',
)

async function ask(cloud: keyof typeof connectors, how: string, env: Variables, secret?: SecretData) {
  Object.assign(process.env, env)
  const context: CloudContext = {
    installation: installationId('0123456789abcdef'),
    sealingKey: 'k',
    stateDirectory: '/tmp',
  }
  const answer = connectors[cloud](secret, context)
  said[`${cloud}: ${how}`] = await answer.then(
    () => 'connected',
    (error: unknown) => reasons(error).join('; '),
  )
  for (const name of Object.keys(env)) delete process.env[name]
}

function reasons(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const several: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return [error.message, ...several.flatMap(reasons), ...reasons(error.cause)]
}

writeFileSync('/tmp/token', `${btoa('{"alg":"RS256"}')}.${btoa('{"sub":"pod"}')}.c2lnbmVk`)
const role = 'arn:aws:iam::123456789012:role/operator'
const aws = Object.fromEntries(['EC2', 'STS', 'SSM'].map(each => [`AWS_ENDPOINT_URL_${each}`, nobody]))
const awsKeys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
await ask('aws', 'a role by keys', aws, { ...awsKeys, AWS_ROLE_ARN: role })
await ask('aws', 'web identity', { ...aws, AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: '/tmp/token' })
await ask('aws', 'pod identity', { ...aws, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${nobody}/v1/credentials` })
await ask('aws', 'the metadata service', { ...aws, AWS_EC2_METADATA_SERVICE_ENDPOINT: nobody })

const entra = { AZURE_AUTHORITY_HOST: 'https://127.0.0.1:9', AZURE_RESOURCE_MANAGER_ENDPOINT: nobody }
const tenantId = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
await ask('azure', 'a certificate', entra, {
  tenantId,
  clientId: tenantId,
  clientCertificate: readFileSync(certificate, 'utf8'),
})
const workload = { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: tenantId }
await ask('azure', 'workload identity', { ...entra, ...workload, AZURE_FEDERATED_TOKEN_FILE: '/tmp/token' })

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
await ask(
  'gcp',
  'another account by a key',
  { CLOUDSDK_AUTH_TOKEN_HOST: `${nobody}/token` },
  {
    'credentials.json': JSON.stringify(key),
    impersonate: 'other@acme-data.iam.gserviceaccount.com',
  },
)
const federated = {
  type: 'external_account',
  audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${nobody}/token`,
  credential_source: { file: '/tmp/token' },
}
writeFileSync('/tmp/federated.json', JSON.stringify(federated))
await ask('gcp', 'workload identity', { GOOGLE_APPLICATION_CREDENTIALS: '/tmp/federated.json' })
await ask('gcp', 'the metadata service', {
  GCE_METADATA_HOST: '127.0.0.1:9',
  METADATA_SERVER_DETECTION: 'assume-present',
})
console.log(JSON.stringify({ said, loaded: [...loaded].toSorted() }))
