import { readLaunches } from '../api/launch-records.ts'
import { readStatus } from '../api/status.ts'
import { isRecord, list, optional, ParseError, record, text } from '../lib/parse.ts'
import type { Launch } from '../model/launch.ts'
import { type ClusterUid, clusterUid, defaultGroup } from '../model/names.ts'
import type { Condition, Status } from '../model/status.ts'

/**
 * A cluster as a user sees it. Nothing of its spec is checked that is not needed: the custom resource may be newer than
 * this program.
 */
export interface SeenCluster {
  readonly namespace: string
  readonly name: string
  readonly uid: ClusterUid
  readonly generation: number
  /** RFC 3339. */
  readonly createdAt: string
  readonly isDeleting: boolean
  /** By its spec. */
  readonly isSuspended: boolean
  /** By its spec, or because nobody used it. */
  readonly isAsleep: boolean
  /** `Generated`, `Provided`, `Issuer`, `Disabled`, or what a newer version has. */
  readonly tlsMode: string
  readonly groups: readonly SeenGroup[]
  readonly status: Status
  /** Undefined where they cannot be read. */
  readonly launches: readonly Launch[] | undefined
}

export interface SeenGroup {
  readonly name: string
  /** Its place in spec.workerGroups; undefined for the default group. */
  readonly at: number | undefined
  readonly wanted: number
  readonly machines: number
  readonly ready: number
}

/** Throws a ParseError. */
export function readCluster(raw: unknown): SeenCluster {
  const resource = record(raw, 'resource')
  const metadata = record(resource['metadata'], 'metadata')
  const spec = record(resource['spec'], 'spec')
  const status = readStatus(resource['status'])
  const { generation, deletionTimestamp, creationTimestamp } = metadata
  return {
    namespace: text(metadata['namespace'], 'metadata.namespace'),
    name: text(metadata['name'], 'metadata.name'),
    uid: clusterUid(text(metadata['uid'], 'metadata.uid')),
    generation: typeof generation === 'number' ? generation : 0,
    createdAt: text(creationTimestamp, 'metadata.creationTimestamp'),
    isDeleting: typeof deletionTimestamp === 'string',
    isSuspended: spec['suspend'] === true,
    isAsleep: spec['suspend'] === true || conditionOf(status, 'Suspended')?.status === 'True',
    tlsMode: tlsModeOf(spec),
    groups: groupsOf(spec, status),
    status,
    launches: launchesOf(resource['status']),
  }
}

export const conditionOf = (
  { conditions }: Pick<Status, 'conditions'>,
  type: string,
): Condition | undefined => conditions.find(each => each.type === type)

/** Whether a condition is true of what was asked for last. */
export function isNow({ status, generation }: SeenCluster, type: string): boolean {
  const found = conditionOf(status, type)
  return found?.status === 'True' && found.observedGeneration === generation
}

function tlsModeOf({ security }: Readonly<Record<string, unknown>>): string {
  const tls = isRecord(security) && isRecord(security['tls']) ? security['tls'] : {}
  return typeof tls['mode'] === 'string' ? tls['mode'] : 'Generated'
}

function groupsOf(spec: Readonly<Record<string, unknown>>, status: Status): readonly SeenGroup[] {
  const { workers, workerGroups = [] } = status
  const others = (optional(spec['workerGroups'], 'spec.workerGroups', list) ?? []).map((raw, at) => {
    const group = record(raw, `spec.workerGroups[${at}]`)
    const name = text(group['name'], `spec.workerGroups[${at}].name`)
    return groupOf(
      { name, at, spec: group },
      workerGroups.find(each => each.name === name),
    )
  })
  return [groupOf({ name: defaultGroup, at: undefined, spec: spec['workers'] }, workers), ...others]
}

function groupOf(
  { name, at, spec }: { readonly name: string; readonly at: number | undefined; readonly spec: unknown },
  seen: { readonly replicas: number; readonly ready: number } | undefined,
): SeenGroup {
  const replicas = isRecord(spec) ? spec['replicas'] : undefined
  const wanted = typeof replicas === 'number' ? replicas : (seen?.replicas ?? 0)
  return { name, at, wanted, machines: seen?.replicas ?? 0, ready: seen?.ready ?? 0 }
}

function launchesOf(status: unknown): readonly Launch[] | undefined {
  try {
    return readLaunches(isRecord(status) ? (status['launches'] ?? []) : [], 'status.launches')
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}
