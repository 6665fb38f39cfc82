import { canonical } from '../lib/fingerprint.ts'
import { isRecord, ParseError } from '../lib/parse.ts'
import type { ClassRecord } from '../model/cluster.ts'
import { fitting } from '../model/conditions.ts'
import { type ClusterUid, clusterUid } from '../model/names.ts'
import type { Status } from '../model/status.ts'
import { minted } from './launch-records.ts'
import { classRecord, ledger, published, publishedFields } from './status-schema.ts'

/** `status.ledger`: whose launches are recorded, and the number of the last one. */
export interface LedgerStamp {
  readonly uid: ClusterUid
  readonly seq: number
}

/** What was published before. All of it can be worked out anew, so what cannot be read counts as nothing. */
export function readStatus(raw: unknown): Status {
  try {
    return published.read(raw ?? {}, 'status')
  } catch (error) {
    if (error instanceof ParseError) return { conditions: [] }
    throw error
  }
}

/** Of a class or any other resource whose status has conditions as ours does; none where they cannot be read. */
export const readConditions = (raw: unknown): Status['conditions'] =>
  readStatus({ conditions: isRecord(raw) ? (raw['conditions'] ?? []) : [] }).conditions

/**
 * The JSON merge patch of `status` that makes `before` into `after`, with null for what is gone; undefined where they
 * are equal. It never holds `launches`, `ledger` or `sleep`.
 */
export function statusPatch(before: Status, after: Status): Readonly<Record<string, unknown>> | undefined {
  const old = written(before)
  const fresh = written(after)
  const changed = Object.keys(publishedFields).filter(name => canonical(old[name]) !== canonical(fresh[name]))
  if (changed.length === 0) return undefined
  return Object.fromEntries(changed.map(name => [name, fresh[name] ?? null] as const))
}

/** Throws a ParseError. */
export function readLedger(raw: unknown, path: string): LedgerStamp {
  const { uid, seq } = ledger.read(raw, path)
  return { uid: minted(uid, `${path}.uid`, clusterUid), seq }
}

export const writeClass = (of: ClassRecord): unknown => classRecord.write(of)

export const writeLedger = ({ uid, seq }: LedgerStamp): unknown => ledger.write({ uid, seq })

function written(status: Status): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries({ ...status, conditions: status.conditions.map(fitting) }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}
