import { group, plural } from '../../src/api/names.ts'
import type { KubeRequests } from '../../src/kube/transport.ts'
import type { Call } from '../../src/lib/call.ts'
import { members } from './kubernetes.ts'

interface Right {
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly verbs: readonly string[]
}

/** What the demo does in all namespaces, and the operator that it runs as the same user. */
const needed: readonly Right[] = [
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['get', 'create', 'delete'],
  },
  { group: '', resource: 'namespaces', verbs: ['get', 'list', 'create', 'delete'] },
  {
    group,
    resource: plural,
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete', 'deletecollection'],
  },
  { group, resource: plural, subresource: 'status', verbs: ['patch'] },
  { group: '', resource: 'secrets', verbs: ['get', 'list', 'watch', 'create', 'update', 'delete'] },
  { group: '', resource: 'services', verbs: ['get', 'create', 'patch', 'delete'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['get'] },
  { group: 'events.k8s.io', resource: 'events', verbs: ['list', 'create', 'patch'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'list', 'create', 'update'] },
]

/** `create namespaces`, ...: what the API server says that this user may not do. */
export async function lackingRights(kube: KubeRequests, call: Call): Promise<readonly string[]> {
  const asked = needed.flatMap(({ verbs, ...of }) => verbs.map(verb => ({ ...of, verb })))
  const answers = await Promise.all(asked.map(each => isAllowed(kube, each, call)))
  return asked
    .filter((_, at) => !answers[at])
    .map(({ verb, resource, subresource }) =>
      subresource === undefined ? `${verb} ${resource}` : `${verb} ${resource}/${subresource}`,
    )
}

async function isAllowed(kube: KubeRequests, resourceAttributes: object, call: Call): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  return (
    members(members(await kube.request({ method: 'POST', path, body }, call))['status'])['allowed'] === true
  )
}
