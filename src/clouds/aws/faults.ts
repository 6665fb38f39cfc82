import { CloudError, type Fault } from '../../model/faults.ts'

interface Meaning {
  readonly fault: Fault
  /** For a person: what it means and what to do. */
  readonly says: string
  /** Whether AWS's own words name what is wrong with the request; they are cleaned of ids that change with every try. */
  readonly quoted?: true
}

const rights: Meaning = {
  fault: 'unauthorized',
  says: 'the credentials may not do this: `npm run iam-policy -- aws` prints the policy that they need',
}
const identity: Meaning = {
  fault: 'unauthorized',
  says: 'AWS does not know these credentials, or not any more: put working ones into the Secret',
}
const invalid = (says: string): Meaning => ({ fault: 'invalid', says, quoted: true })
const quota = (says: string): Meaning => ({
  fault: 'quota',
  says: `${says}: end what is not needed or ask AWS for more (Service Quotas)`,
})
const capacity = (says: string): Meaning => ({ fault: 'no-capacity', says })
/** Certain refusals, and over in moments. AWS says what it is that is in use. */
const busy: Meaning = { fault: 'not-yet', says: 'it is still in use; it is tried again', quoted: true }

const newborn: Meaning = {
  fault: 'not-yet',
  says: 'AWS does not know everywhere yet what was made a moment ago; it is tried again',
}

