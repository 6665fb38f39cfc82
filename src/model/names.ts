import type { Brand } from '../lib/brand.ts'

/** `namespace/name` of a DaskCloudCluster: what travels through the queue. */
export type ClusterKey = Brand<string, 'ClusterKey'>
/** The Kubernetes UID of one DaskCloudCluster: what a machine belongs to. A new cluster of an old name has another. */
export type ClusterUid = Brand<string, 'ClusterUid'>
/** One launch: random, written to status before the cloud hears of it, and the base of its idempotency token. */
export type LaunchId = Brand<string, 'LaunchId'>
/** What the cloud calls a machine (`i-0abc`, a droplet's number ...). */
export type MachineId = Brand<string, 'MachineId'>
/** This installation of the operator: machines of another are never touched. */
export type InstallationId = Brand<string, 'InstallationId'>
/** What one complete list of a cloud can truly see, e.g. `aws/123456789012/us-east-1`. */
export type Scope = Brand<string, 'Scope'>
/** `v1:<hash>` of what the user asked of a machine; see decision 13 of the design. */
export type Fingerprint = Brand<string, 'Fingerprint'>

export type Role = 'scheduler' | 'worker'

/** The worker group that `spec.workers` describes. */
export const defaultGroup = 'default'
/** The group that a scheduler's launches and machines carry. */
export const schedulerGroup = 'scheduler'

const uidPattern = /^[0-9a-f-]{8,64}$/i
const launchPattern = /^[0-9a-f]{16}$/

export const clusterKey = (namespace: string, name: string): ClusterKey =>
  `${namespace}/${name}` as ClusterKey

/** What a tag says of a cluster's name. One that says nothing names no namespace that anybody serves. */
export const readClusterKey = (raw: string): ClusterKey => (raw.includes('/') ? raw : `/${raw}`) as ClusterKey

export function splitKey(key: ClusterKey): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

export function clusterUid(raw: string): ClusterUid {
  if (!uidPattern.test(raw)) throw new TypeError(`not a UID: ${raw.slice(0, 80)}`)
  return raw as ClusterUid
}

/** Undefined where somebody wrote something else. */
export const readClusterUid = (raw: string): ClusterUid | undefined =>
  uidPattern.test(raw) ? clusterUid(raw) : undefined

export function launchId(raw: string): LaunchId {
  if (!launchPattern.test(raw)) throw new TypeError(`not a launch id: ${raw.slice(0, 80)}`)
  return raw as LaunchId
}

/** Undefined where somebody wrote something else. */
export const readLaunchId = (raw: string): LaunchId | undefined =>
  launchPattern.test(raw) ? launchId(raw) : undefined

export const machineId = (raw: string): MachineId => raw as MachineId
export const installationId = (raw: string): InstallationId => raw as InstallationId
export const scope = (raw: string): Scope => raw as Scope
export const fingerprint = (raw: string): Fingerprint => raw as Fingerprint

/** A worker's Dask name is made of its machine's id, so that the two can be joined. Letters first: Dask turns numbers into ints. */
export const workerName = (machine: MachineId): string => `w-${machine}`

/** A scheduler's fingerprint is `<intent>.<restart>`: what was asked of it, and which request to restart it has heard. */
export const sameIntent = (a: Fingerprint, b: Fingerprint): boolean => intentOf(a) === intentOf(b)
export const restartOf = (print: Fingerprint): string => print.split('.')[1] ?? '0'
const intentOf = (print: Fingerprint): string => print.split('.')[0] ?? ''

const operatorPrefix = 'operator:'

/** How a Secret of the operator's own namespace is told among those that a cluster uses. No Secret's own name has a colon. */
export const operatorSecret = (name: string): string => `${operatorPrefix}${name}`

/** Its own name; undefined for a Secret of the cluster's namespace. */
export const operatorSecretIn = (told: string): string | undefined =>
  told.startsWith(operatorPrefix) ? told.slice(operatorPrefix.length) : undefined
