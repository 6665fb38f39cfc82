import { isAlike } from '../../lib/equality.ts'
import { flag, integer, noOthers, oneOf, optional, ParseError, record } from '../../lib/parse.ts'
import { awsBounds, diskTypes, awsPatterns as patterns } from '../../model/aws-names.ts'
import type { Role } from '../../model/names.ts'
import { once, ranges, readersOf, unlessUsual } from '../readers.ts'

const { matching, like, listOf } = readersOf('AWS')

export interface AwsSettings {
  readonly region: string
  /** Names of availability zones, in the order they are tried; empty for all that the region's default VPC (or `vpc`) has. */
  readonly zones: readonly string[]
  /** Ids, in the order they are tried; empty for one of each zone. */
  readonly subnets: readonly string[]
  readonly vpc: string | undefined
  /** The user's own, whose rules are theirs; undefined for groups of the cluster's own. */
  readonly securityGroups:
    | { readonly scheduler: readonly string[]; readonly workers: readonly string[] }
    | undefined
  /** Who may reach SSH, as CIDRs; nobody unless asked. */
  readonly sshCIDRs: readonly string[]
  /** A name or an ARN. */
  readonly instanceProfile: string | undefined
  readonly keyPair: string | undefined
  /** Undefined for the usual one of each size. */
  readonly image: ImageChoice | undefined
  readonly disk: Disk
  readonly tags: Readonly<Record<string, string>>
  readonly placementGroup: string | undefined
  readonly tenancy: 'default' | 'dedicated' | undefined
  /** In a Public cluster; without one they need another way out. */
  readonly workerAddresses: 'Public' | 'Private'
}

/** As the custom resource has it, so that what was parsed can be parsed again. */
export type ImageChoice =
  | { readonly id: string }
  /** An SSM parameter that holds an id. */
  | { readonly parameter: string }
  /** The newest of an owner whose name fits a pattern with `*`. */
  | { readonly newest: { readonly owner: string; readonly name: string } }

export interface Disk {
  /** Undefined for what the image needs, and at least 30. */
  readonly sizeGiB: number | undefined
  readonly type: (typeof diskTypes)[number]
  readonly iops: number | undefined
  readonly throughputMiBps: number | undefined
  readonly encrypted: boolean
  readonly kmsKey: string | undefined
}

const known = [
  'region',
  'zones',
  'subnets',
  'vpc',
  'securityGroups',
  'sshCIDRs',
  'instanceProfile',
  'keyPair',
  'image',
  'disk',
  'tags',
  'placementGroup',
  'tenancy',
  'workerAddresses',
]

/** Throws a ParseError whose path begins with `path`. */
export function parseSettings(raw: unknown, path: string): AwsSettings {
  const settings = record(raw, path)
  noOthers(settings, path, known)
  const at = (name: string): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  const zones = listOf(patterns.zone, ...at('zones'))
  const subnets = listOf(patterns.subnet, ...at('subnets'))
  if (zones.length > 0 && subnets.length > 0)
    throw new ParseError(`${path}.zones`, 'leave it out where subnets are named: a subnet is in one zone')
  return {
    region: matching(patterns.region, ...at('region')),
    zones,
    subnets,
    vpc: optional(...at('vpc'), like(patterns.vpc)),
    securityGroups: optional(...at('securityGroups'), groups),
    sshCIDRs: once(optional(...at('sshCIDRs'), ranges) ?? []),
    instanceProfile: optional(...at('instanceProfile'), like(patterns.instanceProfile)),
    keyPair: optional(...at('keyPair'), like(patterns.name)),
    image: optional(...at('image'), image),
    disk: disk(...at('disk')),
    tags: tags(...at('tags')),
    placementGroup: optional(...at('placementGroup'), like(patterns.name)),
    tenancy: optional(...at('tenancy'), among(['default', 'dedicated'])),
    workerAddresses: optional(...at('workerAddresses'), among(['Public', 'Private'])) ?? 'Public',
  }
}

const among =
  <const T extends string>(words: readonly T[]) =>
  (value: unknown, where: string): T =>
    oneOf(value, where, words)

