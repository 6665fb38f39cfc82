import { canonicalCidr } from '../../lib/cidr.ts'
import { flag, integer, list, noOthers, oneOf, optional, ParseError, record, text } from '../../lib/parse.ts'
import {
  azureBounds,
  azureDiskTypes,
  azureForbiddenUsers,
  azurePatterns as patterns,
} from '../../model/azure-names.ts'

export type ImageChoice =
  /** Canonical's current one, by the architecture and generation of the size. */
  | { readonly kind: 'usual' }
  | {
      readonly kind: 'urn'
      readonly publisher: string
      readonly offer: string
      readonly sku: string
      /** Or `latest`, which is settled when a machine is launched. */
      readonly version: string
    }
  /** The id of an image of a gallery, newest version, or of one of its versions. */
  | { readonly kind: 'gallery'; readonly id: string }
  | { readonly kind: 'community'; readonly id: string }

export interface Subnet {
  readonly resourceGroup: string
  readonly virtualNetwork: string
  readonly name: string
}

export interface RulesChoice {
  readonly resourceGroup: string
  readonly name: string
}

export interface OsDisk {
  /** Undefined for the image's own. */
  readonly sizeGiB: number | undefined
  readonly type: (typeof azureDiskTypes)[number]
  /** On the host's own disk, which goes with the machine, where the size has room for it. */
  readonly ephemeral: boolean
  readonly diskEncryptionSetId: string | undefined
}

const imageFields = ['urn', 'galleryImageId', 'communityGalleryImageId'] as const

/** Without a `kind` as users write it, and with one as it was parsed before. */
export function image(raw: unknown, path: string): ImageChoice {
  if (raw === undefined || raw === null) return { kind: 'usual' }
  const choice = record(raw, path)
  if ('kind' in choice) return parsedImage(choice, path)
  noOthers(choice, path, [...imageFields])
  const named = imageFields.filter(field => choice[field] !== undefined)
  const [field] = named
  if (field === undefined || named.length > 1)
    throw new ParseError(path, `choose one image: exactly one of ${imageFields.join(', ')} must be set`)
  const found = matching(patterns[field], choice[field], `${path}.${field}`)
  if (field === 'galleryImageId') return { kind: 'gallery', id: found }
  if (field === 'communityGalleryImageId') return { kind: 'community', id: found }
  const [publisher = '', offer = '', sku = '', version = ''] = found.split(':')
  return { kind: 'urn', publisher, offer, sku, version }
}

function parsedImage(choice: Readonly<Record<string, unknown>>, path: string): ImageChoice {
  const { kind, id, publisher, offer, sku, version } = choice
  if (kind === 'usual') return { kind }
  if (kind === 'gallery' || kind === 'community') {
    const pattern = kind === 'gallery' ? patterns.galleryImageId : patterns.communityGalleryImageId
    return { kind, id: matching(pattern, id, `${path}.id`) }
  }
  return image({ urn: [publisher, offer, sku, version].join(':') }, path)
}

export function subnet(raw: unknown, path: string): Subnet {
  const named = record(raw, path)
  noOthers(named, path, ['resourceGroup', 'virtualNetwork', 'name'])
  return {
    resourceGroup: matching(patterns.resourceGroup, named['resourceGroup'], `${path}.resourceGroup`),
    virtualNetwork: matching(patterns.name, named['virtualNetwork'], `${path}.virtualNetwork`),
    name: matching(patterns.name, named['name'], `${path}.name`),
  }
}

export function rulesChoice(raw: unknown, path: string): RulesChoice {
  const named = record(raw, path)
  noOthers(named, path, ['resourceGroup', 'name'])
  return {
    resourceGroup: matching(patterns.resourceGroup, named['resourceGroup'], `${path}.resourceGroup`),
    name: matching(patterns.name, named['name'], `${path}.name`),
  }
}

