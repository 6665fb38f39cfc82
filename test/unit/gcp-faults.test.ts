import { describe, expect, test } from 'vitest'
import { operationFault, translated } from '../../src/clouds/gcp/faults.ts'
import { CloudError } from '../../src/model/faults.ts'

/** As the SDK throws it: Google's status beside gRPC's, and Google's own answer under a symbol. */
function refusal(status: number, reason: string, message = 'Some words.'): Error {
  const error = Object.assign(new Error(message), { code: 7, httpStatusCode: status })
  const body = { error: { code: status, message, errors: [{ domain: 'global', reason, message }] } }
  Object.defineProperty(error, Symbol.for('google-gax.rawHttpResponsePayload'), {
    value: JSON.stringify(body),
  })
  return error
}

const words = (id: string, operation: string): string =>
  translated(
    refusal(400, 'invalid', `Request ${id} of ${operation} for dask-0123456789abcdef-0-0001 is bad`),
    'instances.insert',
  ).message

describe('requests that were refused', () => {
  test.each([
    [403, 'rateLimitExceeded', 'throttled'],
    [429, 'rateLimitExceeded', 'throttled'],
    [403, 'quotaExceeded', 'quota'],
    [503, 'insufficientCapacity', 'no-capacity'],
    [403, 'forbidden', 'unauthorized'],
    [403, 'accessNotConfigured', 'unauthorized'],
    [401, 'authError', 'unauthorized'],
    [404, 'notFound', 'invalid'],
    [400, 'invalid', 'invalid'],
    [409, 'alreadyExists', 'conflict'],
    [400, 'resourceInUseByAnotherResource', 'not-yet'],
    [400, 'resourceNotReady', 'not-yet'],
    [503, 'backendError', 'unavailable'],
    [500, 'nobodyKnowsThis', 'unavailable'],
    [403, 'nobodyKnowsThis', 'unauthorized'],
    [418, 'nobodyKnowsThis', 'invalid'],
  ])('%i %s is %s', (status, reason, fault) => {
    const error = translated(refusal(status, reason), 'instances.insert')
    expect(error.fault).toBe(fault)
    expect(error.message).toMatch(/^instances\.insert: /)
  })

  test('an answer that is no JSON is told by its status', () => {
    const error = Object.assign(new Error('<html>bad gateway</html>'), { code: 13, httpStatusCode: 502 })
    expect(translated(error, 'instances.get').fault).toBe('unavailable')
  })

  test('what differs from one try to the next is not told', () => {
    expect(words('0f8fad5b-d9cb-469f-a165-70867728950e', 'operation-1795636170377-013e')).toBe(
      words('7c9e6679-7425-40de-944b-e07fc1f90ae7', 'operation-1795636170999-99ff'),
    )
  })
})

describe('operations that ended with an error', () => {
  test.each([
    ['ZONE_RESOURCE_POOL_EXHAUSTED', 'no-capacity'],
    ['ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS', 'no-capacity'],
    ['QUOTA_EXCEEDED', 'quota'],
    ['RESOURCE_NOT_FOUND', 'invalid'],
    ['RESOURCE_ALREADY_EXISTS', 'conflict'],
    ['IP_IN_USE_BY_ANOTHER_RESOURCE', 'not-yet'],
    ['RESOURCE_IN_USE_BY_ANOTHER_RESOURCE', 'not-yet'],
    ['IP_SPACE_EXHAUSTED', 'quota'],
    ['PERMISSIONS_ERROR', 'unauthorized'],
    ['INTERNAL_ERROR', 'unavailable'],
    ['NOBODY_KNOWS_THIS', 'unavailable'],
  ])('%s is %s', (code, fault) => {
    const error = { errors: [{ code, message: 'Some words.' }] }
    expect(operationFault({ status: 'DONE', error }, 'instances.insert')?.fault).toBe(fault)
  })

  test('one without an error is none', () => {
    expect(operationFault({ status: 'DONE' }, 'instances.insert')).toBeUndefined()
  })
})

describe('what was not answered', () => {
  test.each([
    [new DOMException('out of time', 'TimeoutError'), 'timeout'],
    [new Error('Deadline exceeded: get did not respond within 3000 milliseconds.'), 'timeout'],
    [new Error('request to http://x failed, reason: connect ECONNREFUSED 127.0.0.1:1'), 'lost'],
    [new Error('request to https://x failed, reason: getaddrinfo ENOTFOUND x'), 'unavailable'],
    [new Error('Could not load the default credentials. Browse to ...'), 'unauthorized'],
  ])('%s is %s', (error, fault) => {
    expect(translated(error, 'instances.get').fault).toBe(fault)
  })

  test('a token that could not be had is told in its own words', () => {
    const token = new CloudError('unauthorized', 'Google does not know this key')
    expect(translated(new Error('14 UNAVAILABLE', { cause: token }), 'instances.get')).toBe(token)
  })
})
