import { CloudError, type Fault } from '../../model/faults.ts'
import { type Said, saidBy, steady } from './said.ts'

interface Meaning {
  readonly fault: Fault
  /** For a person: what it means and what to do. */
  readonly says: string
  /** Whether Azure's own words name what is wrong with the request; they are cleaned of what changes with every try. */
  readonly quoted?: true
}

const invalid = (says: string): Meaning => ({ fault: 'invalid', says, quoted: true })
const refused = invalid('Azure does not take the request')
const missing = invalid('something that spec.cloud.azure names is not there')
const identity: Meaning = {
  fault: 'unauthorized',
  says: 'Azure does not know these credentials, or not any more: put working ones into the Secret',
}
const rights: Meaning = {
  fault: 'unauthorized',
  says: 'the credentials may not do this: `npm run iam-policy -- azure` prints the role that they need',
  quoted: true,
}
const noSubscription: Meaning = {
  fault: 'unauthorized',
  says: 'these credentials may do nothing in the subscription, or it does not exist: correct spec.cloud.azure.subscriptionId, or give them the role that `npm run iam-policy -- azure` prints',
}
const unregistered: Meaning = {
  fault: 'invalid',
  says: 'the subscription has not been registered for this kind of resource: az provider register --namespace Microsoft.Compute, and the same for Microsoft.Network',
}
const busy: Meaning = {
  fault: 'not-yet',
  says: 'it is still in use or being made; it is tried again',
  quoted: true,
}
const soldOut: Meaning = { fault: 'no-capacity', says: 'Azure has no machine of this size there now' }
const restricted: Meaning = {
  fault: 'no-capacity',
  says: 'Azure does not give this size there to this subscription now',
}
const throttled: Meaning = { fault: 'throttled', says: 'Azure asks for fewer requests' }
const quota: Meaning = {
  fault: 'quota',
  says: 'a quota of the subscription is used up: end what is not needed or ask Azure for more (Usage + quotas)',
  quoted: true,
}
const noAddresses: Meaning = {
  fault: 'quota',
  says: 'the subnet has no free address left: name another in spec.cloud.azure.subnet, or make it larger',
}
const there: Meaning = { fault: 'conflict', says: 'Azure has one of this name already' }
const own: Meaning = { fault: 'unavailable', says: 'Azure had an error of its own' }

/**
 * What Resource Manager's, Compute's, Network's and Entra ID's codes mean to the house. Nobody else reads a code.
 * https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors and
 * https://learn.microsoft.com/azure/virtual-machines/error-codes-spot
 */
const meanings: Readonly<Record<string, Meaning>> = {
  TooManyRequests: throttled,
  OperationNotAllowedTooManyRequests: throttled,
  SubscriptionRequestsThrottled: throttled,
  RetryableErrorDueToAnotherOperation: busy,
  AllocationFailed: soldOut,
  ZonalAllocationFailed: soldOut,
  OverconstrainedAllocationRequest: soldOut,
  OverconstrainedZonalAllocationRequest: soldOut,
  AllocationTimeout: soldOut,
  SkuNotAvailable: restricted,
  NotAvailableForSubscription: restricted,
  SubnetIsFull: noAddresses,
  SubnetIPAddressesExhausted: noAddresses,
  InvalidAuthenticationToken: identity,
  ExpiredAuthenticationToken: identity,
  AuthenticationFailed: identity,
  AuthenticationError: identity,
  invalid_client: identity,
  unauthorized_client: identity,
  invalid_grant: identity,
  AuthorizationFailed: rights,
  LinkedAuthorizationFailed: rights,
  AuthorizationPermissionMismatch: rights,
  RequestDisallowedByPolicy: invalid('a policy of the subscription forbids it'),
  ScopeLocked: invalid('a lock of the subscription forbids it: take the lock away'),
  SubscriptionNotFound: noSubscription,
  InvalidSubscriptionId: noSubscription,
  ReadOnlyDisabledSubscription: invalid('the subscription is switched off'),
  MissingSubscriptionRegistration: unregistered,
  NoRegisteredProviderFound: unregistered,
  ResourceGroupBeingDeleted: busy,
  AnotherOperationInProgress: busy,
  OperationPreempted: busy,
  ReferencedResourceNotProvisioned: busy,
  NicInUse: busy,
  NicReservedForAnotherVm: busy,
  NicInUseWithPrivateEndpoint: busy,
  PublicIPAddressInUse: busy,
  PublicIPAddressCannotBeDeleted: busy,
  InUseNetworkSecurityGroupCannotBeDeleted: busy,
  InUseApplicationSecurityGroupCannotBeDeleted: busy,
  ApplicationSecurityGroupInUse: busy,
  InUseSubnetCannotBeDeleted: busy,
  InUseVirtualNetworkCannotBeDeleted: busy,
  DiskInUse: busy,
  Conflict: there,
  PreconditionFailed: there,
  ResourceGroupNotFound: missing,
  ResourceNotFound: missing,
  ParentResourceNotFound: missing,
  NotFound: missing,
  PlatformImageNotFound: invalid('there is no such image: correct spec.cloud.azure.image'),
  ImageNotFound: invalid('there is no such image: correct spec.cloud.azure.image'),
  GalleryImageNotFound: invalid('there is no such image: correct spec.cloud.azure.image'),
  MarketplacePurchaseEligibilityFailed: invalid(
    'the terms of the image are not accepted: az vm image terms accept --urn URN',
  ),
  ResourcePurchaseValidationFailed: invalid(
    'the terms of the image are not accepted: az vm image terms accept --urn URN',
  ),
  LocationNotAvailableForResourceType: invalid(
    'there is no such location: correct spec.cloud.azure.location',
  ),
  InternalServerError: own,
  InternalOperationError: own,
  InternalExecutionError: own,
  ServiceUnavailable: own,
  GatewayTimeout: own,
}

