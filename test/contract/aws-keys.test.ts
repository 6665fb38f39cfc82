import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectAws } from '../../src/clouds/aws/connect.ts'
import { parseCredentials } from '../../src/clouds/aws/credentials.ts'
import { parseSettings } from '../../src/clouds/aws/settings.ts'
import { CloudError } from '../../src/model/faults.ts'
import { installationId } from '../../src/model/names.ts'
import { type AwsGround, anAwsGround, printedPolicy } from '../support/aws/aws-ground.ts'
import { homeAccount, homeKey } from '../support/aws/ec2.ts'
import { ec2Model } from '../support/aws/model.ts'

const call = { signal: AbortSignal.timeout(60_000) }
const other = '444455556666'
const role = `arn:aws:iam::${other}:role/dask`
let ground: AwsGround

beforeEach(async () => {
  ground = await anAwsGround({ model: await ec2Model() })
  const key = { account: other, may: undefined, policy: printedPolicy }
  ground.ec2.world.roles.set(role, { key, externalId: 'team-a' })
})
afterEach(async () => {
  await ground[Symbol.asyncDispose]()
  const differs = ground.ec2.ledger.flatMap(each => each.differs ?? [])
  if (differs.length > 0) throw new Error(`unlike AWS: ${differs.join(', ')}`)
})

const good = { AWS_ACCESS_KEY_ID: homeKey, AWS_SECRET_ACCESS_KEY: 'secret' }

/** The scope that a Secret with this in it leads to, after a list; or the fault, with its words. */
async function reached(secret: Readonly<Record<string, string>>): Promise<string> {
  const context = { installation: installationId('ours'), sealingKey: 'key', stateDirectory: '' }
  const settings = parseSettings({ region: 'us-east-1' }, 'spec.cloud.aws')
  try {
    const cloud = await connectAws(settings, parseCredentials(secret, 'secret'), context)
    await cloud.list(call)
    await cloud.close()
    return cloud.scope
  } catch (error) {
    return error instanceof CloudError ? `${error.fault}: ${error.message}` : String(error)
  }
}

test('a key and its secret lead to their account', async () => {
  expect(await reached(good)).toBe(`aws/${homeAccount}/us-east-1`)
})

test('another secret is unauthorized: what was sent is not signed with the key’s own', async () => {
  expect(await reached({ ...good, AWS_SECRET_ACCESS_KEY: 'guess' })).toMatch(
    /^unauthorized: .*SignatureDoesNotMatch/,
  )
})

test('a temporary key is worth nothing without its session token', async () => {
  const key = { account: homeAccount, may: undefined, secret: 'brief', sessionToken: 'token' }
  ground.ec2.world.keys.set('ASIATEMPORARY', key)
  const brief = { AWS_ACCESS_KEY_ID: 'ASIATEMPORARY', AWS_SECRET_ACCESS_KEY: 'brief' }
  expect(await reached({ ...brief, AWS_SESSION_TOKEN: 'token' })).toBe(`aws/${homeAccount}/us-east-1`)
  expect(await reached(brief)).toMatch(/^unauthorized: .*InvalidClientTokenId/)
  expect(await reached({ ...brief, AWS_SESSION_TOKEN: 'old' })).toMatch(/^unauthorized: /)
})

test('a role is taken on with its external id, and leads to its own account', async () => {
  const secret = { ...good, AWS_ROLE_ARN: role, AWS_ROLE_EXTERNAL_ID: 'team-a' }
  expect(await reached(secret)).toBe(`aws/${other}/us-east-1`)
  const listed = ground.ec2.ledger.filter(({ action }) => action === 'DescribeInstances')
  expect(listed.map(({ account }) => account)).toEqual([other])
})

test.each([
  ['without its external id', { AWS_ROLE_ARN: role }],
  ['with another external id', { AWS_ROLE_ARN: role, AWS_ROLE_EXTERNAL_ID: 'team-b' }],
  ['that is not there', { AWS_ROLE_ARN: `${role}2`, AWS_ROLE_EXTERNAL_ID: 'team-a' }],
])('a role %s is unauthorized', async (_, more) => {
  expect(await reached({ ...good, ...more })).toMatch(/^unauthorized: .*AccessDenied/)
})