export function osDisk(raw: unknown, path: string): OsDisk {
  const asked = raw === undefined || raw === null ? {} : record(raw, path)
  noOthers(asked, path, ['sizeGiB', 'type', 'ephemeral', 'diskEncryptionSetId'])
  const ephemeral = optional(asked['ephemeral'], `${path}.ephemeral`, flag) ?? false
  const diskEncryptionSetId = optional(
    asked['diskEncryptionSetId'],
    `${path}.diskEncryptionSetId`,
    like(patterns.diskEncryptionSetId),
  )
  if (ephemeral && diskEncryptionSetId !== undefined)
    throw new ParseError(
      `${path}.diskEncryptionSetId`,
      'leave it out where ephemeral is true: a disk on the host is encrypted by encryptionAtHost',
    )
  return {
    sizeGiB: optional(asked['sizeGiB'], `${path}.sizeGiB`, (value, where) =>
      integer(value, where, azureBounds.diskGiB),
    ),
    type: optional(asked['type'], `${path}.type`, among(azureDiskTypes)) ?? 'StandardSSD_LRS',
    ephemeral,
    diskEncryptionSetId,
  }
}

export function tags(raw: unknown, path: string): Readonly<Record<string, string>> {
  if (raw === undefined || raw === null) return {}
  const own = Object.entries(record(raw, path))
  if (own.length > azureBounds.tags)
    throw new ParseError(path, `has ${own.length} tags; at most ${azureBounds.tags} are taken`)
  return Object.fromEntries(
    own.map(([key, value]) => [tagKey(key, path), tagValue(value, `${path}["${key}"]`)]),
  )
}

function tagKey(key: string, path: string): string {
  if (patterns.tagKey.test(key) && !patterns.reservedTag.test(key)) return key
  throw new ParseError(
    `${path}["${key.slice(0, 60)}"]`,
    'is not a name that a tag of yours can have: at most 128 characters without < > % & \\ ? and /, not beginning with dask-, azure, microsoft or windows',
  )
}

function tagValue(raw: unknown, path: string): string {
  if (typeof raw === 'string' && raw.length <= azureBounds.tagValue) return raw
  throw new ParseError(path, `must be text of at most ${azureBounds.tagValue} characters`)
}

export function adminUsername(raw: unknown, path: string): string {
  const found = matching(patterns.adminUsername, raw, path)
  if (azureForbiddenUsers.some(each => each === found))
    throw new ParseError(path, `"${found}" is a name that Azure takes for no administrator: choose another`)
  return found
}

/** A public key; the private half that somebody may have put there is not shown. */
export function sshPublicKey(raw: unknown, path: string): string {
  const found = text(raw, path).trim()
  if (patterns.sshPublicKey.test(found)) return found
  throw new ParseError(path, 'is no public key: a line that begins with ssh-ed25519 or ssh-rsa')
}

export const like =
  (pattern: RegExp) =>
  (raw: unknown, path: string): string =>
    matching(pattern, raw, path)

export const among =
  <const T extends string>(words: readonly T[]) =>
  (raw: unknown, path: string): T =>
    oneOf(raw, path, words)

export function matching(pattern: RegExp, raw: unknown, path: string): string {
  const found = text(raw, path)
  if (pattern.test(found)) return found
  throw new ParseError(path, `"${found.slice(0, 60)}" is not one as Azure writes them`)
}

export const once = (all: readonly string[]): readonly string[] => [...new Set(all)]

export const ranges = (raw: unknown, path: string): readonly string[] =>
  list(raw, path).map((each, index) => {
    const canonical = canonicalCidr(text(each, `${path}[${index}]`))
    if (canonical !== undefined) return canonical
    throw new ParseError(`${path}[${index}]`, 'is not a range of addresses with nothing behind its prefix')
  })

export function listOf(pattern: RegExp, raw: unknown, path: string, max: number): readonly string[] {
  if (raw === undefined || raw === null) return []
  const found = list(raw, path)
  if (found.length > max) throw new ParseError(path, `has ${found.length} entries; at most ${max} are taken`)
  return found.map((each, index) => matching(pattern, each, `${path}[${index}]`))
}
