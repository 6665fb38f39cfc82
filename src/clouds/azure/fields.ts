import { flag, integer, noOthers, oneOf, optional, ParseError, record, text } from '../../lib/parse.ts'
import {
  azureBounds,
  azureDiskTypes,
  azureRefusedUsers,
  azurePatterns as patterns,
} from '../../model/azure-names.ts'
import { among, readersOf } from '../readers.ts'

const { matching, like } = readersOf('Azure')

export interface SubnetChoice {
  readonly resourceGroup: string
  readonly virtualNetwork: string
  readonly name: string
}

export interface SecurityGroupChoice {
  readonly resourceGroup: string
  readonly name: string
}

export type ImageChoice =
  /** Ubuntu's current one, by what the size can boot. */
  | { readonly kind: 'usual' }
  | {
      readonly kind: 'urn'
      readonly publisher: string
      readonly offer: string
      readonly sku: string
      readonly version: string
    }
  | { readonly kind: 'gallery'; readonly id: string }
  | { readonly kind: 'community'; readonly id: string }

export interface OsDisk {
  /** Undefined: as large as its image. */
  readonly sizeGiB: number | undefined
  readonly type: (typeof azureDiskTypes)[number]
  readonly ephemeral: boolean
  readonly diskEncryptionSetId: string | undefined
}

export function subnet(raw: unknown, path: string): SubnetChoice {
  const asked = record(raw, path)
  noOthers(asked, path, ['resourceGroup', 'virtualNetwork', 'name'])
  return {
    resourceGroup: matching(patterns.resourceGroup, asked['resourceGroup'], `${path}.resourceGroup`),
    virtualNetwork: matching(patterns.virtualNetwork, asked['virtualNetwork'], `${path}.virtualNetwork`),
    name: matching(patterns.name, asked['name'], `${path}.name`),
  }
}

export function securityGroup(raw: unknown, path: string): SecurityGroupChoice {
  const asked = record(raw, path)
  noOthers(asked, path, ['resourceGroup', 'name'])
  return {
    resourceGroup: matching(patterns.resourceGroup, asked['resourceGroup'], `${path}.resourceGroup`),
    name: matching(patterns.name, asked['name'], `${path}.name`),
  }
}

/** Without a `kind` as users write it, and with one as it was parsed before. */
export function image(raw: unknown, path: string): ImageChoice {
  if (raw === undefined || raw === null) return { kind: 'usual' }
  const choice = record(raw, path)
  return 'kind' in choice ? parsedImage(choice, path) : chosenImage(choice, path)
}

function chosenImage(choice: Readonly<Record<string, unknown>>, path: string): ImageChoice {
  noOthers(choice, path, ['urn', 'galleryImageId', 'communityGalleryImageId'])
  const named = Object.entries(choice).filter(([, value]) => value !== undefined && value !== null)
  const [key, value] = named[0] ?? []
  if (named.length !== 1)
    throw new ParseError(
      path,
      `choose one image: exactly one of urn, galleryImageId and communityGalleryImageId must be set, found ${named.length}`,
    )
  if (key === 'urn') return ofUrn(value, `${path}.urn`)
  return key === 'galleryImageId'
    ? { kind: 'gallery', id: matching(patterns.galleryImage, value, `${path}.${key}`) }
    : { kind: 'community', id: matching(patterns.communityImage, value, `${path}.${key}`) }
}

function ofUrn(raw: unknown, path: string): ImageChoice {
  const [publisher = '', offer = '', sku = '', version = ''] = matching(patterns.urn, raw, path).split(':')
  return { kind: 'urn', publisher, offer, sku, version }
}

function parsedImage(choice: Readonly<Record<string, unknown>>, path: string): ImageChoice {
  const kind = oneOf(choice['kind'], `${path}.kind`, ['usual', 'urn', 'gallery', 'community'])
  if (kind === 'usual') return { kind }
  if (kind === 'urn')
    return ofUrn(
      ['publisher', 'offer', 'sku', 'version']
        .map(part => matching(patterns.urnPart, choice[part], `${path}.${part}`))
        .join(':'),
      path,
    )
  const pattern = kind === 'gallery' ? patterns.galleryImage : patterns.communityImage
  return { kind, id: matching(pattern, choice['id'], `${path}.id`) }
}

export function osDisk(raw: unknown, path: string): OsDisk {
  const asked = raw === undefined || raw === null ? {} : record(raw, path)
  noOthers(asked, path, ['sizeGiB', 'type', 'ephemeral', 'diskEncryptionSetId'])
  const type = optional(asked['type'], `${path}.type`, among(azureDiskTypes))
  const ephemeral = optional(asked['ephemeral'], `${path}.ephemeral`, flag) ?? false
  if (ephemeral && type !== undefined && type !== 'Standard_LRS')
    throw new ParseError(
      `${path}.type`,
      `is ${type}, and ephemeral is true: the disk is then the size's own, leave type out`,
    )
  return {
    sizeGiB: optional(asked['sizeGiB'], `${path}.sizeGiB`, (value, where) =>
      integer(value, where, azureBounds.diskGiB),
    ),
    type: type ?? (ephemeral ? 'Standard_LRS' : 'StandardSSD_LRS'),
    ephemeral,
    diskEncryptionSetId: optional(
      asked['diskEncryptionSetId'],
      `${path}.diskEncryptionSetId`,
      like(patterns.diskEncryptionSet),
    ),
  }
}

export function tags(raw: unknown, path: string): Readonly<Record<string, string>> {
  if (raw === undefined || raw === null) return {}
  const own = Object.entries(record(raw, path))
  if (own.length > azureBounds.tags)
    throw new ParseError(path, `has ${own.length} tags; at most ${azureBounds.tags} are taken`)
  const names = own.map(([key]) => key.toLowerCase())
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index)
  if (twice >= 0) throw new ParseError(path, `has "${names[twice]}" twice: Azure does not tell capitals`)
  return Object.fromEntries(own.map(([key, value]) => [tagName(key, path), tagValue(value, path, key)]))
}

function tagName(key: string, path: string): string {
  if (patterns.tagName.test(key) && !patterns.reservedTag.test(key)) return key
  throw new ParseError(
    `${path}["${key.slice(0, 63)}"]`,
    'is not a name that a tag of yours can have: at most 256 characters, none of <>%&\\?/, not beginning with microsoft, azure, windows or dask-',
  )
}

function tagValue(raw: unknown, path: string, key: string): string {
  if (typeof raw === 'string' && patterns.tagValue.test(raw)) return raw
  throw new ParseError(`${path}["${key.slice(0, 63)}"]`, 'must be a text of at most 256 characters')
}

export function adminUsername(raw: unknown, path: string): string {
  const name = matching(patterns.adminUsername, raw, path)
  if (azureRefusedUsers.every(refused => refused !== name)) return name
  throw new ParseError(path, `"${name}" is a name that Azure refuses: choose another, or leave it out`)
}

/** What is there instead may be the private half: it is not shown. */
export function sshPublicKey(raw: unknown, path: string): string {
  const found = text(raw, path).trim()
  if (patterns.sshPublicKey.test(found)) return found
  throw new ParseError(path, 'is no public key: it is a line that begins with ssh-ed25519 or ssh-rsa')
}
