import { randomBytes } from 'node:crypto'
import type { Ask } from './desk.ts'
import type { KeyPair, World } from './ec2.ts'
import { Ec2Failure } from './failure.ts'
import { isSignedWith } from './signature.ts'
import { requestId } from './world.ts'
import { document, time } from './xml.ts'

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** In each service's own words. */
const unknownKey = {
  ec2: 'AuthFailure',
  ssm: 'UnrecognizedClientException',
  sts: 'InvalidClientTokenId',
} as const
const wrongSignature = {
  ec2: 'AuthFailure',
  ssm: 'InvalidSignatureException',
  sts: 'SignatureDoesNotMatch',
} as const

/** Throws an Ec2Failure where the key is nobody's, or comes without its token, or did not sign what was sent. */
export function proven({ keys }: World, { service, key, signed }: Ask): KeyPair {
  const found = keys.get(key)
  const token = signed?.headers['x-amz-security-token']
  if (found === undefined || (found.sessionToken !== undefined && token !== found.sessionToken))
    throw failure(unknownKey, service)
  if (found.secret !== undefined && signed !== undefined && !isSignedWith(found.secret, signed))
    throw failure(wrongSignature, service)
  return found
}

function failure(codes: Readonly<Record<string, string>>, service: string): Ec2Failure {
  const words = 'AWS was not able to validate the provided access credentials'
  return new Ec2Failure(codes[service] ?? '', words, service === 'ssm' ? 400 : service === 'ec2' ? 401 : 403)
}

export function callerIdentity(account: string): string {
  const result = { Arn: `arn:aws:iam::${account}:user/operator`, UserId: 'AIDASIMULATED', Account: account }
  return answer('GetCallerIdentity', result)
}

/** A key of the role's account that lasts an hour and is worth nothing without its token. */
export function assumeRole({ keys, roles }: World, { params }: Ask, now: number): string {
  const arn = params.get('RoleArn') ?? ''
  const role = roles.get(arn)
  if (role === undefined || role.externalId !== params.get('ExternalId'))
    throw new Ec2Failure(
      'AccessDenied',
      `User: operator is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      403,
    )
  const id = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
  const [secret, sessionToken] = [randomBytes(20).toString('hex'), randomBytes(40).toString('base64')]
  keys.set(id, { ...role.key, secret, sessionToken })
  return answer('AssumeRole', {
    Credentials: {
      AccessKeyId: id,
      SecretAccessKey: secret,
      SessionToken: sessionToken,
      Expiration: time(now + 3_600_000),
    },
    AssumedRoleUser: { AssumedRoleId: `AROASIMULATED:${params.get('RoleSessionName') ?? ''}`, Arn: arn },
  })
}

const answer = (
  action: string,
  result: Readonly<Record<string, string | Readonly<Record<string, string>>>>,
) =>
  document(
    `${action}Response`,
    { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId() } },
    namespace,
  )
