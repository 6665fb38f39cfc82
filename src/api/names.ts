/** The names by which Kubernetes and its users know us. Nothing else may spell one of them. */
export const group = 'cloud.dask.org'
export const version = 'v1alpha1'
export const apiVersion = `${group}/${version}`
export const kind = 'DaskCloudCluster'
export const plural = 'daskcloudclusters'
export const singular = 'daskcloudcluster'
export const shortName = 'dcc'
export const category = 'dask'

export const classKind = 'DaskCloudClass'
export const classPlural = 'daskcloudclasses'
export const classSingular = 'daskcloudclass'
export const classShortName = 'dcclass'
export const classNameMax = 63

/** On a cluster for as long as it may have machines, addresses or keys. */
export const finalizer = `${group}/machines`

/** On a cluster for as long as a Secret may be in use because of it. */
export const credentialsFinalizer = `${group}/credentials`

/** On a Secret for as long as a cluster may need its credentials to end machines. */
export const inUseFinalizer = `${group}/in-use`

/** What a Secret that clusters may use says of itself: whoever may create clusters must not choose among all Secrets. */
export const purpose = {
  label: `${group}/purpose`,
  credentials: 'credentials',
  certificates: 'certificates',
} as const

export const annotations = {
  /** Written by the operator with the finalizer: whose the cluster is and where its machines are. */
  placement: `${group}/placement`,
  /** A new value asks for a new scheduler, and so for the end of what the old one remembers. */
  restart: `${group}/restart`,
  /** A new value wakes a cluster that went to sleep by itself. */
  resume: `${group}/resume`,
  /** A new value asks for new leaves, with new keys, on every machine and for clients. */
  renew: `${group}/renew`,
  /** A new value asks for a new authority, which takes the old one's place while both are trusted. */
  renewAuthority: `${group}/renew-authority`,
  /** Written by the operator: Secrets of the namespace that are in use because of this cluster, separated by commas. */
  credentials: `${group}/credentials`,
  /** Lets a cluster go whose cloud cannot be reached any more. */
  abandon: `${group}/abandon`,
} as const

/** On the Secret of the operator's seal, where another namespace's UID than kube-system's tells its installation: which. */
export const identityAnnotation = `${group}/identity`

export const labels = {
  clusterUid: `${group}/cluster-uid`,
} as const

/** On a class: the installation (`--installation`) that alone keeps its conditions, where there are several. */
export const operatorLabel = `${group}/operator`

export const clusterNameMax = 50
