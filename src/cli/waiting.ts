import { type Call, within } from '../lib/call.ts'
import { poll } from '../lib/wait.ts'
import type { Condition } from '../model/status.ts'
import { isNow, type SeenCluster } from './cluster.ts'
import type { Desk } from './command.ts'
import { CliError } from './exit.ts'

/** What is not as it should be, for a person. */
export interface Wait {
  readonly about: string
  readonly reason: string
  readonly message: string
}

/** True is what they are meant to be; of others it is news that they are there at all. */
const meantToBe = /Ready$|Reachable$|Admitted$/
/** A cluster that was asked to sleep waits for nothing. */
const meant: ReadonlySet<string> = new Set(['NotWanted', 'Suspended'])
/** The name that pods use: worth knowing, and nothing waits for it. */
const beside = 'ServiceReady'

/** What the cluster waits for, and why: a person first, where one has to change something. */
export function waitsOf({ status, generation }: Pick<SeenCluster, 'status' | 'generation'>): readonly Wait[] {
  const found = status.conditions
    .filter(condition => isAmiss(condition) && isWait(condition.type))
    .filter(({ reason }) => !meant.has(reason))
    .map(({ type, reason, message }) => ({ about: type, reason, message }))
  // Ready says again what the condition says that it comes from.
  const causes = found.filter(({ about }) => about !== 'Ready')
  const told = causes.length === 0 ? found : causes
  const ordered = [...told.filter(({ about }) => about === 'Stalled'), ...told.filter(notStalled)]
  const waits = ordered.filter(
    (each, at) => ordered.findIndex(other => other.message === each.message) === at || each.message === '',
  )
  if ((status.observedGeneration ?? 0) >= generation) return waits
  const message = 'The operator has not looked at the last change of the spec yet.'
  return [{ about: 'operator', reason: 'Pending', message }, ...waits]
}

const notStalled = ({ about }: Wait): boolean => about !== 'Stalled'

const isWait = (type: string): boolean =>
  type !== beside && (meantToBe.test(type) || type === 'Stalled' || type === 'Reconciling')

const isAmiss = ({ type, status }: Condition): boolean =>
  meantToBe.test(type) ? status !== 'True' : status === 'True'

/** What is worth knowing and nothing waits for: that it ends soon, say. */
export const newsOf = ({ status }: Pick<SeenCluster, 'status'>): readonly Wait[] =>
  status.conditions
    .filter(condition => isAmiss(condition) && !isWait(condition.type))
    .map(({ type, reason, message }) => ({ about: type, reason, message }))

const lookEveryMs = 500

/** Asks for the cluster until it is as wanted. Throws a CliError that says what it still waits for. */
export async function untilSo(
  desk: Desk,
  { name, ms, what }: { readonly name: string; readonly ms: number; readonly what: string },
  isSo: (cluster: SeenCluster) => boolean,
): Promise<SeenCluster> {
  const kubernetes = await desk.kubernetes()
  const began = performance.now()
  let last: SeenCluster | undefined
  const look = async (call: Call): Promise<SeenCluster | undefined> => {
    last = await kubernetes.cluster(name, call)
    if (isSo(last)) return last
    if (isHopeless(last)) throw notYet(what, last)
    desk.screen.progress(`${Math.round((performance.now() - began) / 1000)}s  ${what}: ${summaryOf(last)}`)
    return undefined
  }
  const limit = within(desk.call, ms)
  try {
    return await poll(() => look(limit), lookEveryMs, limit)
  } catch (error) {
    if (!limit.signal.aborted || desk.call.signal.aborted) throw error
    throw notYet(`${what}: not within ${Math.round(ms / 1000)} s`, last)
  } finally {
    desk.screen.progress('')
  }
}

/** Nothing comes of waiting: it goes, it sleeps, or a person has to change something first. What was changed last must have been seen. */
const isHopeless = (cluster: SeenCluster): boolean =>
  cluster.isDeleting || cluster.isSuspended || isNow(cluster, 'Suspended') || isNow(cluster, 'Stalled')

export function notYet(what: string, cluster: SeenCluster | undefined): CliError {
  if (cluster?.isDeleting === true) return new CliError('not-ready', `${what}: the cluster is being deleted`)
  if (cluster?.isAsleep === true) return new CliError('not-ready', `${what}: ${asleep(cluster)}`)
  const waits = cluster === undefined ? [] : waitsOf(cluster)
  const why = waits.map(({ about, reason, message }) => `\n  ${about} (${reason}): ${message}`)
  return new CliError('not-ready', `${what}${why.length === 0 ? '' : `; it waits for${why.join('')}`}`)
}

export const asleep = ({ name, isSuspended }: SeenCluster): string =>
  isSuspended
    ? `${name} sleeps: spec.suspend is true, and false wakes it`
    : `${name} sleeps, since nobody used it: a change of its spec wakes it, kubectl daskcloud scale too`

const summaryOf = (cluster: SeenCluster): string => {
  const counts = cluster.groups.map(({ name, ready, wanted }) => `${name} ${ready}/${wanted}`)
  return `${counts.join(', ')}; ${waitsOf(cluster)[0]?.message ?? 'soon'}`
}