function groups(raw: unknown, path: string): AwsSettings['securityGroups'] {
  const own = record(raw, path)
  noOthers(own, path, ['scheduler', 'workers'])
  const scheduler = once(listOf(patterns.securityGroup, own['scheduler'], `${path}.scheduler`))
  const workers = once(listOf(patterns.securityGroup, own['workers'], `${path}.workers`))
  if (scheduler.length === 0 || workers.length === 0)
    throw new ParseError(path, 'names both scheduler and workers, with at least one group each')
  return { scheduler, workers }
}

function image(raw: unknown, path: string): ImageChoice {
  const choice = record(raw, path)
  noOthers(choice, path, ['id', 'parameter', 'newest'])
  const { id, parameter, newest } = choice
  const set = [id, parameter, newest].filter(each => each !== undefined && each !== null)
  if (set.length !== 1)
    throw new ParseError(path, 'choose one image: exactly one of id, parameter and newest must be set')
  if (id !== undefined && id !== null) return { id: matching(patterns.image, id, `${path}.id`) }
  if (parameter !== undefined && parameter !== null)
    return { parameter: matching(patterns.parameter, parameter, `${path}.parameter`) }
  const search = record(newest, `${path}.newest`)
  noOthers(search, `${path}.newest`, ['owner', 'name'])
  return {
    newest: {
      owner: matching(patterns.owner, search['owner'], `${path}.newest.owner`),
      name: matching(patterns.imageName, search['name'], `${path}.newest.name`),
    },
  }
}

function disk(raw: unknown, path: string): Disk {
  const asked = raw === undefined || raw === null ? {} : record(raw, path)
  noOthers(asked, path, ['sizeGiB', 'type', 'iops', 'throughputMiBps', 'encrypted', 'kmsKey'])
  const number = (
    name: 'sizeGiB' | 'iops' | 'throughputMiBps',
    bounds: { readonly min: number; readonly max: number },
  ) => optional(asked[name], `${path}.${name}`, (value, where) => integer(value, where, bounds))
  const kmsKey = optional(asked['kmsKey'], `${path}.kmsKey`, like(patterns.kmsKey))
  const encrypted = optional(asked['encrypted'], `${path}.encrypted`, flag) ?? true
  if (kmsKey !== undefined && !encrypted)
    throw new ParseError(`${path}.encrypted`, 'is false, and kmsKey is set: a key needs an encrypted disk')
  return {
    sizeGiB: number('sizeGiB', awsBounds.diskGiB),
    type: optional(asked['type'], `${path}.type`, (value, where) => oneOf(value, where, diskTypes)) ?? 'gp3',
    iops: number('iops', awsBounds.iops),
    throughputMiBps: number('throughputMiBps', awsBounds.throughputMiBps),
    encrypted,
    kmsKey,
  }
}

function tags(raw: unknown, path: string): Readonly<Record<string, string>> {
  if (raw === undefined || raw === null) return {}
  const own = record(raw, path)
  const names = Object.keys(own)
  if (names.length > awsBounds.tags)
    throw new ParseError(
      path,
      `has ${names.length} tags; AWS has room for ${awsBounds.tags} beside the operator's own`,
    )
  for (const name of names) {
    if (!patterns.tagKey.test(name) || patterns.reservedTag.test(name))
      throw new ParseError(
        `${path}["${name.slice(0, 60)}"]`,
        'is not a name that a tag of yours can have: letters, digits, spaces and _ . : / = + - @, not beginning with aws: or cloud.dask.org/',
      )
    const value = own[name]
    if (typeof value !== 'string' || !patterns.tagValue.test(value))
      throw new ParseError(
        `${path}["${name}"]`,
        'must be at most 256 letters, digits, spaces and _ . : / = + - @',
      )
  }
  return Object.fromEntries(names.map(name => [name, String(own[name])]))
}

/** What of the settings a running machine must be launched anew for. Fields that are not set are left out: they may come to be. */
export function machineIntent(raw: AwsSettings, role: Role): unknown {
  const { image: choice, disk: volume, instanceProfile, keyPair, tenancy, placementGroup } = raw
  return {
    image: choice,
    disk: isAlike(volume, usualDisk) ? undefined : volume,
    instanceProfile,
    keyPair,
    tenancy,
    placementGroup,
    ...(role === 'worker' ? { addresses: unlessUsual(raw.workerAddresses, 'Public') } : {}),
  }
}

const usualDisk = disk(undefined, '')
