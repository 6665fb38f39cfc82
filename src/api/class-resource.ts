import { integer, isRecord, ParseError, record, text } from '../lib/parse.ts'
import { reach } from '../lib/reach.ts'
import type { ClassRecord } from '../model/cluster.ts'
import type { Condition } from '../model/status.ts'
import { type ClassSpec, classSpec } from './class-schema.ts'
import { operatorLabel } from './names.ts'
import { readConditions } from './status.ts'
import { classRecord } from './status-schema.ts'

/** A DaskCloudClass of the API server's. */
export interface DaskCloudClass {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation: number
  readonly isDeleting: boolean
  /** The installation that keeps its conditions; undefined for any. */
  readonly operator: string | undefined
  /** As the API server has it. */
  readonly spec: Readonly<Record<string, unknown>>
  /** Undefined where this version cannot read it. */
  readonly read: ClassSpec | undefined
  /** Why it cannot, with its path. */
  readonly problem: string | undefined
  readonly conditions: readonly Condition[]
}

/** Throws a ParseError where not even its metadata can be read. */
export function parseClass(raw: unknown): DaskCloudClass {
  const resource = record(raw, 'class')
  const metadata = record(resource['metadata'], 'metadata')
  const spec = record(resource['spec'], 'spec')
  const operator = reach(metadata, ['labels', operatorLabel])
  return {
    name: text(metadata['name'], 'metadata.name'),
    uid: text(metadata['uid'], 'metadata.uid'),
    resourceVersion: text(metadata['resourceVersion'], 'metadata.resourceVersion'),
    generation: integer(metadata['generation'], 'metadata.generation', {
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    isDeleting: typeof metadata['deletionTimestamp'] === 'string',
    operator: typeof operator === 'string' ? operator : undefined,
    spec,
    ...readSpec(spec),
    conditions: readConditions(resource['status']),
  }
}

function readSpec(spec: unknown): Pick<DaskCloudClass, 'read' | 'problem'> {
  try {
    return { read: classSpec.read(spec, 'spec'), problem: undefined }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return { read: undefined, problem: error.message }
  }
}

/** The class that a cluster names, as the API server has the cluster. */
export function classNameIn(cluster: unknown): string | undefined {
  const name = reach(cluster, ['spec', 'className'])
  return typeof name === 'string' ? name : undefined
}

/** `status.class`, if it is of the class that the cluster names. One that cannot be read counts as lost. */
export function recordIn(cluster: unknown): ClassRecord | undefined {
  const written = reach(cluster, ['status', 'class'])
  if (!isRecord(written) || written['name'] !== classNameIn(cluster)) return undefined
  try {
    return classRecord.read(written, 'status.class')
  } catch (error) {
    if (error instanceof ParseError) return undefined
    throw error
  }
}
