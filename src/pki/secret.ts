import type { InstallationId } from '../model/names.ts'
import { browserFiles } from './browser-files.ts'
import type { Bundle } from './bundle.ts'
import { renderDaskYaml } from './dask-yaml.ts'
import type { ClusterIdentity } from './identity.ts'
import { rotationData, trustOf, unrotated } from './rotation.ts'

/** The Secrets of a cluster. All but `client` are in the operator's namespace and out of the tenant's reach. */
export const secretParts = ['authority', 'scheduler', 'worker', 'client'] as const
export type SecretPart = (typeof secretParts)[number]

/** Where Secrets go and how they are marked. */
export interface SecretPlace {
  readonly identity: ClusterIdentity
  readonly operatorNamespace: string
  readonly installation: InstallationId
  /** The custom resource's API version and kind, for the owner reference that the client's Secret carries. */
  readonly owner: { readonly apiVersion: string; readonly kind: string }
  /** The client's Secret holds what a browser imports, too; not unless given. */
  readonly forBrowsers?: boolean
}

export interface SecretRef {
  readonly namespace: string
  readonly name: string
}

/** A Secret as Kubernetes takes it; `data` is base64. */
export interface Secret {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  readonly type: 'Opaque'
  readonly metadata: SecretRef & {
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly OwnerReference[]
  }
  readonly data: Readonly<Record<string, string>>
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
  readonly blockOwnerDeletion: boolean
}

export const secretLabels = {
  managedBy: 'app.kubernetes.io/managed-by',
  uid: 'cloud.dask.org/cluster-uid',
  role: 'cloud.dask.org/role',
  installation: 'cloud.dask.org/installation',
} as const

/** For people, and for whoever finds a Secret whose cluster is gone. */
export const clusterAnnotation = 'cloud.dask.org/cluster'

export const managedBy = 'dask-cloud-operator'

export const clientSecretName = (name: string): string => `${name}-client`

export function secretRef(part: SecretPart, { identity, operatorNamespace }: SecretPlace): SecretRef {
  return part === 'client'
    ? { namespace: identity.namespace, name: clientSecretName(identity.name) }
    : { namespace: operatorNamespace, name: `dask-${identity.uid}-${suffixes[part]}` }
}

/** A cluster's Secrets, the same for the same bundle: writing them again changes nothing. */
export function secretsOf(
  bundle: Bundle,
  place: SecretPlace,
  schedulerAddress: string | undefined,
): Readonly<Record<SecretPart, Secret>> {
  const ca = trustOf(bundle)
  const leaf = ({ certificate, key }: Bundle['client']) => ({
    'ca.crt': ca,
    'tls.crt': certificate,
    'tls.key': key,
  })
  return {
    authority: secret('authority', place, {
      'ca.crt': bundle.authority.certificate,
      'ca.key': bundle.authority.key,
      ...rotationData(bundle.rotation ?? unrotated),
    }),
    scheduler: secret('scheduler', place, leaf(bundle.scheduler)),
    worker: secret('worker', place, leaf(bundle.worker)),
    client: secret('client', place, {
      ...leaf(bundle.client),
      'dask.yaml': renderDaskYaml({ schedulerAddress }),
      ...browserFiles(bundle.client, ca, place),
    }),
  }
}

export function secret(
  part: SecretPart,
  place: SecretPlace,
  files: Readonly<Record<string, string | Uint8Array>>,
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      ...secretRef(part, place),
      labels: labelsOf(part, place),
      annotations: { [clusterAnnotation]: `${place.identity.namespace}/${place.identity.name}` },
      ...(part === 'client' ? { ownerReferences: [ownerOf(place)] } : {}),
    },
    data: Object.fromEntries(
      Object.entries(files).map(([key, content]) => [key, Buffer.from(content).toString('base64')]),
    ),
  }
}

/** Whose it is, and for what. */
export const labelsOf = (
  part: SecretPart,
  { identity, installation }: Pick<SecretPlace, 'identity' | 'installation'>,
): Record<string, string> => ({
  [secretLabels.managedBy]: managedBy,
  [secretLabels.uid]: identity.uid,
  [secretLabels.role]: suffixes[part],
  [secretLabels.installation]: installation,
})

/** Of what shares a namespace with its owner, which Kubernetes' garbage collection asks for. */
export const ownerOf = ({ identity, owner }: Pick<SecretPlace, 'identity' | 'owner'>): OwnerReference => ({
  ...owner,
  name: identity.name,
  uid: identity.uid,
  controller: true,
  blockOwnerDeletion: false,
})

const suffixes = {
  authority: 'ca',
  scheduler: 'scheduler',
  worker: 'worker',
  client: 'client',
} as const satisfies Record<SecretPart, string>
