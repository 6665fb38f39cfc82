import { flag, integer, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import {
  digitalOceanBounds as bounds,
  digitalOceanPatterns as patterns,
} from '../../model/digitalocean-names.ts'
import type { Role } from '../../model/names.ts'
import { among, once, ranges, readersOf, unlessUsual } from '../readers.ts'

const { matching, like, listOf } = readersOf('DigitalOcean')

export type ImageChoice =
  /** Ubuntu's current one, or that with drivers for the GPU of the size. */
  | { readonly kind: 'usual' }
  | { readonly kind: 'slug'; readonly slug: string }
  /** A snapshot or an image of the team's own. */
  | { readonly kind: 'id'; readonly id: number }

/** `spec.cloud.digitalOcean`, read. */
export interface DigitalOceanSettings {
  readonly region: string
  /** Undefined for the region's default one. */
  readonly vpc: string | undefined
  readonly image: ImageChoice
  /** Numbers or fingerprints of keys that the team has. */
  readonly sshKeys: readonly string[]
  readonly tags: readonly string[]
  readonly monitoring: boolean
  readonly ipv6: boolean
  readonly firewall: 'Managed' | 'None'
  /** Who may reach SSH, as CIDRs; nobody unless asked. */
  readonly sshCIDRs: readonly string[]
  readonly workerAddresses: 'Public' | 'Private'
}

const known = [
  'region',
  'vpc',
  'image',
  'sshKeys',
  'tags',
  'monitoring',
  'ipv6',
  'firewall',
  'sshCIDRs',
  'workerAddresses',
]

/** Throws a ParseError whose path begins with `path`. What it returns can be parsed again, and stays the same. */
export function parseSettings(raw: unknown, path: string): DigitalOceanSettings {
  const settings = record(raw, path)
  noOthers(settings, path, known)
  const at = (name: string): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  return {
    region: matching(patterns.region, ...at('region')),
    vpc: optional(...at('vpc'), like(patterns.uuid)),
    image: image(...at('image')),
    sshKeys: once(listOf(patterns.sshKey, ...at('sshKeys'), bounds.sshKeys)),
    tags: tags(...at('tags')),
    monitoring: optional(...at('monitoring'), flag) ?? false,
    ipv6: optional(...at('ipv6'), flag) ?? false,
    ...rules(settings, path),
    workerAddresses: optional(...at('workerAddresses'), among(['Public', 'Private'])) ?? 'Public',
  }
}

/** Without a `kind` as users write it, and with one as it was parsed before. */
function image(raw: unknown, path: string): ImageChoice {
  if (raw === undefined || raw === null) return { kind: 'usual' }
  const choice = record(raw, path)
  noOthers(choice, path, ['kind', 'slug', 'id'])
  if (choice['kind'] === 'usual') return { kind: 'usual' }
  const slug = optional(choice['slug'], `${path}.slug`, like(patterns.imageSlug))
  const id = optional(choice['id'], `${path}.id`, (value, where) => integer(value, where, bounds.imageId))
  if (slug !== undefined && id === undefined) return { kind: 'slug', slug }
  if (id !== undefined && slug === undefined) return { kind: 'id', id }
  throw new ParseError(path, 'choose one image: exactly one of slug and id must be set')
}

function tags(raw: unknown, path: string): readonly string[] {
  const own = listOf(patterns.tag, raw, path, bounds.tags)
  const odd = own.findIndex(tag => patterns.reservedTag.test(tag))
  if (odd >= 0)
    throw new ParseError(`${path}[${odd}]`, `"${own[odd]}" begins with dask-: such tags let into clusters`)
  const spelt = new Map(own.map(tag => [tag.toLowerCase(), tag]))
  if (spelt.size < new Set(own).size)
    throw new ParseError(path, 'has a tag twice: DigitalOcean takes capital letters for small ones')
  return once(own)
}

function rules(
  settings: Readonly<Record<string, unknown>>,
  path: string,
): Pick<DigitalOceanSettings, 'firewall' | 'sshCIDRs'> {
  const firewall = optional(settings['firewall'], `${path}.firewall`, among(['Managed', 'None'])) ?? 'Managed'
  const sshCIDRs = once(optional(settings['sshCIDRs'], `${path}.sshCIDRs`, ranges) ?? [])
  if (firewall === 'None' && sshCIDRs.length > 0)
    throw new ParseError(`${path}.sshCIDRs`, 'leave it out where firewall is None: no rule is made')
  return { firewall, sshCIDRs }
}

/** What of the settings a running machine must be launched anew for. Fields that are not set are left out: they may come to be. */
export function machineIntent(settings: DigitalOceanSettings, role: Role): unknown {
  const { monitoring, ipv6, sshKeys, workerAddresses } = settings
  return {
    image: unlessUsual(settings.image, { kind: 'usual' }),
    vpc: settings.vpc,
    sshKeys: unlessUsual(sshKeys, []),
    monitoring: unlessUsual(monitoring, false),
    ipv6: unlessUsual(ipv6, false),
    ...(role === 'worker' ? { addresses: unlessUsual(workerAddresses, 'Public') } : {}),
  }
}
