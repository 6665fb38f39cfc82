import { clustersIn } from '../../src/kube/clusters.ts'
import { KubeError } from '../../src/kube/fault.ts'
import { secretsIn } from '../../src/kube/secrets.ts'
import { connectKube, type KubeRequest } from '../../src/kube/transport.ts'
import type { SharedControlPlane } from './control-plane.ts'
import { manifest } from './crd-plane.ts'
import type { OperatorRoom } from './operator-room.ts'
import { kubeconfigOf } from './rights.ts'
import { noteCredentials } from './told.ts'

/** A patch of a good spec that moves it to another cloud. */
export const on = (cloud: string, settings: object) => ({ cloud: { local: null, [cloud]: settings } })

const account = 'tenant'
const call = () => ({ signal: AbortSignal.timeout(60_000) })

/** Somebody who may create and change clusters and Secrets in one namespace, and nothing else; by the API server's own word. */
export async function tenantOf(
  plane: SharedControlPlane,
  {
    namespaces,
    directory,
  }: { readonly namespaces: Pick<OperatorRoom['namespaces'], 'tenant'>; readonly directory: string },
) {
  const namespace = namespaces.tenant
  const named = (kind: string, apiVersion: string, more: object = {}) => ({
    apiVersion,
    kind,
    metadata: { name: account, namespace },
    ...more,
  })
  const rbac = 'rbac.authorization.k8s.io'
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const rules = [
    { apiGroups: ['cloud.dask.org'], resources: ['daskcloudclusters'], verbs },
    { apiGroups: [''], resources: ['secrets'], verbs },
  ]
  const items = [
    named('ServiceAccount', 'v1'),
    named('Role', `${rbac}/v1`, { rules }),
    named('RoleBinding', `${rbac}/v1`, {
      roleRef: { apiGroup: rbac, kind: 'Role', name: account },
      subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
    }),
  ]
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const kube = await connectKube({ kubeconfig: await kubeconfigOf(plane, { namespace, account }, directory) })
  /** What the API server says: the object, or its refusal. */
  const ask = async (request: KubeRequest): Promise<string> => {
    try {
      return JSON.stringify(await kube.request(request, call()))
    } catch (error) {
      if (error instanceof KubeError) return `${error.status}: ${error.message}`
      throw error
    }
  }
  const clusters = clustersIn(namespace).path
  return {
    ask,
    create: (name: string, patch: unknown = {}, metadata: object = {}) => {
      const body = manifest(name, patch)
      return ask({
        method: 'POST',
        path: clusters,
        body: { ...body, metadata: { ...body.metadata, ...metadata } },
      })
    },
    patch: (name: string, body: object, part = '') =>
      ask({
        method: 'PATCH',
        path: `${clusters}/${name}${part}`,
        body,
        contentType: 'application/merge-patch+json',
      }),
    get: (name: string) => ask({ method: 'GET', path: `${clusters}/${name}` }),
    remove: (name: string) => ask({ method: 'DELETE', path: `${clusters}/${name}` }),
    secret: (
      name: string,
      stringData: object,
      labels: object = { 'cloud.dask.org/purpose': 'credentials' },
    ) => {
      noteCredentials(name, stringData)
      const body = { metadata: { name, labels }, stringData }
      return ask({ method: 'POST', path: secretsIn(namespace, '').path, body })
    },
    [Symbol.asyncDispose]: () => kube[Symbol.asyncDispose](),
  }
}
