const guid = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
const group = '[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]'
const name = '[A-Za-z0-9][A-Za-z0-9_.-]{0,78}[A-Za-z0-9_]?'
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)
const resource = (kind: string): string =>
  `/subscriptions/${guid}/resourceGroups/${group}/providers/${kind}/${name}`

/** What Azure's ids and names look like: for the custom resource, which tells users, and for whoever reads its settings. */
export const azurePatterns = {
  subscriptionId: whole(guid),
  location: /^[a-z][a-z0-9]{2,39}$/,
  zone: /^[1-9]$/,
  resourceGroup: whole(group),
  name: whole(name),
  urn: /^[A-Za-z0-9_.-]{1,80}:[A-Za-z0-9_.-]{1,80}:[A-Za-z0-9_.-]{1,80}:(?:latest|[0-9]{1,10}(?:\.[0-9]{1,12}){1,3})$/,
  galleryImageId: whole(
    `${resource('Microsoft\\.Compute/galleries')}/images/${name}(?:/versions/[0-9]{1,9}(?:\\.[0-9]{1,9}){2})?`,
  ),
  communityGalleryImageId: whole(
    `/CommunityGalleries/[A-Za-z0-9_.-]{1,120}/Images/${name}(?:/Versions/[0-9]{1,9}(?:\\.[0-9]{1,9}){2})?`,
  ),
  diskEncryptionSetId: whole(resource('Microsoft\\.Compute/diskEncryptionSets')),
  identity: whole(resource('Microsoft\\.ManagedIdentity/userAssignedIdentities')),
  adminUsername: /^[a-z_][a-z0-9_-]{0,31}$/,
  sshPublicKey: /^(?:ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]{40,900}={0,3}(?: [ -~]{0,100})?$/,
  tagKey: /^[^<>%&\\?/]{1,128}$/,
  /** Ours, and those that Azure keeps for itself. */
  reservedTag: /^(?:dask-|azure|microsoft|windows)/i,
} as const

export const azureDiskTypes = [
  'Standard_LRS',
  'StandardSSD_LRS',
  'StandardSSD_ZRS',
  'Premium_LRS',
  'Premium_ZRS',
] as const

export const azureSecurityTypes = ['Standard', 'TrustedLaunch', 'ConfidentialVM'] as const

/** Names that Azure takes for no administrator. */
export const azureForbiddenUsers = [
  'root',
  'admin',
  'administrator',
  'user',
  'test',
  'guest',
  'console',
] as const

export const azureBounds = {
  zones: 3,
  identities: 8,
  sshCIDRs: 16,
  /** Azure takes 50, and the operator's own are among them. */
  tags: 40,
  tagValue: 256,
  diskGiB: { min: 4, max: 4_095 },
} as const