/**
 * What EC2's, STS's and SSM's codes mean to the house: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
 * Nobody else reads a code.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  RequestLimitExceeded: { fault: 'throttled', says: 'AWS asks for fewer requests' },
  Throttling: { fault: 'throttled', says: 'AWS asks for fewer requests' },
  ThrottlingException: { fault: 'throttled', says: 'AWS asks for fewer requests' },
  EC2ThrottledException: { fault: 'throttled', says: 'AWS asks for fewer requests' },
  TooManyRequestsException: { fault: 'throttled', says: 'AWS asks for fewer requests' },

  InsufficientInstanceCapacity: capacity('AWS has no machine of this size there now'),
  InsufficientHostCapacity: capacity('AWS has no machine of this size there now'),
  InsufficientReservedInstanceCapacity: capacity('AWS has no machine of this size there now'),
  InsufficientCapacity: capacity('AWS has no machine of this size there now'),
  InsufficientCapacityOnHost: capacity('AWS has no machine of this size there now'),
  SpotMaxPriceTooLow: capacity('the spot price is above the on-demand price now'),
  Unsupported: capacity('AWS does not offer this size there'),
  UnfulfillableCapacity: capacity('AWS has no machine of this size there now'),

  InstanceLimitExceeded: quota('the account has as many machines of this size as it may'),
  VcpuLimitExceeded: quota('the account has as many vCPUs of this family as it may'),
  MaxSpotInstanceCountExceeded: quota('the account has as many spot machines as it may'),
  AddressLimitExceeded: quota(
    'the account has as many Elastic IP addresses in the region as it may (5 at first)',
  ),
  SecurityGroupLimitExceeded: quota('the account has as many security groups in the region as it may'),
  RulesPerSecurityGroupLimitExceeded: quota('the rules do not fit into a security group (60 at first)'),
  ResourceLimitExceeded: quota('the account has as many of these as it may'),
  VolumeLimitExceeded: quota('the account has as many volumes as it may'),
  InsufficientFreeAddressesInSubnet: {
    fault: 'quota',
    says: 'the subnet has no free address left: name another in spec.cloud.aws.subnets',
  },
  InsufficientAddressCapacity: capacity('AWS has no public address to give now'),

  'AuthFailure.ServiceLinkedRoleCreationNotPermitted': {
    fault: 'quota',
    says:
      'the account has no role for spot machines yet, and these credentials may not make it: run once ' +
      '`aws iam create-service-linked-role --aws-service-name spot.amazonaws.com`',
  },
  OperationNotPermitted: invalid(
    'a machine is protected: `aws ec2 modify-instance-attribute --no-disable-api-termination --instance-id ID` takes that away',
  ),

  UnauthorizedOperation: rights,
  AccessDenied: rights,
  AccessDeniedException: rights,
  AuthFailure: identity,
  InvalidClientTokenId: identity,
  UnrecognizedClientException: identity,
  SignatureDoesNotMatch: identity,
  InvalidSignatureException: identity,
  IncompleteSignature: identity,
  MissingAuthenticationToken: identity,
  ExpiredToken: identity,
  ExpiredTokenException: identity,
  CredentialsProviderError: {
    fault: 'unauthorized',
    says: 'the operator found no AWS credentials: set spec.credentialsSecretRef, or give the operator an identity of its own',
  },
  RequestExpired: {
    fault: 'unauthorized',
    says: "the request's time is too far off: set the operator's clock",
  },
  OptInRequired: { fault: 'unauthorized', says: 'the account has not opted in to the region or the image' },
  Blocked: { fault: 'unauthorized', says: 'AWS has blocked the account' },
  PendingVerification: { fault: 'unauthorized', says: 'AWS is still verifying the account' },

  IdempotentParameterMismatch: { fault: 'conflict', says: 'AWS has had this request with other parameters' },
  DependencyViolation: busy,
  'InvalidNetworkInterface.InUse': busy,
  'InvalidIPAddress.InUse': busy,
  'InvalidAddress.Locked': busy,
  'InvalidParameterValue.InUse': busy,
  'Resource.AlreadyAssociated': busy,
  'InvalidGroup.Duplicate': { fault: 'not-yet', says: 'it is there and not listed yet; it is tried again' },
  IncorrectState: busy,
  IncorrectInstanceState: busy,
  // What only the operator makes and names: AWS tells of it everywhere a moment later.
  'InvalidNetworkInterfaceID.NotFound': newborn,
  'InvalidAllocationID.NotFound': newborn,
  'InvalidAssociationID.NotFound': newborn,

  'InvalidAMIID.NotFound': invalid('there is no such image in the region: correct spec.cloud.aws.image'),
  'InvalidAMIID.Unavailable': invalid('the image cannot be used any more: correct spec.cloud.aws.image'),
  'InvalidAMIID.Malformed': invalid('not the id of an image: correct spec.cloud.aws.image'),
  ParameterNotFound: invalid(
    'there is no such SSM parameter in the region: correct spec.cloud.aws.image.parameter',
  ),
  InvalidInstanceType: invalid('not a size that AWS has in the region: correct sizes'),
  'InvalidSubnetID.NotFound': invalid('there is no such subnet: correct spec.cloud.aws.subnets'),
  InvalidSubnet: invalid('the subnet cannot be used: correct spec.cloud.aws.subnets'),
  'InvalidGroup.NotFound': invalid('there is no such security group: correct spec.cloud.aws.securityGroups'),
  'InvalidGroupId.Malformed': invalid(
    'not the id of a security group: correct spec.cloud.aws.securityGroups',
  ),
  'InvalidVpcID.NotFound': invalid('there is no such VPC: correct spec.cloud.aws.vpc'),
  'InvalidKeyPair.NotFound': invalid(
    'there is no such key pair in the region: correct spec.cloud.aws.keyPair',
  ),
  'InvalidPlacementGroup.Unknown': invalid(
    'there is no such placement group: correct spec.cloud.aws.placementGroup',
  ),
  'InvalidKMSKey.InvalidState': invalid('the KMS key cannot be used: correct spec.cloud.aws.disk.kmsKey'),
  VPCIdNotSpecified: invalid(
    'the region has no default VPC: set spec.cloud.aws.subnets, or make one with aws ec2 create-default-vpc',
  ),
  DefaultVpcDoesNotExist: invalid(
    'the region has no default VPC: set spec.cloud.aws.subnets, or make one with aws ec2 create-default-vpc',
  ),
  InvalidZone: invalid('there is no such availability zone: correct spec.cloud.aws.zones'),
  InvalidParameter: invalid('AWS does not take the request'),
  InvalidParameterValue: invalid('AWS does not take the request'),
  InvalidParameterCombination: invalid('AWS does not take the request'),
  InvalidBlockDeviceMapping: invalid('AWS does not take the disk: correct spec.cloud.aws.disk'),
  MissingParameter: invalid('AWS does not take the request'),
  ValidationError: invalid('AWS does not take the request'),
  UnsupportedOperation: invalid('AWS does not take the request'),

  InternalError: { fault: 'unavailable', says: 'AWS had an error of its own' },
  InternalFailure: { fault: 'unavailable', says: 'AWS had an error of its own' },
  Unavailable: { fault: 'unavailable', says: 'AWS is not available now' },
  ServiceUnavailable: { fault: 'unavailable', says: 'AWS is not available now' },
}

/** Codes that say the thing is gone: an end that was asked for is done. */
const gone = /^Invalid(InstanceID|NetworkInterfaceID|AllocationID|Group|GroupId|AssociationID)\.NotFound$/
export const isGone = (error: unknown): boolean => gone.test(codeOf(error))

