const guid = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
const group = '[A-Za-z0-9_.()-]{0,89}[A-Za-z0-9_()-]'
const named = (most: number): string => `[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,${most - 2}}[A-Za-z0-9_])?`
const version = '[0-9]{1,10}\\.[0-9]{1,10}\\.[0-9]{1,10}'
const urnPart = '[A-Za-z0-9][A-Za-z0-9_.-]{0,79}'
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)
const id = (type: string): RegExp =>
  whole(`/subscriptions/${guid}/[rR]esource[gG]roups/${group}/providers/${type}`)

/** What Azure's ids and names look like: for the custom resource, which tells users, and for whoever reads its settings. */
export const azurePatterns = {
  /** Of a subscription, a tenant and an application. */
  guid: whole(guid),
  location: /^[a-z][a-z0-9]{1,39}$/,
  zone: /^[1-9]$/,
  resourceGroup: whole(group),
  virtualNetwork: whole(named(64)),
  /** Of a subnet or a network security group. */
  name: whole(named(80)),
  urn: whole(`${urnPart}:${urnPart}:${urnPart}:(?:latest|${urnPart})`),
  urnPart: whole(urnPart),
  /** Without a version: the newest one. */
  galleryImage: id(`Microsoft\\.Compute/galleries/${named(80)}/images/${named(80)}(?:/versions/${version})?`),
  communityImage: whole(
    `/[cC]ommunityGalleries/${named(80)}/[iI]mages/${named(80)}(?:/[vV]ersions/(?:latest|${version}))?`,
  ),
  diskEncryptionSet: id(`Microsoft\\.Compute/diskEncryptionSets/${named(80)}`),
  identity: id(`Microsoft\\.ManagedIdentity/userAssignedIdentities/[A-Za-z0-9][A-Za-z0-9_-]{0,127}`),
  adminUsername: /^[a-z_][a-z0-9_-]{0,31}$/,
  sshPublicKey: /^(?:ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{60}[A-Za-z0-9+/]*={0,3}(?: [ -~]{0,200})?$/,
  /** Network interfaces and addresses take no more than this of what virtual machines take. */
  tagName: /^[^<>%&\\?/\p{Cc}]{1,256}$/u,
  tagValue: /^[^\p{Cc}]{0,256}$/u,
  /** Azure's own tags, and ours; Azure does not tell capitals. */
  reservedTag:
    /^(?:[mM][iI][cC][rR][oO][sS][oO][fF][tT]|[aA][zZ][uU][rR][eE]|[wW][iI][nN][dD][oO][wW][sS]|[dD][aA][sS][kK]-)/,
} as const

/** What a disk that a machine boots from may be. */
export const azureDiskTypes = [
  'Standard_LRS',
  'StandardSSD_LRS',
  'StandardSSD_ZRS',
  'Premium_LRS',
  'Premium_ZRS',
] as const

export const azureSecurityTypes = ['Standard', 'TrustedLaunch', 'ConfidentialVM'] as const

/** Names that Azure refuses for a Linux machine's user. */
export const azureRefusedUsers = [
  'root',
  'admin',
  'administrator',
  'user',
  'test',
  'guest',
  'sys',
  'console',
  'backup',
  'owner',
  'server',
  'sql',
  'support',
  'david',
  'john',
  'video',
] as const

export const azureBounds = {
  zones: 3,
  identities: 10,
  sshCIDRs: 16,
  /** Azure takes 50, and the operator's own are among them. */
  tags: 35,
  diskGiB: { min: 10, max: 4_095 },
} as const
