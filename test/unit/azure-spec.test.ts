import { expect, test } from 'vitest'
import { machineIntent, parseSettings } from '../../src/clouds/azure/settings.ts'
import type { Role } from '../../src/model/names.ts'
import { refusedSpecs } from '../support/refused-specs.ts'
import { merged } from '../support/specs.ts'

const path = 'spec.cloud.azure'
const subscriptionId = '11111111-2222-3333-4444-5555555555ab'
const place = { subscriptionId, location: 'westeurope' }
const parsed = (more: object = {}) => parseSettings({ ...place, ...more }, path)
const subnet = { resourceGroup: 'nets', virtualNetwork: 'corp', name: 'dask' }
const gallery = `/subscriptions/${subscriptionId}/resourceGroups/images/providers/Microsoft.Compute/galleries/dask/images/py`

const least = {
  ...place,
  zones: [],
  resourceGroup: undefined,
  subnet: undefined,
  networkSecurityGroup: undefined,
  image: { kind: 'usual' },
  osDisk: {
    sizeGiB: undefined,
    type: 'StandardSSD_LRS',
    ephemeral: false,
    diskEncryptionSetId: undefined,
  },
  encryptionAtHost: false,
  securityType: undefined,
  identities: [],
  tags: {},
  adminUsername: 'azureuser',
  sshPublicKey: undefined,
  sshCIDRs: [],
  workerAddresses: 'Public',
}

test('a subscription and a location are enough; everything else has a safe default', () => {
  expect(parsed()).toEqual(least)
})

const everything = {
  zones: ['3', '1'],
  resourceGroup: 'Team_A',
  subnet,
  networkSecurityGroup: { resourceGroup: 'nets', name: 'dask' },
  image: { galleryImageId: `${gallery}/versions/1.2.3` },
  osDisk: {
    sizeGiB: 100,
    type: 'Premium_LRS',
    diskEncryptionSetId: `/subscriptions/${subscriptionId}/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/dask`,
  },
  encryptionAtHost: true,
  securityType: 'ConfidentialVM',
  identities: [
    `/subscriptions/${subscriptionId}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/dask`,
  ],
  tags: { 'Cost center': 'größe 1' },
  adminUsername: 'dask',
  sshPublicKey: `ssh-ed25519 ${'A'.repeat(68)} me@desk`,
  workerAddresses: 'None',
}

test('whatever is set is read', () => {
  expect(parsed(everything)).toEqual({
    ...least,
    ...everything,
    image: { kind: 'gallery', id: `${gallery}/versions/1.2.3` },
    osDisk: { ...everything.osDisk, ephemeral: false },
  })
})

test('ids are read as Azure compares them, and ranges as every firewall writes them', () => {
  expect(parsed({ subscriptionId: subscriptionId.toUpperCase() }).subscriptionId).toBe(subscriptionId)
  expect(parsed({ sshCIDRs: ['2001:DB8::/32', '2001:db8::/32'] }).sshCIDRs).toEqual(['2001:db8::/32'])
})

test.each([
  {
    image: { urn: 'Canonical:ubuntu-24_04-lts:server:latest' },
    read: {
      kind: 'urn',
      publisher: 'Canonical',
      offer: 'ubuntu-24_04-lts',
      sku: 'server',
      version: 'latest',
    },
  },
  { image: { galleryImageId: gallery }, read: { kind: 'gallery', id: gallery } },
  {
    image: { communityGalleryImageId: '/CommunityGalleries/dask-1/Images/py' },
    read: { kind: 'community', id: '/CommunityGalleries/dask-1/Images/py' },
  },
])('an image is read, and can be parsed again: $read.kind', ({ image, read }) => {
  const once = parsed({ image })
  expect(once.image).toEqual(read)
  expect(parseSettings(once, path)).toEqual(once)
})

test.each([
  { given: 'the least', more: {} },
  { given: 'everything', more: everything },
  { given: 'an ephemeral disk', more: { osDisk: { ephemeral: true } } },
])('what was parsed can be parsed again: $given', ({ more }) => {
  const once = parsed(more)
  expect(parseSettings(once, path)).toEqual(once)
})

test.each([
  { given: { location: undefined }, problem: `${path}.location: must be a text that is not empty` },
  { given: { endpoint: 'http://evil' }, problem: `${path}.endpoint: is not known here` },
  { given: { zones: ['1', '2', '3', '1'] }, problem: `${path}.zones: has 4 entries; at most 3` },
  { given: { subnet: { name: 'dask' } }, problem: `${path}.subnet.resourceGroup: must be a text` },
  { given: { image: {} }, problem: `${path}.image: choose one image` },
  {
    given: { osDisk: { sizeGiB: 5 } },
    problem: `${path}.osDisk.sizeGiB: must be a whole number from 10`,
  },
  { given: { osDisk: { type: 'UltraSSD_LRS' } }, problem: `${path}.osDisk.type: must be one of Standard` },
  { given: { securityType: 'Shielded' }, problem: `${path}.securityType: must be one of Standard` },
  { given: { tags: { 'dask-role': 'x' } }, problem: `${path}.tags["dask-role"]: is not a name` },
  { given: { tags: { Team: 'a', team: 'b' } }, problem: `${path}.tags: has "team" twice` },
  { given: { sshCIDRs: ['10.1.2.3/8'] }, problem: `${path}.sshCIDRs[0]: is not a range of addresses` },
  { given: { workerAddresses: 'None' }, problem: `${path}.workerAddresses: is None, which needs a subnet` },
])('what is wrong is named: $problem', ({ given, problem }) => {
  expect(() => parsed(given)).toThrow(problem)
})

const intent = (more: object, role: Role = 'worker'): unknown => machineIntent(parsed(more), role)

test('only what a machine is made of is its intent, and only where it is set', () => {
  expect(JSON.stringify(intent({}))).toBe('{}')
  const elsewhereAlike = { zones: ['1'], subnet, tags: { a: 'b' }, sshCIDRs: ['10.0.0.0/8'] }
  expect(intent(elsewhereAlike)).toEqual(intent({}))
  expect(intent({ osDisk: { sizeGiB: 50 } })).not.toEqual(intent({}))
  expect(intent({ encryptionAtHost: true })).toMatchObject({ encryptionAtHost: true })
})

test('addresses of workers are of the workers alone', () => {
  const more = { subnet, workerAddresses: 'None' }
  expect(intent(more, 'scheduler')).toEqual(intent({}, 'scheduler'))
  expect(intent(more)).not.toEqual(intent({}))
})

test.each(refusedSpecs.filter(({ path: at }) => at.startsWith(path)))(
  'what the API server refuses is refused here too: $given',
  ({ patch, says }) => {
    const { cloud } = Object(merged({ cloud: { local: {} } }, patch))
    expect(() => parseSettings(cloud.azure, path)).toThrow(says)
  },
)
