import { describe, expect, test } from 'vitest'
import { machineIntent, parseSettings } from '../../src/clouds/azure/settings.ts'
import { ParseError } from '../../src/lib/parse.ts'

const subscriptionId = '0f8fad5b-d9cb-469f-a165-70867728950e'
const least = { subscriptionId, location: 'westeurope' }
const parse = (more: object = {}) => parseSettings({ ...least, ...more }, 'spec.cloud.azure')
const inGroup = `/subscriptions/${subscriptionId}/resourceGroups/acme/providers`
const subnet = { resourceGroup: 'acme-net', virtualNetwork: 'hub', name: 'dask' }

/** What is said where settings are refused. */
function refusal(more: object): string {
  try {
    parse(more)
    return 'nothing'
  } catch (error) {
    if (error instanceof ParseError) return error.message
    throw error
  }
}

test('two fields are enough, and what comes of them can be parsed again', () => {
  const settings = parse()
  expect(settings).toMatchObject({
    zones: [],
    resourceGroup: undefined,
    subnet: undefined,
    image: { kind: 'usual' },
    osDisk: { type: 'StandardSSD_LRS', ephemeral: false },
    adminUsername: 'azureuser',
    workerAddresses: 'Public',
  })
  expect(parseSettings(settings, 'again')).toEqual(settings)
})

test.each([
  [{ urn: 'Canonical:ubuntu-24_04-lts:server:latest' }, { kind: 'urn', version: 'latest' }],
  [{ urn: 'a:b:c:1.2.3' }, { kind: 'urn', publisher: 'a', version: '1.2.3' }],
  [{ galleryImageId: `${inGroup}/Microsoft.Compute/galleries/g/images/i` }, { kind: 'gallery' }],
  [
    { galleryImageId: `${inGroup}/Microsoft.Compute/galleries/g/images/i/versions/1.0.0` },
    { kind: 'gallery' },
  ],
  [{ communityGalleryImageId: '/CommunityGalleries/acme-1a2b/Images/dask' }, { kind: 'community' }],
])('an image %o is %o, also when it is parsed again', (image, parsed) => {
  const settings = parse({ image })
  expect(settings.image).toMatchObject(parsed)
  expect(parseSettings(settings, 'again')).toEqual(settings)
})

describe('what is refused', () => {
  test.each([
    [{ subscriptionId: 'acme' }, 'spec.cloud.azure.subscriptionId: "acme" is not one'],
    [{ location: 'West Europe' }, 'spec.cloud.azure.location: "West Europe" is not one'],
    [{ zones: ['1', 'a'] }, 'spec.cloud.azure.zones[1]: "a" is not one'],
    [{ region: 'westeurope' }, 'spec.cloud.azure.region'],
    [{ resourceGroup: 'ends.' }, 'spec.cloud.azure.resourceGroup: "ends." is not one'],
    [{ subnet: { ...subnet, id: 'x' } }, 'spec.cloud.azure.subnet.id'],
    [{ image: {} }, 'spec.cloud.azure.image: choose one image'],
    [{ image: { urn: 'a:b:c:latest', galleryImageId: 'x' } }, 'spec.cloud.azure.image: choose one image'],
    [{ image: { urn: 'a:b:c' } }, 'spec.cloud.azure.image.urn: "a:b:c" is not one'],
    [{ osDisk: { type: 'UltraSSD_LRS' } }, 'spec.cloud.azure.osDisk.type'],
    [{ osDisk: { sizeGiB: 1 } }, 'spec.cloud.azure.osDisk.sizeGiB'],
    [{ identities: ['me'] }, 'spec.cloud.azure.identities[0]: "me" is not one'],
    [{ tags: { 'dask-role': 'x' } }, 'spec.cloud.azure.tags["dask-role"]: is not a name'],
    [{ tags: { 'a/b': 'x' } }, 'spec.cloud.azure.tags["a/b"]: is not a name'],
    [{ adminUsername: 'root' }, 'spec.cloud.azure.adminUsername: "root" is a name'],
    [{ sshCIDRs: ['10.0.0.1/8'] }, 'spec.cloud.azure.sshCIDRs[0]'],
    [
      { networkSecurityGroup: { resourceGroup: 'g', name: 'n' }, sshCIDRs: ['10.0.0.0/8'] },
      'spec.cloud.azure.sshCIDRs: leave it out',
    ],
    [{ workerAddresses: 'None' }, 'spec.cloud.azure.workerAddresses: is None'],
  ])('%o', (more, says) => {
    expect(refusal(more)).toContain(says)
  })

  test('a private key in the place of a public one is not shown', () => {
    const key = '-----BEGIN OPENSSH PRIVATE KEY----- abc'
    expect(refusal({ sshPublicKey: key })).toBe(
      'spec.cloud.azure.sshPublicKey: is no public key: it is a line that begins with ssh-ed25519 or ssh-rsa',
    )
  })
})

test('workers without public addresses are taken where a subnet is named', () => {
  expect(parse({ workerAddresses: 'None', subnet })).toMatchObject({ workerAddresses: 'None', subnet })
})

test('what is not set leaves no mark on what machines are asked to be', () => {
  const given = (role: 'scheduler' | 'worker') =>
    Object.values(machineIntent(parse({ zones: ['1'], tags: { a: 'b' } }), role) ?? {}).filter(
      each => each !== undefined,
    )
  expect([given('scheduler'), given('worker')]).toEqual([[], []])
  expect(machineIntent(parse({ workerAddresses: 'None', subnet }), 'worker')).toMatchObject({
    addresses: 'None',
  })
})
