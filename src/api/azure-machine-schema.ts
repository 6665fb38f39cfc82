import {
  azureBounds,
  azureDiskTypes,
  azureRefusedUsers,
  azurePatterns as patterns,
} from '../model/azure-names.ts'
import { list, map, object } from './schema/containers.ts'
import { bool, choice, integer, text } from './schema/scalars.ts'
import { keysMatching, matching, optional } from './schema/schema.ts'

export const named = (pattern: RegExp, description: string, message: string, max = 80) =>
  text({ description, min: 1, max, rules: [matching(pattern, message)] })

const idMax = 400

export const image = object({
  description:
    'What the machines boot: exactly one of urn, galleryImageId and communityGalleryImageId. It needs systemd 247, cloud-init and ' +
    "Python 3.9, or newer. Default: Canonical's current Ubuntu 24.04 for the architecture of each size.",
  others: 'refused',
  fields: {
    urn: optional(
      named(
        patterns.urn,
        'An image of the marketplace: publisher:offer:sku:version, or latest for the newest version. One that has a plan to be bought is not taken.',
        'must be publisher:offer:sku:version, for example Canonical:ubuntu-24_04-lts:server:latest',
        330,
      ),
    ),
    galleryImageId: optional(
      named(
        patterns.galleryImage,
        'Resource id of an image of a compute gallery, with /versions/1.2.3 or without for the newest.',
        'must be /subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/N/images/I, with /versions/1.2.3 or without',
        idMax,
      ),
    ),
    communityGalleryImageId: optional(
      named(
        patterns.communityImage,
        'Id of an image of a community gallery: /CommunityGalleries/N/Images/I, with /Versions/1.2.3 or without for the newest.',
        'must be /CommunityGalleries/N/Images/I, with /Versions/1.2.3 or without',
        idMax,
      ),
    ),
  },
  rules: [
    {
      cel: '[has(self.urn), has(self.galleryImageId), has(self.communityGalleryImageId)].filter(set, set).size() == 1',
      message: 'choose one image: exactly one of urn, galleryImageId and communityGalleryImageId must be set',
      holds: chosen => Object.values(chosen).filter(each => each !== undefined).length === 1,
    },
  ],
})

export const osDisk = object({
  description: 'The disk that each machine boots from. It goes with the machine.',
  others: 'refused',
  fields: {
    sizeGiB: optional(integer({ description: 'Default: as large as its image.', ...azureBounds.diskGiB })),
    type: optional(
      choice({
        description:
          'Default: StandardSSD_LRS. The Premium ones are for sizes that take them, most with an s in their name.',
        values: azureDiskTypes,
      }),
    ),
    ephemeral: optional(
      bool({
        description:
          'Whether it is on the host of the machine and costs nothing, for sizes with a cache or a disk of their own that is large enough. Default: false.',
      }),
    ),
    diskEncryptionSetId: optional(
      named(
        patterns.diskEncryptionSet,
        "Resource id of the disk encryption set whose key encrypts it. Default: Azure's own key.",
        'must be /subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/diskEncryptionSets/N',
        idMax,
      ),
    ),
  },
  rules: [
    {
      cel: "!has(self.ephemeral) || !self.ephemeral || !has(self.type) || self.type == 'Standard_LRS'",
      message: "an ephemeral disk is the size's own: leave type out",
      holds: ({ ephemeral, type }) => ephemeral !== true || type === undefined || type === 'Standard_LRS',
    },
  ],
})

export const identities = list({
  description:
    'User-assigned identities of the machines: tasks may then do what they may. The operator must be told to allow them (--allow-machine-identities). Default: none, and tasks cannot ask the metadata service.',
  items: named(
    patterns.identity,
    'Resource id of one. The credentials need Microsoft.ManagedIdentity/userAssignedIdentities/assign/action on it.',
    'must be /subscriptions/S/resourceGroups/G/providers/Microsoft.ManagedIdentity/userAssignedIdentities/N',
    idMax,
  ),
  max: azureBounds.identities,
})

export const tags = map({
  description:
    "Tags of your own on all that is made for the cluster, for example for bills. The operator's own go over them.",
  max: azureBounds.tags,
  values: text({
    description: 'The value.',
    max: 256,
    rules: [matching(patterns.tagValue, 'must be a text without control characters')],
  }),
  rules: [
    keysMatching(
      patterns.tagName,
      'names of tags have at most 256 characters, and none of <>%&\\?/ or control characters',
    ),
    {
      cel: `!self.exists(key, key.matches('${patterns.reservedTag.source}'))`,
      message:
        'names of tags that begin with microsoft, azure, windows or dask- are not yours to give: remove them',
      holds: value => !Object.keys(value).some(key => patterns.reservedTag.test(key)),
    },
  ],
})

export const adminUsername = text({
  description: 'The user that SSH lets in. Default: azureuser.',
  min: 1,
  max: 32,
  rules: [
    matching(patterns.adminUsername, 'must be lower-case letters, digits, _ and -, a letter or _ first'),
    {
      cel: `!(self in [${azureRefusedUsers.map(name => `'${name}'`).join(', ')}])`,
      message: 'is a name that Azure refuses: choose another, or leave it out',
      holds: value => !azureRefusedUsers.some(name => name === value),
    },
  ],
})
