import { flag, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import { gcpBounds, gcpPatterns as patterns } from '../../model/gcp-names.ts'
import type { Role } from '../../model/names.ts'
import { among, once, ranges, readersOf, unlessUsual } from '../readers.ts'
import {
  type Disk,
  disk,
  type Gpu,
  gpu,
  type ImageChoice,
  image,
  labels,
  networkTags,
  type ServiceAccount,
  type ShieldedVm,
  serviceAccount,
  shieldedVm,
} from './fields.ts'

const { matching, like, listOf } = readersOf('Google')

export interface GcpSettings {
  readonly project: string
  readonly region: string
  /** Tried in turn; empty: Google chooses. */
  readonly zones: readonly string[]
  /** As the user wrote it: a name, or `projects/HOST/global/networks/NAME` of a shared VPC. Undefined: `default`. */
  readonly network: string | undefined
  /** A name in the region, or `projects/HOST/regions/REGION/subnetworks/NAME`. Undefined: the network's own of the region (auto mode). */
  readonly subnetwork: string | undefined
  readonly serviceAccount: ServiceAccount | undefined
  readonly image: ImageChoice
  readonly disk: Disk
  readonly shieldedVm: ShieldedVm
  /** The workers'. */
  readonly gpu: Gpu | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly networkTags: readonly string[]
  readonly firewall: 'Managed' | 'None'
  /** Who may reach SSH, as CIDRs; nobody unless asked. */
  readonly sshCIDRs: readonly string[]
  readonly workerAddresses: 'External' | 'Internal'
  readonly osLogin: boolean
  readonly serialConsole: boolean
  readonly projectSshKeys: boolean
}

const known = [
  'project',
  'region',
  'zones',
  'network',
  'subnetwork',
  'serviceAccount',
  'image',
  'disk',
  'shieldedVm',
  'gpu',
  'labels',
  'networkTags',
  'firewall',
  'sshCIDRs',
  'workerAddresses',
  'osLogin',
  'serialConsole',
  'projectSshKeys',
]

/** Throws a ParseError whose path begins with `path`. What it returns can be parsed again, and stays the same. */
export function parseSettings(raw: unknown, path: string): GcpSettings {
  const settings = record(raw, path)
  noOthers(settings, path, known)
  const at = (name: string): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  const project = matching(patterns.project, ...at('project'))
  const region = matching(patterns.region, ...at('region'))
  const choice = image(...at('image'), project)
  const place = places(settings, path, region)
  return {
    project,
    region,
    zones: zones(...at('zones'), region),
    ...place,
    ...rules(settings, path, isForeign(place, project)),
    serviceAccount: optional(...at('serviceAccount'), serviceAccount),
    image: choice,
    disk: disk(...at('disk')),
    shieldedVm: shieldedVm(...at('shieldedVm')),
    gpu: optional(...at('gpu'), (value, where) => gpu(value, where, choice)),
    labels: labels(...at('labels')),
    networkTags: networkTags(...at('networkTags')),
    workerAddresses: optional(...at('workerAddresses'), among(['External', 'Internal'])) ?? 'External',
    osLogin: optional(...at('osLogin'), flag) ?? false,
    serialConsole: optional(...at('serialConsole'), flag) ?? false,
    projectSshKeys: optional(...at('projectSshKeys'), flag) ?? false,
  }
}

function zones(raw: unknown, path: string, region: string): readonly string[] {
  const named = once(listOf(patterns.zone, raw, path, gcpBounds.zones))
  const odd = named.findIndex(zone => !zone.startsWith(`${region}-`))
  if (odd >= 0) throw new ParseError(`${path}[${odd}]`, `"${named[odd]}" is no zone of the region ${region}`)
  return named
}

/** The two must fit: a service project sees of a shared VPC what it is told by its whole name. */
function places(
  settings: Readonly<Record<string, unknown>>,
  path: string,
  region: string,
): Pick<GcpSettings, 'network' | 'subnetwork'> {
  const at = (name: 'network' | 'subnetwork'): string | undefined =>
    optional(settings[name], `${path}.${name}`, like(patterns[name]))
  const [network, subnetwork] = [at('network'), at('subnetwork')]
  if (subnetwork?.includes('/') === true && !subnetwork.includes(`/regions/${region}/`))
    throw new ParseError(`${path}.subnetwork`, `"${subnetwork}" is not in the region ${region}`)
  const host = network?.split('/global/')[0]
  if (host?.startsWith('projects/') === true && subnetwork?.startsWith(`${host}/`) !== true)
    throw new ParseError(
      `${path}.subnetwork`,
      `a network of another project needs a subnetwork of the same project: ${host}/regions/${region}/subnetworks/NAME`,
    )
  return { network, subnetwork }
}

/** Of a shared VPC: rules are its owners' to make, in their project. */
const isForeign = (
  { network, subnetwork }: Pick<GcpSettings, 'network' | 'subnetwork'>,
  own: string,
): boolean =>
  [network, subnetwork].some(each => each?.includes('/') === true && !each.startsWith(`projects/${own}/`))

function rules(
  settings: Readonly<Record<string, unknown>>,
  path: string,
  isShared: boolean,
): Pick<GcpSettings, 'firewall' | 'sshCIDRs'> {
  const firewall = optional(settings['firewall'], `${path}.firewall`, among(['Managed', 'None'])) ?? 'Managed'
  const sshCIDRs = once(optional(settings['sshCIDRs'], `${path}.sshCIDRs`, ranges) ?? [])
  if (firewall === 'None' && sshCIDRs.length > 0)
    throw new ParseError(`${path}.sshCIDRs`, 'leave it out where firewall is None: no rule is made')
  if (firewall === 'Managed' && isShared)
    throw new ParseError(
      `${path}.firewall`,
      'must be None in a network of another project: its rules are made there, by hand',
    )
  return { firewall, sshCIDRs }
}

/** What of the settings a running machine must be launched anew for. Fields that are not set are left out: they may come to be. */
export function machineIntent(settings: GcpSettings, role: Role): unknown {
  const { image: choice, serviceAccount: account, osLogin, serialConsole, projectSshKeys } = settings
  const ofWorkers = { gpu: settings.gpu, addresses: unlessUsual(settings.workerAddresses, 'External') }
  return {
    image: unlessUsual(choice, { kind: 'usual' }),
    disk: unlessUsual(settings.disk, disk(undefined, '')),
    shieldedVm: unlessUsual(settings.shieldedVm, shieldedVm(undefined, '')),
    serviceAccount: account,
    osLogin: unlessUsual(osLogin, false),
    serialConsole: unlessUsual(serialConsole, false),
    projectSshKeys: unlessUsual(projectSshKeys, false),
    ...(role === 'worker' ? ofWorkers : {}),
  }
}
