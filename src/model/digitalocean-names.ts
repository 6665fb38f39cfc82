/** What DigitalOcean's ids and names look like: for the custom resource, which tells users, and for whoever reads its settings. */
export const digitalOceanPatterns = {
  region: /^[a-z]{3}[0-9]{1,2}$/,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  imageSlug: /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/,
  /** The number of a key in the team, or its fingerprint. */
  sshKey: /^(?:[1-9][0-9]{0,18}|(?:[0-9a-f]{2}:){15}[0-9a-f]{2})$/,
  tag: /^[A-Za-z0-9:_-]{1,255}$/,
  /** Tags of ours say whose a droplet is, and let into clusters. DigitalOcean takes capital letters for small ones. */
  reservedTag: /^dask-/i,
} as const

export const digitalOceanBounds = {
  sshKeys: 16,
  sshCIDRs: 16,
  tags: 16,
  imageId: { min: 1, max: 9_007_199_254_740_991 },
} as const
