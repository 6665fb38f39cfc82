import { isAlike } from '../../lib/equality.ts'
import { flag, noOthers, optional, ParseError, record } from '../../lib/parse.ts'
import { azureBounds, azureSecurityTypes, azurePatterns as patterns } from '../../model/azure-names.ts'
import type { Role } from '../../model/names.ts'
import {
  adminUsername,
  among,
  type ImageChoice,
  image,
  like,
  listOf,
  matching,
  type OsDisk,
  once,
  osDisk,
  type RulesChoice,
  ranges,
  rulesChoice,
  type Subnet,
  sshPublicKey,
  subnet,
  tags,
} from './fields.ts'

export interface AzureSettings {
  readonly subscriptionId: string
  readonly location: string
  /** Tried in turn; empty: Azure chooses, outside of zones. */
  readonly zones: readonly string[]
  /** Undefined: one is made for the cluster, `dask-<uid>`, and deleted with it. */
  readonly resourceGroup: string | undefined
  /** Of an existing virtual network of the subscription and location. Undefined: a network is made for the cluster. */
  readonly subnet: Subnet | undefined
  /** Of the user's, for all machines: the operator makes no rules then. */
  readonly networkSecurityGroup: RulesChoice | undefined
  readonly image: ImageChoice
  readonly osDisk: OsDisk
  readonly encryptionAtHost: boolean
  /** Undefined: trusted launch where the size and the image allow it. */
  readonly securityType: (typeof azureSecurityTypes)[number] | undefined
  /** User-assigned identities, by their ids; tasks may then ask the metadata service. */
  readonly identities: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly adminUsername: string
  readonly sshPublicKey: string | undefined
  /** Who may reach SSH, as CIDRs; nobody unless asked. */
  readonly sshCIDRs: readonly string[]
  /** `None` needs a subnet with a way out. */
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
  const security = optional(...at('securityType'), among(azureSecurityTypes))
  const disk = osDisk(...at('osDisk'))
  if (security === 'ConfidentialVM' && disk.ephemeral)
    throw new ParseError(`${path}.osDisk.ephemeral`, 'must be false where securityType is ConfidentialVM')
  return {
    subscriptionId: matching(patterns.subscriptionId, ...at('subscriptionId')).toLowerCase(),
    location: matching(patterns.location, ...at('location')),
    zones: once(listOf(patterns.zone, ...at('zones'), azureBounds.zones)),
    resourceGroup: optional(...at('resourceGroup'), like(patterns.resourceGroup)),
    ...place(settings, path),
    image: image(...at('image')),
    osDisk: disk,
    encryptionAtHost: optional(...at('encryptionAtHost'), flag) ?? false,
    securityType: security,
    identities: once(listOf(patterns.identity, ...at('identities'), azureBounds.identities)),
    tags: tags(...at('tags')),
    adminUsername: optional(...at('adminUsername'), adminUsername) ?? usualUser,
    sshPublicKey: optional(...at('sshPublicKey'), sshPublicKey),
  }
}

type Place = Pick<AzureSettings, 'subnet' | 'networkSecurityGroup' | 'sshCIDRs' | 'workerAddresses'>

function place(settings: Readonly<Record<string, unknown>>, path: string): Place {
  const at = (name: keyof Place): readonly [unknown, string] => [settings[name], `${path}.${name}`]
  const own = optional(...at('subnet'), subnet)
  const rules = optional(...at('networkSecurityGroup'), rulesChoice)
  const sshCIDRs = once(optional(...at('sshCIDRs'), ranges) ?? [])
  const workerAddresses = optional(...at('workerAddresses'), among(['Public', 'None'])) ?? 'Public'
  if (rules !== undefined && sshCIDRs.length > 0)
    throw new ParseError(
      `${path}.sshCIDRs`,
      'leave it out where networkSecurityGroup is set: no rule is made',
    )
  if (workerAddresses === 'None' && own === undefined)
    throw new ParseError(
      `${path}.workerAddresses`,
      'is None, and a network that is made for a cluster has no other way out: name a subnet that has a NAT gateway',
    )
  return { subnet: own, networkSecurityGroup: rules, sshCIDRs, workerAddresses }
}

/** What of the settings a running machine must be launched anew for. Fields that are not set are left out: they may come to be. */
export function machineIntent(settings: AzureSettings, role: Role): unknown {
  const { identities, adminUsername: user, workerAddresses } = settings
  return {
    image: unlessUsual(settings.image, { kind: 'usual' }),
    osDisk: unlessUsual(settings.osDisk, osDisk(undefined, '')),
    encryptionAtHost: unlessUsual(settings.encryptionAtHost, false),
    securityType: settings.securityType,
    identities: unlessUsual(identities, []),
    adminUsername: unlessUsual(user, usualUser),
    sshPublicKey: settings.sshPublicKey,
    networkSecurityGroup: settings.networkSecurityGroup,
    ...(role === 'worker' ? { addresses: unlessUsual(workerAddresses, 'Public') } : {}),
  }
}

const unlessUsual = <T>(value: T, usual: T): T | undefined => (isAlike(value, usual) ? undefined : value)
