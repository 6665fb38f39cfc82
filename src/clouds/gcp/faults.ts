import { isRecord } from '../../lib/parse.ts'
import { CloudError, type Fault } from '../../model/faults.ts'
import type { Operation } from './sdk.ts'

interface Meaning {
  readonly fault: Fault
  /** For a person: what it means and what to do. */
  readonly says: string
  /** Whether Google's own words name what is wrong with the request; they are cleaned of what changes with every try. */
  readonly quoted?: true
}

const invalid = (says: string): Meaning => ({ fault: 'invalid', says, quoted: true })
const identity: Meaning = {
  fault: 'unauthorized',
  says: 'Google does not know these credentials, or not any more: put working ones into the Secret',
}
const rights: Meaning = {
  fault: 'unauthorized',
  says: 'the credentials may not do this: `npm run iam-policy -- gcp` prints the role that they need.',
  quoted: true,
}
const busy: Meaning = {
  fault: 'not-yet',
  says: 'it is still in use or being made; it is tried again',
  quoted: true,
}
const soldOut: Meaning = { fault: 'no-capacity', says: 'Google has no machine of this size there now' }
const throttled: Meaning = { fault: 'throttled', says: 'Google asks for fewer requests' }
const quota: Meaning = {
  fault: 'quota',
  says: 'a quota of the project is used up: end what is not needed or ask Google for more (IAM & Admin, Quotas).',
  quoted: true,
}
const own: Meaning = { fault: 'unavailable', says: 'Google had an error of its own' }

/**
 * What Compute Engine's words mean to the house: the `reason` of a refused request, the `code` of an error inside an
 * operation, and the OAuth endpoint's `error`. https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-api-errors
 * and https://cloud.google.com/compute/docs/resource-error. Nobody else reads a code.
 */
const meanings: Readonly<Record<string, Meaning>> = {
  rateLimitExceeded: throttled,
  userRateLimitExceeded: throttled,
  RATE_LIMIT_EXCEEDED: throttled,
  concurrentLimitExceeded: throttled,
  resourceOperationRateExceeded: throttled,
  OPERATION_RATE_EXCEEDED: throttled,
  RESOURCE_OPERATION_RATE_EXCEEDED: throttled,
  quotaExceeded: quota,
  limitExceeded: quota,
  QUOTA_EXCEEDED: quota,
  RESOURCE_QUOTA_EXCEEDED: quota,
  LIMIT_EXCEEDED: quota,
  IP_SPACE_EXHAUSTED: {
    fault: 'quota',
    says: 'the subnetwork has no free address left: make it larger, or name another in spec.cloud.gcp.subnetwork',
  },
  IP_SPACE_EXHAUSTED_WITH_DETAILS: {
    fault: 'quota',
    says: 'the subnetwork has no free address left: make it larger, or name another in spec.cloud.gcp.subnetwork',
  },
  // Of a bulk insert, which looks whether there is room before it begins.
  insufficientCapacity: soldOut,
  ZONE_RESOURCE_POOL_EXHAUSTED: soldOut,
  ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: soldOut,
  RESOURCE_POOL_EXHAUSTED: soldOut,
  RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: soldOut,
  REGION_RESOURCE_POOL_EXHAUSTED: soldOut,
  STOCKOUT: soldOut,
  VM_MIN_COUNT_NOT_REACHED: soldOut,
  authError: identity,
  required: invalid('Google does not take the request'),
  invalid_grant: identity,
  invalid_client: identity,
  unauthorized_client: identity,
  forbidden: rights,
  insufficientPermissions: rights,
  PERMISSIONS_ERROR: rights,
  FORBIDDEN: rights,
  accessNotConfigured: {
    fault: 'unauthorized',
    says: 'Compute Engine is not switched on in the project: gcloud services enable compute.googleapis.com',
  },
  SERVICE_DISABLED: {
    fault: 'unauthorized',
    says: 'Compute Engine is not switched on in the project: gcloud services enable compute.googleapis.com',
  },
  alreadyExists: { fault: 'conflict', says: 'Google has one of this name already' },
  RESOURCE_ALREADY_EXISTS: { fault: 'conflict', says: 'Google has one of this name already' },
  resourceInUseByAnotherResource: busy,
  RESOURCE_IN_USE_BY_ANOTHER_RESOURCE: busy,
  IP_IN_USE_BY_ANOTHER_RESOURCE: busy,
  EXTERNAL_IP_IN_USE_BY_ANOTHER_RESOURCE: busy,
  resourceNotReady: busy,
  RESOURCE_NOT_READY: busy,
  operationInProgress: busy,
  badRequest: invalid('Google does not take the request'),
  invalid: invalid('Google does not take the request'),
  invalidParameter: invalid('Google does not take the request'),
  invalidUsage: invalid('Google does not take the request'),
  notFound: invalid('something that spec.cloud.gcp names is not there'),
  RESOURCE_NOT_FOUND: invalid('something that spec.cloud.gcp names is not there'),
  INVALID_FIELD_VALUE: invalid('Google does not take the request'),
  INVALID_USAGE: invalid('Google does not take the request'),
  UNSUPPORTED_OPERATION: invalid('Google does not take the request'),
  conditionNotMet: invalid('Google does not take the request'),
  CONDITION_NOT_MET: invalid('Google does not take the request'),
  backendError: own,
  internalError: own,
  INTERNAL_ERROR: own,
  BACKEND_ERROR: own,
}

