import { apiVersion, kind } from '../api/names.ts'
import type { ObjectVersion } from '../kube/objects.ts'
import { endpointFamily } from '../lib/endpoint-family.ts'
import { isRecord } from '../lib/parse.ts'
import type { Cluster } from '../model/cluster.ts'
import type { InstallationId } from '../model/names.ts'
import { schedulerPort } from '../model/ports.ts'
import { type Piece, type Route, type SliceSeen, serviceName } from '../model/service.ts'
import { clusterAnnotation, labelsOf, managedBy, ownerOf, secretLabels } from '../pki/secret.ts'

export interface ServicePlace {
  readonly cluster: Pick<Cluster, 'uid' | 'name' | 'namespace'>
  readonly installation: InstallationId
}

type Fields = Readonly<Record<string, unknown>>

/** Ties a port of the Service to one of the EndpointSlice. */
const portName = 'tls-comm'

/** What is ours of the Service; the rest is Kubernetes' and whoever else's. null is for what must not be there. */
export const serviceFields = (place: ServicePlace): Fields => ({
  metadata: metadataOf(place, {}),
  spec: {
    type: 'ClusterIP',
    // A scheduler's address may be of the family that is not the cluster's first.
    ipFamilyPolicy: 'PreferDualStack',
    selector: null,
    externalName: null,
    ports: [{ name: portName, protocol: 'TCP', port: schedulerPort }],
  },
})

/** Nothing runs in the cluster for it: the one endpoint is the scheduler's machine, or there is none. */
export function sliceFields(place: ServicePlace, route: Route | undefined): Fields {
  const labels = {
    'kubernetes.io/service-name': serviceName(place.cluster.name),
    'endpointslice.kubernetes.io/managed-by': managedBy,
  }
  const { host, port, isUp } = route ?? { host: '', port: schedulerPort, isUp: false }
  return {
    metadata: metadataOf(place, labels),
    ...(route === undefined ? {} : { addressType: endpointFamily(host) }),
    endpoints: route === undefined ? [] : [{ addresses: [host], conditions: { ready: isUp } }],
    ports: [{ name: portName, protocol: 'TCP', port }],
  }
}

function metadataOf({ cluster, installation }: ServicePlace, labels: Readonly<Record<string, string>>) {
  const { uid, name, namespace } = cluster
  const identity = { uid, name, namespace }
  return {
    labels: { ...labels, ...labelsOf('scheduler', { identity, installation }) },
    annotations: { [clusterAnnotation]: `${namespace}/${name}` },
    ownerReferences: [ownerOf({ identity, owner: { apiVersion, kind } })],
  }
}

export function serviceSeen(raw: unknown, place: ServicePlace): Piece | 'kept' {
  if (raw === undefined) return 'missing'
  if (!isOurs(raw, place)) return 'foreign'
  return covers(serviceFields(place), raw) ? 'kept' : 'altered'
}

export function sliceSeen(raw: unknown, place: ServicePlace): Piece | SliceSeen {
  if (raw === undefined) return 'missing'
  if (!isOurs(raw, place)) return 'foreign'
  const route = routeIn(raw)
  return covers(sliceFields(place, route), raw) ? { route } : 'altered'
}

/** Labels may be lost and the owner may be: one of them is enough, unless another says that it is its own. */
export function isOurs(raw: unknown, { cluster }: ServicePlace): boolean {
  const metadata = member(raw, 'metadata')
  const owners = listOf(member(metadata, 'ownerReferences')).filter(
    each => member(each, 'controller') === true,
  )
  if (owners.length > 0) return owners.some(each => member(each, 'uid') === cluster.uid)
  const labels = member(metadata, 'labels')
  return (
    member(labels, secretLabels.uid) === cluster.uid && member(labels, secretLabels.managedBy) === managedBy
  )
}

/** Undefined where it has none. */
export function versionOf(raw: unknown): ObjectVersion | undefined {
  const metadata = member(raw, 'metadata')
  const [uid, resourceVersion] = [member(metadata, 'uid'), member(metadata, 'resourceVersion')]
  return typeof uid === 'string' && typeof resourceVersion === 'string' ? { uid, resourceVersion } : undefined
}

export const addressTypeOf = (raw: unknown): unknown => member(raw, 'addressType')

function routeIn(raw: unknown): Route | undefined {
  const [endpoint] = listOf(member(raw, 'endpoints'))
  const [host] = listOf(member(endpoint, 'addresses'))
  const port = member(listOf(member(raw, 'ports'))[0], 'port')
  if (typeof host !== 'string' || typeof port !== 'number') return undefined
  return { host, port, isUp: member(member(endpoint, 'conditions'), 'ready') === true }
}

/** Whether everything that is asked for is there. Members that others have added are not looked at, but for those of lists. */
function covers(wanted: unknown, found: unknown): boolean {
  if (wanted === null) return isEmpty(found)
  if (Array.isArray(wanted)) {
    const members = listOf(found)
    return wanted.length === members.length && wanted.every((each, at) => covers(each, members[at]))
  }
  if (isRecord(wanted))
    return Object.entries(wanted).every(([name, each]) => covers(each, member(found, name)))
  return wanted === found
}

const isEmpty = (found: unknown): boolean =>
  found === undefined ||
  found === null ||
  found === '' ||
  (isRecord(found) && Object.keys(found).length === 0)

const member = (raw: unknown, name: string): unknown => (isRecord(raw) ? raw[name] : undefined)
const listOf = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : [])
