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
