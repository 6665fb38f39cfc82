import type { EC2ClientConfig } from '@aws-sdk/client-ec2'
import { ParseError } from '../../lib/parse.ts'
import type { SecretData } from '../contract.ts'

type Identity = NonNullable<EC2ClientConfig['credentials']>

/** Keys of the Secret that `spec.credentialsSecretRef` names: what the AWS command line reads from its environment. */
const keys = {
  accessKeyId: 'AWS_ACCESS_KEY_ID',
  secretAccessKey: 'AWS_SECRET_ACCESS_KEY',
  sessionToken: 'AWS_SESSION_TOKEN',
  roleArn: 'AWS_ROLE_ARN',
  externalId: 'AWS_ROLE_EXTERNAL_ID',
} as const

/** Where an operator's cluster is does not depend on them. */
const known = new Set<string>([...Object.values(keys), 'AWS_REGION', 'AWS_DEFAULT_REGION'])

const rolePattern = /^arn:aws[a-z-]*:iam::[0-9]{12}:role\/[\w+=,.@/-]{1,512}$/
const externalIdPattern = /^[\w+=,.@:/-]{2,1224}$/

export interface AwsCredentials {
  readonly identity: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
  /** Taken on with the identity, where there is one. */
  readonly role: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

/** Throws a ParseError that names the key and never a value. */
export function parseCredentials(secret: SecretData, path: string): AwsCredentials {
  const odd = Object.keys(secret).find(key => key.startsWith('AWS_') && !known.has(key))
  if (odd !== undefined)
    throw new ParseError(`${path}.${odd}`, `is not known here: ${Object.values(keys).join(', ')} are`)
  const text = (key: string): string | undefined => secret[key]?.trim() || undefined
  const needed = (key: string): string => {
    const value = text(key)
    if (value !== undefined) return value
    const found = Object.keys(secret).join(', ') || 'nothing'
    throw new ParseError(
      `${path}.${key}`,
      `is missing: the Secret needs an access key and its secret, and has ${found.slice(0, 200)}`,
    )
  }
  const sessionToken = text(keys.sessionToken)
  return {
    identity: {
      accessKeyId: needed(keys.accessKeyId),
      secretAccessKey: needed(keys.secretAccessKey),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    role: roleIn(text(keys.roleArn), text(keys.externalId), path),
  }
}

function roleIn(
  arn: string | undefined,
  externalId: string | undefined,
  path: string,
): AwsCredentials['role'] {
  if (arn === undefined) return undefined
  if (!rolePattern.test(arn))
    throw new ParseError(
      `${path}.${keys.roleArn}`,
      'must be the ARN of a role: arn:aws:iam::123456789012:role/name',
    )
  if (externalId !== undefined && !externalIdPattern.test(externalId))
    throw new ParseError(`${path}.${keys.externalId}`, 'must be 2 to 1224 characters as IAM takes them')
  return { arn, externalId }
}

/** In milliseconds: a connection that nobody answers ends by itself, whoever waits for it. */
export const patience = {
  connectionTimeout: 5_000,
  requestTimeout: 25_000,
  throwOnRequestTimeout: true,
} as const

/** What signs requests: the identity, or the role that it takes on, renewed before it ends. Undefined for the ambient chain. */
export async function providerOf(
  credentials: AwsCredentials | undefined,
  region: string,
): Promise<Identity | undefined> {
  if (credentials?.role === undefined) return credentials?.identity
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  const { arn, externalId } = credentials.role
  return fromTemporaryCredentials({
    masterCredentials: credentials.identity,
    params: {
      RoleArn: arn,
      RoleSessionName: 'dask-cloud-operator',
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig: { region, maxAttempts: 1, requestHandler: patience },
  })
}
