import { describe, expect, test } from 'vitest'
import { isGone, isThereAlready, operationFault, translated } from '../../src/clouds/azure/faults.ts'
import { saidBy } from '../../src/clouds/azure/said.ts'
import { CloudError } from '../../src/model/faults.ts'

/** As the SDK throws it. */
const refusal = (statusCode: number, code: string, message = 'Some words.'): Error =>
  Object.assign(new Error(message), { name: 'RestError', statusCode, code })

const doing = 'virtualMachines.createOrUpdate'

const told = (id: string, at: string): string =>
  translated(
    refusal(400, 'InvalidParameter', `Request ${id} at ${at} for dask-0123456789abcdef-0-0001 is bad`),
    doing,
  ).message

describe('requests that were refused', () => {
  test.each([
    [429, 'TooManyRequests', 'throttled'],
    [409, 'SkuNotAvailable', 'no-capacity'],
    [409, 'AllocationFailed', 'no-capacity'],
    [409, 'ZonalAllocationFailed', 'no-capacity'],
    [409, 'NicInUse', 'not-yet'],
    [400, 'NicReservedForAnotherVm', 'not-yet'],
    [400, 'PublicIPAddressCannotBeDeleted', 'not-yet'],
    [409, 'ResourceGroupBeingDeleted', 'not-yet'],
    [400, 'SubnetIsFull', 'quota'],
    [403, 'AuthorizationFailed', 'unauthorized'],
    [401, 'ExpiredAuthenticationToken', 'unauthorized'],
    [404, 'SubscriptionNotFound', 'unauthorized'],
    [404, 'ResourceNotFound', 'invalid'],
    [400, 'InvalidParameter', 'invalid'],
    [404, 'PlatformImageNotFound', 'invalid'],
    [409, 'Conflict', 'conflict'],
    [412, 'PreconditionFailed', 'conflict'],
    [503, 'ServiceUnavailable', 'unavailable'],
    [500, 'nobodyKnowsThis', 'unavailable'],
    [403, 'nobodyKnowsThis', 'unauthorized'],
    [418, 'nobodyKnowsThis', 'invalid'],
  ])('%i %s is %s', (status, code, fault) => {
    const error = translated(refusal(status, code), doing)
    expect(error.fault).toBe(fault)
    expect(error.message).toMatch(/^virtualMachines\.createOrUpdate: /)
  })

  test.each([
    [
      'Operation could not be completed as it results in exceeding approved Total Regional Cores quota.',
      'quota',
    ],
    ['Cannot attach it, the virtual machine is marked for deletion.', 'not-yet'],
    ['The requested size cannot be used here.', 'invalid'],
  ])('what is not allowed depends on the words: %s', (words, fault) => {
    expect(translated(refusal(409, 'OperationNotAllowed', words), doing).fault).toBe(fault)
  })

  test('what differs from one try to the next is not told', () => {
    expect(told('0f8fad5b-d9cb-469f-a165-70867728950e', '2026-11-26T01:02:03.4Z')).toBe(
      told('7c9e6679-7425-40de-944b-e07fc1f90ae7', '2026-11-27T05:06:07.8Z'),
    )
  })

  test('nothing of the request is kept beside it: it holds keys', () => {
    const error = Object.assign(refusal(400, 'InvalidParameter'), { request: { body: 'secret' } })
    const { cause } = translated(error, doing)
    expect(cause).toEqual({ status: 400, code: 'InvalidParameter', words: 'Some words.' })
  })
})

describe('operations that failed', () => {
  test('the code that the SDK puts into its words is read', () => {
    const said = saidBy(
      new Error(
        'The long-running operation has failed. ZonalAllocationFailed. Allocation failed. Try later.',
      ),
    )
    expect(said).toEqual({
      status: undefined,
      code: 'ZonalAllocationFailed',
      words: 'Allocation failed. Try later.',
    })
    expect(operationFault(said, doing).fault).toBe('no-capacity')
  })

  test('one that is not known is an error of Azure’s', () => {
    expect(operationFault({ status: undefined, code: 'Strange', words: '' }, doing).fault).toBe('unavailable')
  })
})

describe('what came to no answer', () => {
  test.each([
    [new DOMException('out of time', 'TimeoutError'), 'timeout'],
    [Object.assign(new Error('aborted'), { name: 'AbortError' }), 'timeout'],
    [Object.assign(new Error('none'), { name: 'CredentialUnavailableError' }), 'unauthorized'],
    [new Error('getaddrinfo ENOTFOUND management.azure.com'), 'unavailable'],
    [new Error('socket hang up'), 'lost'],
  ])('%s is %s', (error, fault) => {
    expect(translated(error, doing).fault).toBe(fault)
  })

  test('a token that Entra ID refuses is a credential that is not known', () => {
    const error = Object.assign(new Error('AADSTS7000215: trace 1'), {
      name: 'AuthenticationError',
      statusCode: 401,
      errorResponse: { error: 'invalid_client', errorDescription: 'AADSTS7000215: trace 1' },
    })
    const { fault, message } = translated(error, 'token')
    expect([fault, message.includes('AADSTS')]).toEqual(['unauthorized', false])
  })
})

test('what is gone and what is there already are told by their status', () => {
  const [gone, there] = [translated(refusal(404, 'ResourceNotFound'), 'x'), translated(refusal(412, ''), 'x')]
  expect([isGone(gone), isThereAlready(gone), isGone(there), isThereAlready(there)]).toEqual([
    true,
    false,
    false,
    true,
  ])
  expect(isGone(new CloudError('invalid', 'of the house'))).toBe(false)
})
