/** The names by which Kubernetes and its users know us. Nothing else may spell one of them. */
export const group = 'cloud.dask.org'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}`
export const kind = 'DaskCloudCluster'
export const plural = 'daskcloudclusters'
export const singular = 'daskcloudcluster'
export const shortName = 'dcc'
export const category = 'dask'

/** On a cluster for as long as it may have machines, addresses or keys. */
export const finalizer = `${group}/machines`

export const annotations = {
  /** Written by the operator with the finalizer: whose the cluster is and where its machines are. */
  placement: `${group}/placement`,
  /** A new value asks for a new scheduler, and so for the end of what the old one remembers. */
  restart: `${group}/restart`,
  /** A new value wakes a cluster that went to sleep by itself. */
  resume: `${group}/resume`,
  /** Lets a cluster go whose cloud cannot be reached any more. */
  abandon: `${group}/abandon`,
} as const

export const labels = {
  clusterUid: `${group}/cluster-uid`,
} as const

export const clusterNameMax = 50
