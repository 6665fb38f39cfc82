import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { translated } from '../../src/clouds/aws/faults.ts'
import { certainty, retryPace } from '../../src/model/faults.ts'

const fromAws = (code: string, message: string, status = 400): Error =>
  Object.assign(new Error(message), { name: code, $metadata: { httpStatusCode: status } })

test.each([
  ['RequestLimitExceeded', 'throttled'],
  ['InsufficientInstanceCapacity', 'no-capacity'],
  ['Unsupported', 'no-capacity'],
  ['SpotMaxPriceTooLow', 'no-capacity'],
  ['VcpuLimitExceeded', 'quota'],
  ['AddressLimitExceeded', 'quota'],
  ['UnauthorizedOperation', 'unauthorized'],
  ['AuthFailure', 'unauthorized'],
  ['ExpiredToken', 'unauthorized'],
  ['InvalidAMIID.NotFound', 'invalid'],
  ['IdempotentParameterMismatch', 'conflict'],
  ['DependencyViolation', 'not-yet'],
  ['InvalidNetworkInterface.InUse', 'not-yet'],
  ['IncorrectState', 'not-yet'],
  ['InvalidNetworkInterfaceID.NotFound', 'not-yet'],
  ['AuthFailure.ServiceLinkedRoleCreationNotPermitted', 'quota'],
  ['InternalError', 'unavailable'],
  ['SomethingNew', 'invalid'],
])('%s means %s', (code, fault) => {
  expect(translated(fromAws(code, 'words'), 'RunInstances').fault).toBe(fault)
})

test.each([
  ['AuthFailure', 'Not authorized for images: [ami-0123]', 'invalid'],
  ['AuthFailure', 'AWS was not able to validate the provided access credentials', 'unauthorized'],
  ['InvalidParameterValue', "Network interface 'eni-1' is currently in use.", 'not-yet'],
  ['InvalidParameterValue', 'Value (x) for parameter y is invalid.', 'invalid'],
])('%s with the words "%s" means %s', (code, words, fault) => {
  expect(translated(fromAws(code, words), 'RunInstances').fault).toBe(fault)
})

test('what is in use is a certain refusal, retried soon, and its token is not spent', () => {
  const { fault } = translated(fromAws('InvalidNetworkInterface.InUse', 'in use'), 'RunInstances')
  expect([certainty[fault], retryPace[fault]]).toEqual(['refused', 'soon'])
})

test('a name that nobody knows is told with what may be wrong', () => {
  const error = Object.assign(new Error('x'), { code: 'ENOTFOUND', hostname: 'ec2.us-east-99.amazonaws.com' })
  const { fault, message } = translated(error, 'DescribeInstances')
  expect(fault).toBe('unavailable')
  expect(message).toContain('ec2.us-east-99.amazonaws.com has no address: check spec.cloud.aws.region')
})

test('what never reached AWS, or was never answered, is not taken for a refusal', () => {
  expect(translated(Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'RunInstances').fault).toBe('lost')
  expect(translated(Object.assign(new Error('x'), { name: 'AbortError' }), 'RunInstances').fault).toBe(
    'timeout',
  )
  expect(translated(Object.assign(new Error('x'), { name: 'TimeoutError' }), 'RunInstances').fault).toBe(
    'timeout',
  )
  expect(translated(fromAws('503', 'x', 503), 'RunInstances').fault).toBe('unavailable')
  expect(
    translated(
      Object.assign(new Error('char'), { name: 'Error', $metadata: { httpStatusCode: 200 } }),
      'RunInstances',
    ).fault,
  ).toBe('lost')
})

const refused = (): string =>
  translated(
    fromAws(
      'InvalidAMIID.NotFound',
      `The image id '[ami-01234567]' does not exist. Request id: ${randomUUID()}`,
    ),
    'RunInstances',
  ).message

test('the message is the same for every try, whatever ids AWS adds, and says what to do', () => {
  expect(refused()).toBe(refused())
  expect(refused()).toContain('correct spec.cloud.aws.image')
  expect(refused()).toContain('ami-01234567')
})

test('an encoded authorization message is not repeated', () => {
  const encoded = 'x'.repeat(400)
  const { message } = translated(
    fromAws(
      'UnauthorizedOperation',
      `You are not authorized. Encoded authorization failure message: ${encoded}`,
      403,
    ),
    'TerminateInstances',
  )
  expect(message).not.toContain(encoded)
  expect(message).toContain('npm run iam-policy -- aws')
})
