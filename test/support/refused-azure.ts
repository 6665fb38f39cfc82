import type { RefusedSpec } from './refused-specs.ts'

const place = { subscriptionId: '11111111-2222-3333-4444-555555555555', location: 'westeurope' }
const azure = (of: Readonly<Record<string, unknown>>) => ({
  cloud: { local: null, azure: { ...place, ...of } },
})
const path = 'spec.cloud.azure'
const group = `/subscriptions/${place.subscriptionId}/resourceGroups/g/providers`

/** What must be refused of the settings of Azure. */
export const azureRows: readonly RefusedSpec[] = [
  {
    given: 'no subscription',
    patch: { cloud: { local: null, azure: { location: 'westeurope' } } },
    path: `${path}.subscriptionId`,
    says: /Required value|must be a text/,
  },
  {
    given: 'a subscription by name',
    patch: azure({ subscriptionId: 'pay-as-you-go-of-the-acme-data-teamx' }),
    path: `${path}.subscriptionId`,
    says: /must be the id of a subscription|not one as Azure writes them/,
  },
  ...['West Europe', 'west-europe', 'WESTEUROPE'].map(location => ({
    given: `the location ${location}`,
    patch: azure({ location }),
    path: `${path}.location`,
    says: /must be the name of a location|not one as Azure writes them/,
  })),
  {
    given: 'a zone with its location',
    patch: azure({ zones: ['westeurope-1'] }),
    path: `${path}.zones[0]`,
    says: /must be the number of a zone|Too long|may not be more than 1|not one as Azure writes them/,
  },
  {
    given: 'a resource group that ends with a full stop',
    patch: azure({ resourceGroup: 'dask.' }),
    path: `${path}.resourceGroup`,
    says: /must be the name of a resource group|not one as Azure writes them/,
  },
  {
    given: 'no public address for workers in a network of the cluster',
    patch: azure({ workerAddresses: 'None' }),
    path,
    says: /needs a subnet of yours with a way out/,
  },
  {
    given: 'rules for SSH beside a group of the user',
    patch: azure({
      networkSecurityGroup: { resourceGroup: 'nets', name: 'dask' },
      sshCIDRs: ['10.0.0.0/8'],
    }),
    path,
    says: /leave (?:them|it) out where networkSecurityGroup is set/,
  },
  {
    given: 'two images',
    patch: azure({
      image: { urn: 'a:b:c:latest', galleryImageId: `${group}/Microsoft.Compute/galleries/g/images/i` },
    }),
    path: `${path}.image`,
    says: /choose one image: exactly one of urn, galleryImageId and communityGalleryImageId/,
  },
  {
    given: 'an image without a version',
    patch: azure({ image: { urn: 'Canonical:ubuntu-24_04-lts:server' } }),
    path: `${path}.image.urn`,
    says: /must be publisher:offer:sku:version|not one as Azure writes them/,
  },
  {
    given: 'an ephemeral disk of Premium',
    patch: azure({ osDisk: { ephemeral: true, type: 'Premium_LRS' } }),
    path: `${path}.osDisk`,
    says: /leave type out/,
  },
  {
    given: 'a tag of ours',
    patch: azure({ tags: { 'Dask-role': 'x' } }),
    path: `${path}.tags`,
    says: /begin with microsoft, azure, windows or dask-|not beginning with microsoft, azure, windows or dask-/,
  },
  {
    given: 'the user root',
    patch: azure({ adminUsername: 'root' }),
    path: `${path}.adminUsername`,
    says: /a name that Azure refuses/,
  },
  {
    given: 'a private key',
    patch: azure({ sshPublicKey: '-----BEGIN OPENSSH PRIVATE KEY-----' }),
    path: `${path}.sshPublicKey`,
    says: /must be a public key|is no public key/,
  },
  {
    given: 'an identity by name',
    patch: azure({ identities: ['dask'] }),
    path: `${path}.identities[0]`,
    says: /userAssignedIdentities\/N|not one as Azure writes them/,
  },
  {
    given: 'Private without a subnet',
    patch: { ...azure({}), network: { exposure: 'Private' } },
    path: 'spec',
    says: /exposure Private on Azure needs a subnet of yours/,
  },
]
