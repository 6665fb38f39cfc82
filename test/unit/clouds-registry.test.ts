import { expect, test } from 'vitest'
import { ambientPlaces, cloudParser } from '../../src/clouds/registry.ts'

const path = 'spec.cloud.aws'
const parse = (settings: unknown, isDeleting: boolean) =>
  cloudParser([])('aws', settings, { path, isDeleting })?.settings

test('what is deleted needs of its settings what its machines are found by', () => {
  const newer = { region: 'eu-central-1', fromTheFuture: true }
  expect(parse(newer, true)).toEqual(parse({ region: 'eu-central-1' }, true))
  expect(() => parse(newer, false)).toThrow(`${path}.fromTheFuture`)
})

test('what is deleted and does not tell even that is refused', () => {
  expect(() => parse({ region: 7 }, true)).toThrow(`${path}.region`)
})

test('on Azure its subscription, location and group are enough', () => {
  const at = 'spec.cloud.azure'
  const parseAzure = (settings: unknown) =>
    cloudParser([])('azure', settings, { path: at, isDeleting: true })?.settings
  const place = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }
  expect(parseAzure({ ...place, resourceGroup: 'dask', fromTheFuture: true })).toEqual(
    parseAzure({ ...place, resourceGroup: 'dask' }),
  )
  expect(() => parseAzure({ location: 'westeurope' })).toThrow(`${at}.subscriptionId`)
})

test('on Google Cloud its project and region are enough', () => {
  const at = 'spec.cloud.gcp'
  const parseGcp = (settings: unknown) =>
    cloudParser([])('gcp', settings, { path: at, isDeleting: true })?.settings
  const place = { project: 'acme-data', region: 'us-central1' }
  expect(parseGcp({ ...place, fromTheFuture: true })).toEqual(parseGcp(place))
  expect(() => parseGcp({ region: 'us-central1' })).toThrow(`${at}.project`)
})

test.each([
  { withOwnIdentity: [], names: [] },
  { withOwnIdentity: ['gcp'], names: ['gcp', 'gcp'] },
  { withOwnIdentity: ['aws', 'gcp'], names: ['aws', 'gcp', 'gcp'] },
])('with its own identity on $withOwnIdentity the operator looks into what is named there', given => {
  const { withOwnIdentity, names } = given
  const places = { aws: ['us-east-1'], gcp: ['acme-data', 'acme-lab'] }
  const found = ambientPlaces({ allowed: [], withOwnIdentity, places })
  expect(found.map(({ kind }) => kind.name)).toEqual(names)
  expect(new Set(found.map(({ kind, settings }) => kind.connection(settings))).size).toBe(names.length)
})

const account = 'dask@acme-data.iam.gserviceaccount.com'
const identity =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dask'
const profile = 'arn:aws:iam::123456789012:instance-profile/dask'
const inAws = { region: 'eu-central-1' }
const inGcp = { project: 'acme-data', region: 'us-central1' }
const inAzure = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }

test.each([
  { cloud: 'aws', settings: { ...inAws, instanceProfile: profile }, name: profile, field: 'instanceProfile' },
  {
    cloud: 'gcp',
    settings: { ...inGcp, serviceAccount: { email: account } },
    name: account,
    field: 'serviceAccount.email',
  },
  {
    cloud: 'azure',
    settings: { ...inAzure, identities: [identity] },
    name: identity,
    field: 'identities[0]',
  },
])('what machines are on $cloud must be allowed: $field', ({ cloud, settings, name, field }) => {
  const at = `spec.cloud.${cloud}`
  const read =
    (identities?: readonly string[], isDeleting = false) =>
    () =>
      cloudParser([], identities)(cloud, settings, { path: at, isDeleting })?.settings
  expect(read()).toThrow(`${at}.${field}: "${name}" may not be given to machines here`)
  expect(read()).toThrow('--allow-machine-identities')
  for (const others of [
    ['other'],
    [`${name}-2`],
    [name.slice(1)],
    ['*x'],
    [`${name.slice(0, 30)}*${name.slice(20)}`],
  ])
    expect(read(others)).toThrow('may not be given')
  for (const fitting of [
    [name],
    ['*'],
    ['other', name.toUpperCase()],
    [`${name.slice(0, 9)}*${name.slice(-3)}`],
    ['*das*'],
  ])
    expect(read(fitting)).not.toThrow()
  expect(read([], true)).not.toThrow()
})
