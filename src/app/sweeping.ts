import { Sweeper, type SweepReport } from '../controller/sweeper.ts'
import type { Clusters } from '../kube/clusters.ts'
import type { EventReport } from '../kube/events.ts'
import type { Call } from '../lib/call.ts'
import { record, text } from '../lib/parse.ts'
import { steadyNow } from '../lib/steady.ts'
import { type ClusterUid, clusterUid } from '../model/names.ts'
import type { Connections } from './connections.ts'
import type { Office } from './leader.ts'
import { type KeptSecrets, scopePlace, secretsPlace } from './places.ts'

export interface Sweeping extends Omit<KeptSecrets, 'now'> {
  readonly office: Office
  readonly connections: Connections
  readonly clusters: Clusters
  readonly isKnown: (owner: ClusterUid) => boolean
  readonly report: (event: EventReport) => void
}

/** The sweeper over everything that this operator reaches, with its own identity or a cluster's, or undefined where it is switched off. */
export function openSweeper(sweeping: Sweeping): Sweeper | undefined {
  const { config } = sweeping.office
  if (config.sweep === 'off') return undefined
  const { connections, isKnown } = sweeping
  const secrets = secretsPlace({ ...sweeping, now: steadyNow })
  const { watchNamespaces } = config
  return new Sweeper({
    places: () => {
      connections.openAmbient()
      return [...connections.scopes.map(scopePlace), secrets]
    },
    isKnown,
    isServed: namespace =>
      namespace !== '' && (watchNamespaces.length === 0 || watchNamespaces.includes(namespace)),
    living: call => living(sweeping.clusters, watchNamespaces, call),
    report: found => tell(found, sweeping),
    now: steadyNow,
    mode: config.sweep,
    graceMs: config.sweepAfter,
    limit: config.sweepLimit,
  })
}

/** Sweeps until the call is stopped, with the gauge of what is unclaimed kept up to date. */
export async function keepSwept(sweeper: Sweeper, { metrics, log }: Office, call: Call): Promise<void> {
  await using all = new AsyncDisposableStack()
  const gauge = metrics.beforeReading(() => {
    metrics.orphans.reset()
    for (const [place, count] of sweeper.unclaimed) metrics.orphans.set({ place }, count)
  })
  all.use(gauge)
  await sweeper.run(call, error => log.warn({ err: error }, 'nothing was swept'))
}

/** A list in which anything cannot be read is no list of all clusters. */
async function living(
  clusters: Clusters,
  namespaces: readonly string[],
  call: Call,
): Promise<ReadonlySet<ClusterUid>> {
  const watched = namespaces.length === 0 ? [undefined] : namespaces
  const lists = await Promise.all(watched.map(each => clusters.list(each, call)))
  return new Set(lists.flatMap(({ items }) => items.map(uidOf)))
}

const uidOf = (raw: unknown): ClusterUid =>
  clusterUid(text(record(record(raw, 'cluster')['metadata'], 'metadata')['uid'], 'metadata.uid'))

function tell(report: SweepReport, sweeping: Sweeping): void {
  const { place, holding, outcome, isWitnessed, error } = report
  const { metrics, log } = sweeping.office
  const { key, owner, items } = holding
  metrics.sweeps.inc({ place, outcome })
  const fields = { place, cluster: key, uid: owner, items, outcome, isWitnessed }
  log.warn({ ...fields, ...(error === undefined ? {} : { err: error }) }, 'no cluster claims these')
  const event = sweepEvent(report, sweeping.office.config.sweepAfter)
  if (event !== undefined) sweeping.report(event)
}

/** In words that `kubectl daskcloud orphans` takes apart. */
export function sweepEvent(
  { place, holding: { key, owner, items }, outcome, isWitnessed }: SweepReport,
  afterMs: number,
): EventReport | undefined {
  const what = `${shown(items)} of cluster ${key} (${owner}) in ${place}`
  return events[outcome]({ what, isWitnessed, afterMs })
}

interface Telling {
  readonly what: string
  readonly isWitnessed: boolean
  readonly afterMs: number
}

const events: Readonly<Record<SweepReport['outcome'], (telling: Telling) => EventReport | undefined>> = {
  found: ({ what, isWitnessed, afterMs }) => ({
    kind: 'Warning',
    reason: 'OrphansFound',
    message: `No cluster claims ${what}. Unless one does, they are ended ${
      isWitnessed ? 'with the next looks' : `after ${Math.round(afterMs / 1000)} s`
    }.`,
  }),
  ended: ({ what }) => ({ kind: 'Normal', reason: 'OrphansEnded', message: `Asked to end: ${what}.` }),
  kept: ({ what }) => ({
    kind: 'Warning',
    reason: 'OrphansKept',
    message: `Left alone, since --sweep is dry-run: ${what}.`,
  }),
  'too-many': ({ what }) => ({
    kind: 'Warning',
    reason: 'OrphansKept',
    message: `Left alone, since too many are unclaimed at once (--sweep-limit): ${what}.`,
  }),
  failed: () => undefined,
}

const mostShown = 8

const shown = (items: readonly string[]): string =>
  items.length <= mostShown
    ? items.join(', ')
    : `${items.slice(0, mostShown).join(', ')} and ${items.length - mostShown} more`
