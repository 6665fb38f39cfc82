import { flag, integer, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import { gcpBounds, gcpDiskTypes, gcpPatterns as patterns } from '../../model/gcp-names.ts'
import { among, once, readersOf } from '../readers.ts'

const { matching, like, listOf } = readersOf('Google')

export interface ServiceAccount {
  readonly email: string
  readonly scopes: readonly string[]
}

export type ImageChoice =
  /** Ubuntu's current one, by the architecture of the size. */
  | { readonly kind: 'usual' }
  /** The newest of a family. */
  | { readonly kind: 'family'; readonly project: string; readonly family: string }
  | { readonly kind: 'image'; readonly project: string; readonly name: string }

export interface Disk {
  /** Undefined for what the image needs, and at least 30. */
  readonly sizeGiB: number | undefined
  readonly type: string
  /** `projects/P/locations/L/keyRings/R/cryptoKeys/K`; undefined for Google's own. */
  readonly kmsKey: string | undefined
}

export interface ShieldedVm {
  readonly secureBoot: boolean
  readonly vtpm: boolean
  readonly integrityMonitoring: boolean
}

export interface Gpu {
  readonly type: string
  readonly count: number
  readonly driver: 'Preinstalled' | 'Install'
}

/** What a service account may be used for where the user does not say: IAM alone decides. */
const usualScopes = ['https://www.googleapis.com/auth/cloud-platform']

export function serviceAccount(raw: unknown, path: string): ServiceAccount {
  const account = record(raw, path)
  noOthers(account, path, ['email', 'scopes'])
  const scopes = once(listOf(patterns.scope, account['scopes'], `${path}.scopes`, gcpBounds.scopes))
  return {
    email: matching(patterns.email, account['email'], `${path}.email`),
    scopes: scopes.length === 0 ? usualScopes : scopes,
  }
}

/** Without a `kind` as users write it, and with one as it was parsed before. */
export function image(raw: unknown, path: string, own: string): ImageChoice {
  if (raw === undefined || raw === null) return { kind: 'usual' }
  const choice = record(raw, path)
  noOthers(choice, path, ['kind', 'family', 'name', 'project'])
  if (choice['kind'] === 'usual') return { kind: 'usual' }
  const family = optional(choice['family'], `${path}.family`, like(patterns.name))
  const name = optional(choice['name'], `${path}.name`, like(patterns.name))
  const project = optional(choice['project'], `${path}.project`, like(patterns.project)) ?? own
  if (family !== undefined && name === undefined) return { kind: 'family', project, family }
  if (name !== undefined && family === undefined) return { kind: 'image', project, name }
  throw new ParseError(path, 'choose one image: exactly one of family and name must be set')
}

export function disk(raw: unknown, path: string): Disk {
  const asked = raw === undefined || raw === null ? {} : record(raw, path)
  noOthers(asked, path, ['sizeGiB', 'type', 'kmsKey'])
  return {
    sizeGiB: optional(asked['sizeGiB'], `${path}.sizeGiB`, (value, where) =>
      integer(value, where, gcpBounds.diskGiB),
    ),
    type: optional(asked['type'], `${path}.type`, among(gcpDiskTypes)) ?? 'pd-balanced',
    kmsKey: optional(asked['kmsKey'], `${path}.kmsKey`, like(patterns.kmsKey)),
  }
}

export function shieldedVm(raw: unknown, path: string): ShieldedVm {
  const asked = raw === undefined || raw === null ? {} : record(raw, path)
  noOthers(asked, path, ['secureBoot', 'vtpm', 'integrityMonitoring'])
  const on = (name: keyof ShieldedVm): boolean | undefined => optional(asked[name], `${path}.${name}`, flag)
  const vtpm = on('vtpm') ?? true
  const integrityMonitoring = on('integrityMonitoring') ?? vtpm
  if (integrityMonitoring && !vtpm)
    throw new ParseError(
      `${path}.integrityMonitoring`,
      'is true, and vtpm is false: it measures with the vTPM',
    )
  return { secureBoot: on('secureBoot') ?? true, vtpm, integrityMonitoring }
}

/** Ubuntu's usual image has no driver. */
export function gpu(raw: unknown, path: string, { kind }: ImageChoice): Gpu {
  if (kind === 'usual')
    throw new ParseError(path, 'needs an image that has a driver, or installs one: name it in image')
  const asked = record(raw, path)
  noOthers(asked, path, ['type', 'count', 'driver'])
  return {
    type: matching(patterns.gpu, asked['type'], `${path}.type`),
    count:
      optional(asked['count'], `${path}.count`, (value, where) => integer(value, where, gcpBounds.gpus)) ?? 1,
    driver: optional(asked['driver'], `${path}.driver`, among(['Preinstalled', 'Install'])) ?? 'Preinstalled',
  }
}

export function labels(raw: unknown, path: string): Readonly<Record<string, string>> {
  if (raw === undefined || raw === null) return {}
  const own = Object.entries(record(raw, path))
  if (own.length > gcpBounds.labels)
    throw new ParseError(path, `has ${own.length} labels; at most ${gcpBounds.labels} are taken`)
  return Object.fromEntries(
    own.map(([key, value]) => [labelKey(key, path), labelValue(value, `${path}["${key}"]`)]),
  )
}

function labelKey(key: string, path: string): string {
  if (patterns.labelKey.test(key) && !patterns.reservedLabel.test(key)) return key
  throw new ParseError(
    `${path}["${key.slice(0, 63)}"]`,
    'is not a name that a label of yours can have: at most 63 lower-case letters, digits, _ and -, a letter first, not beginning with goog or dask-',
  )
}

function labelValue(raw: unknown, path: string): string {
  if (typeof raw === 'string' && patterns.labelValue.test(raw)) return raw
  throw new ParseError(path, 'must be at most 63 lower-case letters, digits, _ and -')
}

export function networkTags(raw: unknown, path: string): readonly string[] {
  const tags = once(listOf(patterns.tag, raw, path, gcpBounds.networkTags))
  const odd = tags.findIndex(tag => patterns.reservedTag.test(tag))
  if (odd >= 0)
    throw new ParseError(`${path}[${odd}]`, `"${tags[odd]}" begins with dask-: such tags let into clusters`)
  return tags
}
