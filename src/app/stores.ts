import { versionOf } from '../kube/cache.ts'
import { Clusters } from '../kube/clusters.ts'
import { isKubeError, KubeError, wasRefused } from '../kube/fault.ts'
import { IssuedCertificates } from '../kube/issued-certificates.ts'
import { endpointSlices, Objects, services } from '../kube/objects.ts'
import type { Reflector } from '../kube/reflector.ts'
import { Secrets, type StoredSecret } from '../kube/secrets.ts'
import type { KubeRequests } from '../kube/transport.ts'
import { compareVersions } from '../kube/versions.ts'
import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterKey, InstallationId } from '../model/names.ts'
import type { Secret } from '../pki/secret.ts'
import { UnclearWrite } from '../reconcile/ports.ts'
import type { SecretStore } from './certificates-options.ts'
import type { ClusterStore, Patch } from './resources.ts'
import { Services } from './services.ts'

/** Clusters, Secrets and Services at the API server. */
export function openStores(kube: KubeRequests, installation: InstallationId) {
  const pieces = { services: new Objects(kube, services), slices: new Objects(kube, endpointSlices) }
  return {
    clusters: new Clusters(kube),
    secrets: new Secrets(kube),
    issued: new IssuedCertificates(kube),
    services: new Services({ ...pieces, installation, now: steadyNow }),
  }
}

/** Which of several watches, one a namespace, has a cluster. */
export type ReflectorOf = (key: ClusterKey) => Reflector<unknown> | undefined

export function clusterStore(clusters: Clusters, reflectorOf: ReflectorOf): ClusterStore {
  return {
    cached: key => reflectorOf(key)?.get(key),
    live: (key, call) => clusters.read(key, call),
    offer: (key, object) => reflectorOf(key)?.offer(object),
    isNewer: (one, other) => compareVersions(versionOf(one) ?? '0', versionOf(other) ?? '0') > 0,
    patchStatus: (key, patch, call) => clusters.writeStatus(version(key, patch), patch.fields, call),
    patchMetadata: (key, patch, call) => clusters.writeMetadata(version(key, patch), patch.fields, call),
    remove: (key, which, call) => clusters.remove({ key, ...which }, call),
    judge(error) {
      if (isKubeError(error, 404, 409)) return 'stale'
      return wasRefused(error) && !isKubeError(error, 429) ? 'refused' : 'unclear'
    },
  }
}

const version = (key: ClusterKey, { resourceVersion }: Patch) => ({ key, resourceVersion })

/** Secrets of the operator's own namespace come from its watch; a tenant's are read one by one. */
export function secretStore(
  secrets: Secrets,
  own: Reflector<StoredSecret>,
  ownNamespace: string,
): SecretStore {
  const inCache = (name: string): StoredSecret | undefined => own.get(`${ownNamespace}/${name}`)
  return {
    own: inCache,
    get: (ref, call) => secrets.read(ref, call),
    async put(secret: Secret, expected, call: Call) {
      const { uid, resourceVersion } = expected?.metadata ?? {}
      const isNew = uid === undefined || resourceVersion === undefined
      const write = isNew
        ? secrets.create(secret, call)
        : secrets.replace(secret, { metadata: { uid, resourceVersion } }, call)
      const stored = await write.catch(judged)
      if (secret.metadata.namespace === ownNamespace) own.offer(stored)
      return stored
    },
    async remove(ref, { metadata }, call) {
      if (metadata?.uid !== undefined) await secrets.remove(ref, metadata.uid, call)
    },
  }
}

/** A write that collided or was not answered is seen by the next pass, which reads live; a refusal is told as it is. */
function judged(error: unknown): never {
  const isClear = error instanceof KubeError && wasRefused(error) && ![404, 409, 429].includes(error.status)
  if (!isClear) throw new UnclearWrite('a Secret was not written for certain', { cause: error })
  const fault = error.message.includes('exceeded quota') ? 'quota' : 'invalid'
  throw new CloudError(fault, `The API server refused a Secret: ${error.message}`, { cause: error })
}
