import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { calls } from '../../src/clouds/aws/calls.ts'
import { parseCredentials } from '../../src/clouds/aws/credentials.ts'
import { encoded } from '../../src/clouds/aws/launching.ts'
import { kindOf, offeringsOf, readOffering, writeOffering } from '../../src/clouds/aws/offerings.ts'
import { everyPage } from '../../src/clouds/aws/pages.ts'
import { policyFor } from '../../src/clouds/aws/policy.ts'
import { admittedBy, missingRules, permissionOf, readRules, wantedRules } from '../../src/clouds/aws/rules.ts'
import { NoCapacity } from '../../src/clouds/capacity.ts'

const image = { id: 'ami-01234567', rootDevice: '/dev/sda1', architecture: 'x86_64', minGiB: 8 }
const sizes = ['m7i.large', 'm6i.large'].map(name => ({ name, image }))
const subnets = ['a', 'b'].map(zone => ({ id: `subnet-${zone}`, zone: `us-east-1${zone}`, vpc: 'vpc-1' }))

test('offerings: spot first, sizes in order, each in every zone before the next', () => {
  const kinds = offeringsOf({ sizes, subnets, purchasing: 'SpotOrOnDemand', diskGiB: undefined }).map(kindOf)
  expect(kinds).toEqual(
    ['Spot', 'OnDemand'].flatMap(kind =>
      ['m7i.large', 'm6i.large'].flatMap(size =>
        ['us-east-1a', 'us-east-1b'].map(zone => `${size} ${zone} ${kind}`),
      ),
    ),
  )
})

test('offerings: many sizes in many zones leave room for what is asked for on demand', () => {
  const many = Array.from({ length: 4 }, (_, at) => ({ name: `m${at}.large`, image }))
  const zones = ['a', 'b', 'c', 'd', 'e', 'f'].map(zone => ({ id: `subnet-${zone}`, zone, vpc: 'vpc-1' }))
  const of = (purchasing: 'Spot' | 'OnDemand' | 'SpotOrOnDemand') =>
    offeringsOf({ sizes: many, subnets: zones, purchasing, diskGiB: undefined })
  const both = Object.groupBy(of('SpotOrOnDemand'), each => each.purchasing)
  expect([both.Spot?.length, both.OnDemand?.length]).toEqual([12, 12])
  expect(both.OnDemand?.[0]?.size).toBe('m0.large')
  expect(of('Spot')).toHaveLength(24)
})

test('an offering is read as it was written, and anything else is refused', () => {
  const [offering] = offeringsOf({ sizes, subnets, purchasing: 'Spot', diskGiB: 50 })
  if (offering === undefined) throw new Error('there is one')
  expect(readOffering(writeOffering(offering))).toEqual(offering)
  expect(() => readOffering('m7i.large us-east-1a Sometimes subnet-1 ami-1 /dev/sda1 30')).toThrow(
    'cannot read',
  )
  expect(() => readOffering('')).toThrow('cannot read')
})

test('an image that needs a larger disk gets it, unless the user says how large', () => {
  const large = sizes.map(size => ({ ...size, image: { ...image, minGiB: 75 } }))
  const disks = (diskGiB: number | undefined) =>
    new Set(offeringsOf({ sizes: large, subnets, purchasing: 'Spot', diskGiB }).map(each => each.diskGiB))
  expect(disks(undefined)).toEqual(new Set([75]))
  expect(disks(100)).toEqual(new Set([100]))
})

test('what was out of stock comes last for three minutes, and then in its old place', () => {
  let now = 0
  const stock = new NoCapacity(() => now)
  stock.note('a')
  expect(stock.order(['a', 'b', 'c'], each => each)).toEqual(['b', 'c', 'a'])
  now = 179_999
  stock.note('b')
  expect(stock.order(['a', 'b', 'c'], each => each)).toEqual(['c', 'a', 'b'])
  now = 180_001
  expect(stock.order(['a', 'b', 'c'], each => each)).toEqual(['a', 'c', 'b'])
})

