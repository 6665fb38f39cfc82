import { ParseError } from '../lib/parse.ts'
import type { Launch, LaunchState } from '../model/launch.ts'
import { clusterUid, fingerprint, launchId, machineId, scope } from '../model/names.ts'
import type { Infer } from './schema/schema.ts'
import { type launch, launches as records } from './status-schema.ts'

type LaunchRecord = Infer<typeof launch>

/**
 * `status.launches` as the ledger keeps it. Throws a ParseError where one record cannot be read: then none counts as
 * read, since what a lost record has launched costs money.
 */
export function readLaunches(raw: unknown, path: string): readonly Launch[] {
  return records.read(raw, path).map((record, at) => launchOf(record, `${path}[${at}]`))
}

export const writeLaunches = (launches: readonly Launch[]): unknown => records.write(launches.map(recordOf))

/** Names are minted from texts of a bad shape with a TypeError; here it gets its path. */
export function minted<T>(raw: string, path: string, mint: (raw: string) => T): T {
  try {
    return mint(raw)
  } catch (cause) {
    throw new ParseError(path, cause instanceof Error ? cause.message : 'cannot be read')
  }
}

function launchOf({ state, stateSince, machines, ...record }: LaunchRecord, path: string): Launch {
  return {
    ...record,
    id: minted(record.id, `${path}.id`, launchId),
    owner: minted(record.owner, `${path}.owner`, clusterUid),
    scope: scope(record.scope),
    fingerprint: fingerprint(record.fingerprint),
    state: stateOf({ state, stateSince, machines }, path),
  }
}

function stateOf(
  {
    state,
    stateSince,
    machines,
  }: Record<'stateSince', number | undefined> &
    Record<'machines', readonly string[] | undefined> &
    Pick<LaunchRecord, 'state'>,
  path: string,
): LaunchState {
  if (state === 'Open') return { kind: 'open' }
  if (stateSince === undefined) throw new ParseError(`${path}.stateSince`, `is missing beside state ${state}`)
  if (state === 'Unknown') return { kind: 'unknown', since: stateSince }
  if (state === 'Forgotten') return { kind: 'forgotten', since: stateSince }
  if (machines === undefined) throw new ParseError(`${path}.machines`, 'is missing beside state Accepted')
  return { kind: 'accepted', at: stateSince, machines: machines.map(machineId) }
}

const recordOf = ({ state, ...launch }: Launch): LaunchRecord => ({ ...launch, ...writtenState(state) })

function writtenState(state: LaunchState): Pick<LaunchRecord, 'state' | 'stateSince' | 'machines'> {
  switch (state.kind) {
    case 'open':
      return { state: 'Open' }
    case 'accepted':
      return { state: 'Accepted', stateSince: state.at, machines: state.machines }
    case 'unknown':
      return { state: 'Unknown', stateSince: state.since }
    case 'forgotten':
      return { state: 'Forgotten', stateSince: state.since }
    default:
      return state satisfies never
  }
}