/** The same failure by its status alone, where Azure gives no code that is known here. */
function byStatus(status: number | undefined): Meaning | undefined {
  if (status === undefined) return undefined
  if (status === 401) return identity
  if (status === 403) return rights
  if (status === 404) return missing
  if (status === 409 || status === 412) return there
  if (status === 429) return throttled
  if (status >= 500) return own
  return status >= 400 ? refused : undefined
}

/** One code for many things: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-resource-quota */
function notAllowed(words: string): Meaning {
  if (/quota|approved .*(?:cores|limit)/i.test(words)) return quota
  return /being deleted|marked for deletion|in progress|is running/i.test(words) ? busy : refused
}

/** Each kind of resource has a limit with a code of its own. */
const isLimit = (code: string): boolean => /(?:LimitReached|LimitExceeded|QuotaExceeded)$/i.test(code)

function meaningOf({ code, status, words }: Said): Meaning | undefined {
  if (code === 'OperationNotAllowed') return notAllowed(words)
  return meanings[code] ?? (isLimit(code) ? quota : byStatus(status))
}

/** What went wrong in our words. `doing` is what was tried, for example `virtualMachines.delete`. Same words for every retry. */
export function translated(error: unknown, doing: string): CloudError {
  if (error instanceof CloudError) return error
  const said = saidBy(error)
  const meaning = meaningOf(said)
  return meaning === undefined ? unheard(error, said, doing) : meant(meaning, said, doing)
}

/** Why an operation ended with a failure, by the code that Azure gives in it. */
export const operationFault = (said: Said, doing: string): CloudError =>
  meant(meaningOf(said) ?? own, said, doing)

/** The house's word for a code that a machine carries whose making failed. */
export const faultOf = (code: string): Fault => (meanings[code] ?? own).fault

const saidIn = (error: unknown): Said | undefined => {
  const cause: unknown = error instanceof CloudError ? error.cause : undefined
  return isSaid(cause) ? cause : undefined
}

const isSaid = (value: unknown): value is Said =>
  typeof value === 'object' && value !== null && 'code' in value && 'words' in value

/** Azure's own code, and its words in lower case; empty where it said nothing. */
export const codeIn = (error: unknown): string => saidIn(error)?.code ?? ''
export const wordsIn = (error: unknown): string => (saidIn(error)?.words ?? '').toLowerCase()

/** What is not there any more: an end that was asked for is done. */
export const isGone = (error: unknown): boolean =>
  saidIn(error)?.status === 404 && !elsewhere.includes(codeIn(error))

/** Not a thing is missing, but the place that it would be in. */
const elsewhere = ['SubscriptionNotFound', 'InvalidSubscriptionId', 'InvalidResourceType']

/** What was there before, under a name that only this request has. */
export const isThereAlready = (error: unknown): boolean => saidIn(error)?.status === 412

function meant({ fault, says, quoted }: Meaning, said: Said, doing: string): CloudError {
  const code = said.code === '' ? '' : ` (${said.code})`
  const quote = quoted === true && said.words !== '' ? ` Azure says: ${steady(said.words)}` : ''
  // Azure's own error holds the request with all that is in it: what it said is enough.
  return new CloudError(fault, `${doing}: ${says}${code}.${quote}`, { cause: said })
}

/** What did not come to an answer. */
function unheard(error: unknown, said: Said, doing: string): CloudError {
  const failed = (fault: Fault, says: string): CloudError =>
    new CloudError(fault, `${doing}: ${says}`, { cause: said })
  const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
  if (isLate) return failed('timeout', 'Azure did not answer in time')
  if (error instanceof Error && /CredentialUnavailable|AggregateAuthentication/.test(error.name))
    return failed(
      'unauthorized',
      'the operator found no Azure credentials: set spec.credentialsSecretRef, or give the operator an identity of its own',
    )
  if (/ENOTFOUND|EAI_AGAIN/.test(said.words))
    return failed('unavailable', "Azure's name has no address: check the operator's DNS and way out")
  return failed('lost', 'Azure could not be reached, or its answer was lost')
}