test('rules: exactly the scheduler’s port from outside, the workers’ from within, SSH only where asked', () => {
  const pair = { scheduler: 'sg-1', workers: 'sg-2' }
  const { scheduler, workers } = wantedRules(pair, { admitted: ['203.0.113.0/24', '2001:db8::/32'], ssh: [] })
  expect(scheduler.map(({ from, to, source }) => `${from}-${to} ${source}`)).toEqual([
    '8786-8786 203.0.113.0/24',
    '8786-8786 2001:db8::/32',
    '8786-8786 sg-2',
  ])
  expect(workers.map(({ from, source }) => `${from} ${source}`)).toEqual([
    '9000 sg-1',
    '9000 sg-2',
    '9001 sg-1',
    '9001 sg-2',
  ])
  expect(wantedRules(pair, { admitted: [], ssh: ['10.0.0.0/8'] }).workers.at(-1)).toMatchObject({
    from: 22,
    source: '10.0.0.0/8',
  })
})

test('rules are read back as they were asked for', () => {
  const { scheduler } = wantedRules(
    { scheduler: 'sg-1', workers: 'sg-2' },
    { admitted: ['10.0.0.0/8', '::/0'], ssh: [] },
  )
  const read = readRules(scheduler.map(permissionOf))
  expect(missingRules(scheduler, read)).toEqual([])
  expect(admittedBy(read)).toEqual(['10.0.0.0/8', '::/0'])
  expect(missingRules(read, scheduler.slice(1))).toHaveLength(1)
})

test('all pages or an error', async () => {
  const pages = [{ items: [1, 2], NextToken: 'a' }, { items: [3], NextToken: 'b' }, { items: [4] }]
  let at = 0
  expect(
    await everyPage(
      async () => pages[at++] ?? { items: [] },
      page => page.items,
    ),
  ).toEqual([1, 2, 3, 4])
  at = 0
  const broken = everyPage(
    async () => {
      if (at === 1) throw new Error('page 2 is missing')
      return pages[at++] ?? { items: [] }
    },
    page => page.items,
  )
  await expect(broken).rejects.toThrow('page 2 is missing')
  await expect(
    everyPage(
      async () => ({ items: [1], NextToken: 'again' }),
      page => page.items,
    ),
  ).rejects.toThrow('does not end')
})

test('user data is compressed to the same bytes every time', () => {
  const text = '#cloud-config\n'.repeat(100)
  expect(encoded(text)).toBe(encoded(text))
  expect(gunzipSync(Buffer.from(encoded(text), 'base64')).toString()).toBe(text)
})

test('credentials: what is missing is named, and no value is', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'top-secret' }
  expect(parseCredentials(keys, 'secret')).toEqual({
    identity: { accessKeyId: 'AKIA1', secretAccessKey: 'top-secret' },
    role: undefined,
  })
  expect(() => parseCredentials({ AWS_ACCESS_KEY_ID: 'AKIA1' }, 'secret')).toThrow(
    'secret.AWS_SECRET_ACCESS_KEY: is missing',
  )
  expect(() => parseCredentials({ ...keys, AWS_ROLE_ARN: 'top-secret' }, 'secret')).toThrow(
    /^secret.AWS_ROLE_ARN: must be the ARN of a role(?!.*top-secret)/,
  )
  const elsewhere = { ...keys, AWS_ENDPOINT_URL: 'https://elsewhere.example' }
  expect(() => parseCredentials(elsewhere, 'secret')).toThrow('secret.AWS_ENDPOINT_URL: is not known here')
  const role = parseCredentials(
    { ...keys, AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/dask', AWS_ROLE_EXTERNAL_ID: 'x-1' },
    'secret',
  )
  expect(role.role).toEqual({ arn: 'arn:aws:iam::123456789012:role/dask', externalId: 'x-1' })
})

test('the policy grants every call there is, and changes nothing that is not tagged as ours', () => {
  const { Statement } = policyFor({ partition: 'aws', passedRoles: [] })
  const granted = new Set(Statement.flatMap(({ Action }) => Action))
  expect(Object.entries(calls).filter(([name, { service }]) => !granted.has(`${service}:${name}`))).toEqual(
    [],
  )
  const ending = Statement.filter(({ Action }) =>
    Action.some(each => /:(Terminate|Delete|Release|Revoke)/.test(each)),
  )
  expect(ending.map(({ Condition }) => Condition)).toEqual([
    { StringLike: { 'aws:ResourceTag/cloud.dask.org/installation': '?*' } },
  ])
})
