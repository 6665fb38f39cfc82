import { flag, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import { azureBounds, azureSecurityTypes, azurePatterns as patterns } from '../../model/azure-names.ts'
import type { Role } from '../../model/names.ts'
import { among, once, ranges, readersOf, unlessUsual } from '../readers.ts'
import {
  adminUsername,
  type ImageChoice,
  image,
  type OsDisk,
  osDisk,
  type SecurityGroupChoice,
  type SubnetChoice,
  securityGroup,
  sshPublicKey,
  subnet,
  tags,
} from './fields.ts'

const { matching, like, listOf } = readersOf('Azure')

export interface AzureSettings {
  readonly subscriptionId: string
  readonly location: string
  /** Tried in turn; empty: Azure chooses, outside of zones. `1`, `2`, `3`. */
  readonly zones: readonly string[]
  /** Undefined: one is made for the cluster, `dask-<uid>`, and deleted with it. */
  readonly resourceGroup: string | undefined
  /** Of an existing virtual network in the subscription and location. Undefined: a network is made for the cluster. */
  readonly subnet: SubnetChoice | undefined
  /** Of the user's, for all machines: the operator makes no rules then. */
  readonly networkSecurityGroup: SecurityGroupChoice | undefined
  readonly image: ImageChoice
  readonly osDisk: OsDisk
  readonly encryptionAtHost: boolean
  /** Undefined: TrustedLaunch where the size and image allow it. */
  readonly securityType: (typeof azureSecurityTypes)[number] | undefined
  /** User-assigned identities' resource ids; tasks may then ask the metadata service. */
  readonly identities: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly adminUsername: string
  readonly sshPublicKey: string | undefined
  /** Who may reach SSH, as CIDRs; nobody unless asked. */
  readonly sshCIDRs: readonly string[]
  /** `None` needs a subnet of the user's with a way out. */
  readonly workerAddresses: 'Public' | 'None'
}

const known = [
  'subscriptionId',
  'location',
  'zones',
  'resourceGroup',
  'subnet',
  'networkSecurityGroup',
  'image',
  'osDisk',
  'encryptionAtHost',
  'securityType',
  'identities',
  'tags',
  'adminUsername',
  'sshPublicKey',
  'sshCIDRs',
  'workerAddresses',
]

const usualUser = 'azureuser'

/** Throws a ParseError whose path begins with `path`. What it returns can be parsed again, and stays the same. */
export function parseSettings(raw: unknown, path: string): AzureSettings {
  const settings = record(raw, path)
  noOthers(settings, path, known)
  const at = (name: string): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  const disk = osDisk(...at('osDisk'))
  const securityType = optional(...at('securityType'), among(azureSecurityTypes))
  if (disk.ephemeral && securityType === 'ConfidentialVM')
    throw new ParseError(
      `${path}.osDisk.ephemeral`,
      'is true, and securityType is ConfidentialVM: there are no such machines here, leave one of them out',
    )
  return {
    subscriptionId: matching(patterns.guid, ...at('subscriptionId')).toLowerCase(),
    location: matching(patterns.location, ...at('location')),
    zones: once(listOf(patterns.zone, ...at('zones'), azureBounds.zones)),
    resourceGroup: optional(...at('resourceGroup'), like(patterns.resourceGroup)),
    ...network(settings, path),
    image: image(...at('image')),
    osDisk: disk,
    encryptionAtHost: optional(...at('encryptionAtHost'), flag) ?? false,
    securityType,
    identities: once(listOf(patterns.identity, ...at('identities'), azureBounds.identities)),
    tags: tags(...at('tags')),
    adminUsername: optional(...at('adminUsername'), adminUsername) ?? usualUser,
    sshPublicKey: optional(...at('sshPublicKey'), sshPublicKey),
  }
}

type Network = Pick<AzureSettings, 'subnet' | 'networkSecurityGroup' | 'sshCIDRs' | 'workerAddresses'>

/** What of the network depends on each other. */
function network(settings: Readonly<Record<string, unknown>>, path: string): Network {
  const at = (name: keyof Network): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  const own = optional(...at('subnet'), subnet)
  const rules = optional(...at('networkSecurityGroup'), securityGroup)
  const sshCIDRs = once(optional(...at('sshCIDRs'), ranges) ?? [])
  const workerAddresses = optional(...at('workerAddresses'), among(['Public', 'None'])) ?? 'Public'
  if (rules !== undefined && sshCIDRs.length > 0)
    throw new ParseError(
      `${path}.sshCIDRs`,
      'leave it out where networkSecurityGroup is set: no rule is made then',
    )
  if (workerAddresses === 'None' && own === undefined)
    throw new ParseError(
      `${path}.workerAddresses`,
      'is None, which needs a subnet of yours with a way out, such as a NAT gateway: name it in subnet',
    )
  return { subnet: own, networkSecurityGroup: rules, sshCIDRs, workerAddresses }
}

/** What of the settings a running machine must be launched anew for. Fields that are not set are left out: they may come to be. */
export function machineIntent(settings: AzureSettings, role: Role): unknown {
  const { identities, securityType, workerAddresses } = settings
  return {
    image: unlessUsual(settings.image, { kind: 'usual' }),
    osDisk: unlessUsual(settings.osDisk, osDisk(undefined, '')),
    encryptionAtHost: unlessUsual(settings.encryptionAtHost, false),
    securityType,
    identities: unlessUsual(identities, []),
    adminUsername: unlessUsual(settings.adminUsername, usualUser),
    sshPublicKey: settings.sshPublicKey,
    // Of the machines' own interfaces, which are made with them.
    networkSecurityGroup: settings.networkSecurityGroup,
    ...(role === 'worker' ? { addresses: unlessUsual(workerAddresses, 'Public') } : {}),
  }
}