/** The same failure by its status alone, where Google gives no reason that is known here. */
function byStatus(status: number | undefined): Meaning | undefined {
  if (status === undefined) return undefined
  if (status === 401) return identity
  if (status === 403) return rights
  if (status === 404) return meanings['notFound']
  if (status === 409) return meanings['alreadyExists']
  if (status === 429) return throttled
  if (status >= 500) return own
  return status >= 400 ? meanings['invalid'] : undefined
}

/** What Google said, as far as it can be read. */
interface Said {
  readonly status: number | undefined
  readonly reason: string
  readonly words: string
}

/** What went wrong in our words. `doing` is what was tried, for example `instances.insert`. Same words for every retry. */
export function translated(error: unknown, doing: string): CloudError {
  if (error instanceof CloudError) return error
  // A token that could not be had: the SDK wraps what was said of it.
  if (error instanceof Error && error.cause instanceof CloudError) return error.cause
  const said = saidBy(error)
  const meaning = meanings[said.reason] ?? byStatus(said.status)
  if (meaning !== undefined) return meant(meaning, said, doing, error)
  return unheard(error, doing)
}

/** The first error inside an operation that is done, or undefined. */
export function operationFault(operation: Operation, doing: string): CloudError | undefined {
  const [first] = operation.error?.errors ?? []
  if (first === undefined) return undefined
  const said = {
    status: operation.httpErrorStatusCode ?? undefined,
    reason: first.code ?? '',
    words: first.message ?? operation.httpErrorMessage ?? '',
  }
  return meant(meanings[said.reason] ?? byStatus(said.status) ?? own, said, doing, said)
}

/** What is not there any more: an end that was asked for is done. */
export const isGone = (error: unknown): boolean => saidBy(causeOf(error)).status === 404

/** What is there already: it was made before, by a request whose answer was lost. */
export const isThereAlready = (error: unknown): boolean =>
  error instanceof CloudError && error.fault === 'conflict'

const causeOf = (error: unknown): unknown => (error instanceof CloudError ? error.cause : error)

function meant(
  { fault, says, quoted }: Meaning,
  { reason, words }: Said,
  doing: string,
  cause: unknown,
): CloudError {
  const code = reason === '' ? '' : ` (${reason})`
  const quote = quoted === true && words !== '' ? ` Google says: ${steady(words)}` : ''
  return new CloudError(fault, `${doing}: ${says.replace(/\.$/, '')}${code}.${quote}`, { cause })
}

const rawAnswer = Symbol.for('google-gax.rawHttpResponsePayload')

/** The SDK keeps Google's own answer beside the error, and gives its status a number of gRPC's. */
function saidBy(error: unknown): Said {
  if (!(error instanceof Error)) return isSaid(error) ? error : { status: undefined, reason: '', words: '' }
  const status = numberIn(error, 'httpStatusCode') ?? numberIn(error, 'status')
  const raw: unknown = Reflect.get(error, rawAnswer) ?? bodyOf(error)
  const body = isRecord(raw) ? raw : parsed(typeof raw === 'string' ? raw : error.message)
  const inner = body['error']
  if (typeof inner === 'string') return { status, reason: inner, words: '' }
  const told = isRecord(inner) ? inner : {}
  const [first]: readonly unknown[] = Array.isArray(told['errors']) ? told['errors'] : []
  const reason = isRecord(first) ? first['reason'] : undefined
  const words = typeof told['message'] === 'string' ? told['message'] : error.message
  return { status, reason: typeof reason === 'string' ? reason : '', words }
}

const isSaid = (value: unknown): value is Said =>
  isRecord(value) && typeof value['reason'] === 'string' && typeof value['words'] === 'string'

/** Of a token that was refused. */
function bodyOf(error: Error): unknown {
  const response: unknown = Reflect.get(error, 'response')
  return isRecord(response) ? response['data'] : undefined
}

function numberIn(error: Error, name: string): number | undefined {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'number' ? value : undefined
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

/** What did not come to an answer. */
function unheard(error: unknown, doing: string): CloudError {
  const failed = (fault: Fault, says: string): CloudError =>
    new CloudError(fault, `${doing}: ${says}`, { cause: error })
  const words = error instanceof Error ? error.message : ''
  const isLate = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
  if (isLate || /abort|timeout|deadline exceeded|did not respond/i.test(words))
    return failed('timeout', 'Google did not answer in time')
  if (/Could not load the default credentials|No authentication/i.test(words))
    return failed(
      'unauthorized',
      'the operator found no Google credentials: set spec.credentialsSecretRef, or give the operator an identity of its own',
    )
  if (/ENOTFOUND|EAI_AGAIN/.test(words))
    return failed('unavailable', "Google's name has no address: check the operator's DNS and way out")
  return failed('lost', 'Google could not be reached, or its answer was lost')
}

/** Google's words without what differs from one try to the next. Cut, for a status. */
const steady = (words: string): string =>
  words
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '…')
    .replaceAll(/\boperation-[\w-]+/g, 'operation-…')
    .replaceAll(/dask-[0-9a-f]{16}-\d+-\d{4}/g, 'dask-…')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 300)