/** Rules that are as they should be before they were asked for. */
const done = /^InvalidPermission\.(Duplicate|NotFound)$/
export const isDone = (error: unknown): boolean => done.test(codeOf(error))

/** A change that need not be made any more, by one of these errors of AWS's, is made. */
export async function unless(isSo: (error: unknown) => boolean, change: Promise<unknown>): Promise<void> {
  await change.catch((error: unknown) => {
    if (!(error instanceof Error) || !isSo(error.cause)) throw error
  })
}

/** An AWS error code, or the SDK's own name for what happened before there was one. */
export const codeOf = (error: unknown): string => (error instanceof Error ? error.name : '')

/** What went wrong in our words. `doing` is what was tried, for example `RunInstances`. Same words for every retry. */
export function translated(error: unknown, doing: string): CloudError {
  if (error instanceof CloudError) return error
  const code = codeOf(error)
  const meaning = meaningOf(code, error)
  if (meaning === undefined) return unnamed(error, code, doing)
  const words = meaning.quoted === true ? ` AWS says: ${steady(error)}` : ''
  return new CloudError(meaning.fault, `${doing}: ${meaning.says} (${code}).${words}`, { cause: error })
}

/** Two codes mean one thing or another by their words. */
function meaningOf(code: string, error: unknown): Meaning | undefined {
  const words = error instanceof Error ? error.message : ''
  if (code === 'AuthFailure' && /not authorized for images/i.test(words)) return foreignImage
  if (code === 'InvalidParameterValue' && /currently in use/i.test(words)) return busy
  return meanings[code]
}

const foreignImage = invalid(
  'the account may not use the image: correct spec.cloud.aws.image, or have it shared',
)

/** The same failure, and soon tried again, where the group that AWS does not know was made by the operator. */
export function ofOwnGroup(error: unknown): unknown {
  if (!(error instanceof CloudError) || codeOf(error.cause) !== 'InvalidGroup.NotFound') return error
  const [doing = ''] = error.message.split(':')
  return new CloudError(newborn.fault, `${doing}: ${newborn.says} (InvalidGroup.NotFound).`, {
    cause: error.cause,
  })
}

function unnamed(error: unknown, code: string, doing: string): CloudError {
  const failed = (fault: Fault, says: string): CloudError =>
    new CloudError(fault, `${doing}: ${says}`, { cause: error })
  if (code === 'AbortError') return failed('timeout', 'AWS did not answer in time')
  if (code === 'TimeoutError') return failed('timeout', 'AWS did not answer in time')
  const host = unresolved(error)
  if (host !== undefined)
    return failed(
      'unavailable',
      `${host} has no address: check spec.cloud.aws.region, and the operator's DNS and way out`,
    )
  const status = statusOf(error)
  if (status === undefined) return failed('lost', 'AWS could not be reached, or its answer was lost')
  if (status >= 500) return failed('unavailable', `AWS had an error of its own (${code})`)
  if (status >= 400 && code !== 'Error')
    return failed('invalid', `AWS does not take the request (${code}). AWS says: ${steady(error)}`)
  return failed('lost', 'AWS gave an answer that cannot be read')
}

/** The name that nobody knows, where that is what went wrong. */
function unresolved(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOTFOUND') return undefined
  return 'hostname' in error && typeof error.hostname === 'string' ? error.hostname : 'AWS'
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata } = error
  if (typeof $metadata !== 'object' || $metadata === null || !('httpStatusCode' in $metadata))
    return undefined
  return typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined
}

/** AWS's words without what differs from one try to the next: request ids, encoded messages. Cut, for a status. */
function steady(error: unknown): string {
  const words = error instanceof Error ? error.message : ''
  return words
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '…')
    .replaceAll(/[A-Za-z0-9_+/=-]{60,}/g, '…')
    .slice(0, 240)
}
