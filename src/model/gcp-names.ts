const project = '(?:[a-z0-9.-]{1,100}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]'
const region = '[a-z]+(?:-[a-z]+)+[0-9]{1,2}'
const name = '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?'
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`)

/** What Compute Engine's ids and names look like: for the custom resource, which tells users, and for whoever reads its settings. */
export const gcpPatterns = {
  project: whole(project),
  region: whole(region),
  zone: whole(`${region}-[a-z]`),
  /** A name, or that of a shared VPC with its project. */
  network: whole(`(?:projects/${project}/global/networks/)?${name}`),
  subnetwork: whole(`(?:projects/${project}/regions/${region}/subnetworks/)?${name}`),
  /** Of an image or a family. */
  name: whole(name),
  email: /^[a-z0-9-]{1,63}@[a-z0-9.-]{1,180}\.gserviceaccount\.com$/,
  scope: /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._/-]{1,100}$/,
  kmsKey: whole(
    `projects/${project}/locations/[a-z0-9-]{1,63}/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63}(?:/cryptoKeyVersions/[0-9]{1,10})?`,
  ),
  gpu: /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
  labelKey: /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u,
  labelValue: /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u,
  tag: whole(name),
  /** Google's own labels, and ours. */
  reservedLabel: /^(?:goog|dask-)/,
  /** A tag of ours lets into a cluster. */
  reservedTag: /^dask-/,
} as const

/** What a disk that a machine boots from may be. */
export const gcpDiskTypes = [
  'pd-balanced',
  'pd-ssd',
  'pd-standard',
  'pd-extreme',
  'hyperdisk-balanced',
] as const

export const gcpBounds = {
  zones: 8,
  scopes: 16,
  sshCIDRs: 16,
  /** Compute Engine takes 64 of each, and the operator's own are among them. */
  labels: 50,
  networkTags: 50,
  diskGiB: { min: 10, max: 65_536 },
  gpus: { min: 1, max: 16 },
} as const
