import type { Call } from '../lib/call.ts'
import { canonical } from '../lib/fingerprint.ts'
import { updatedConditions } from '../model/conditions.ts'
import { daskAddress } from '../model/machine.ts'
import { defaultGroup, splitKey } from '../model/names.ts'
import { serviceName } from '../model/service.ts'
import type { Status, WorkersStatus } from '../model/status.ts'
import type { World } from '../model/world.ts'
import { expiryOf } from '../plan/lifetime.ts'
import type { Outcome } from './act.ts'
import { dashboardOf } from './dashboard.ts'
import { timeText } from './endings.ts'
import { allServe, findings, servingIn } from './findings.ts'
import type { Ledger } from './ledger.ts'
import { schedulerAddress } from './observe.ts'
import type { Hands, Records, Seen } from './ports.ts'
import { transitions } from './reports.ts'
import { subjectOf } from './subject.ts'

/** Changes of counts alone wait for so long after the last write. */
const countsEveryMs = 10_000
/** The end of a first look brings a pass by itself; this is for the one that is missed. */
const firstLookMs = 1_000

/**
 * Derives status from what was seen and done, in this one place, and writes only what changed, together with what the
 * pass has learned of its launches.
 * Returns how long a change that may wait has to wait, or Infinity.
 */
export async function publish(
  { seen, world, outcomes, ledger, held }: Passed,
  hands: Pick<Hands, 'publish' | 'report'>,
  call: Call,
): Promise<number> {
  const subject = subjectOf(seen)
  const isTooEarly = isNewHere(world, seen.status)
  const next = isTooEarly ? seen.status : statusOf(world, seen.status, outcomes)
  const waitMs = isTooEarly ? firstLookMs : waitFor(seen.status, next, ledger.lastPublished - world.now)
  if (waitMs > 0 && held === undefined) return waitMs
  await hands.publish(subject, next, call, held)
  ledger.lastPublished = world.now
  for (const report of transitions(seen.status.conditions, next.conditions)) hands.report(subject, report)
  return isTooEarly ? firstLookMs : Infinity
}

/** How long a changed status may wait to be written; Infinity where nothing has changed. */
function waitFor(before: Status, next: Status, sinceMs: number): number {
  if (canonical(next) === canonical(before)) return Infinity
  const isNews = canonical(withoutCounts(next)) !== canonical(withoutCounts(before))
  return isNews ? 0 : Math.max(0, sinceMs + countsEveryMs)
}

/**
 * A process that has just begun knows less than what its predecessor wrote: until its first looks have ended, well or
 * badly, it takes nothing of that back. Otherwise every restart would take Ready away for a moment.
 */
function isNewHere({ inventory, scheduler, cluster, hasServed }: World, written: Status): boolean {
  if (inventory.kind === 'silent')
    return inventory.untried === true && written.observedGeneration !== undefined
  return hasServed && scheduler.kind === 'unasked' && schedulerAddress(inventory, cluster.phase) !== undefined
}

/** What a pass has seen and done. */
export interface Passed {
  readonly seen: Seen
  readonly world: World
  readonly outcomes: readonly Outcome[]
  readonly ledger: Ledger
  /** Records that the pass changed and did not write. */
  readonly held?: Records | undefined
}

export function statusOf(world: World, before: Status, outcomes: readonly Outcome[]): Status {
  const { cluster, certificates, now } = world
  const at = new Date(now).toISOString()
  const readySince =
    cluster.phase === 'wanted' ? (before.readySince ?? (allServe(world) ? at : undefined)) : undefined
  const served = { ...world, hasServed: readySince !== undefined }
  const found = findings(served, outcomes)
  const dates =
    certificates.kind === 'valid' && certificates.notAfter < Infinity
      ? { certificates: dated(certificates) }
      : {}
  const addresses = addressesOf(world, before)
  const expiry = expiryOf(cluster)
  return {
    observedGeneration: cluster.generation,
    cloud: cluster.cloud.name,
    ...(cluster.class === undefined ? {} : { class: cluster.class.record }),
    conditions: updatedConditions(before.conditions, found, { generation: cluster.generation, at }),
    ...addresses,
    ...dashboardOf(world, addresses, before),
    clientSecretName: `${splitKey(cluster.key).name}-client`,
    ...serviceOf(world, before),
    ...dates,
    ...(expiry === undefined ? {} : { expiresAt: timeText(expiry.at) }),
    ...(readySince === undefined ? {} : { readySince }),
    workers: workersOf(world),
    ...othersOf(world),
  }
}

/** The kept address stays while the cluster sleeps, and what was last known while its cloud says nothing. */
function addressesOf(
  { inventory, cluster: { tls } }: World,
  before: Status,
): Pick<Status, 'schedulerAddress' | 'internalSchedulerAddress'> {
  const { schedulerAddress: external, internalSchedulerAddress: internal } = before
  if (inventory.kind === 'silent') {
    return {
      ...(external === undefined ? {} : { schedulerAddress: external }),
      ...(internal === undefined ? {} : { internalSchedulerAddress: internal }),
    }
  }
  const address = inventory.address ?? schedulerAddress(inventory, 'wanted')
  return address === undefined
    ? {}
    : {
        schedulerAddress: daskAddress(address.external, tls),
        internalSchedulerAddress: daskAddress(address.internal, tls),
      }
}

/** What was last known of it while nobody can tell. */
function serviceOf({ service, cluster }: World, before: Status): Pick<Status, 'serviceName'> {
  if (service.kind !== 'seen')
    return before.serviceName === undefined ? {} : { serviceName: before.serviceName }
  const isThere = service.service === 'kept' || service.service === 'altered'
  return isThere ? { serviceName: serviceName(cluster.name) } : {}
}

function workersOf(world: World): WorkersStatus {
  const selector = `cloud.dask.org/cluster-uid=${world.cluster.uid},cloud.dask.org/group=${defaultGroup}`
  return { ...countsOf(world, defaultGroup), selector }
}

function othersOf(world: World): Pick<Status, 'workerGroups'> {
  const names = world.cluster.groups.map(({ name }) => name).filter(name => name !== defaultGroup)
  return names.length === 0 ? {} : { workerGroups: names.map(name => ({ name, ...countsOf(world, name) })) }
}

function countsOf(world: World, name: string): Pick<WorkersStatus, 'replicas' | 'ready'> {
  const { inventory } = world
  const machines = inventory.kind === 'seen' ? inventory.machines.filter(each => each.group === name) : []
  return {
    replicas: machines.filter(({ state }) => state.kind !== 'gone').length,
    ready: servingIn(world, name),
  }
}

/** Status without what may change by the second: numbers of workers and the texts that hold them. */
function withoutCounts({ workers: _workers, workerGroups: _groups, conditions, ...rest }: Status): unknown {
  return { ...rest, conditions: conditions.map(({ message: _message, ...condition }) => condition) }
}

const dated = ({ notAfter, renewAt }: { readonly notAfter: number; readonly renewAt: number }) => ({
  notAfter: new Date(notAfter).toISOString(),
  ...(Number.isFinite(renewAt) ? { renewAt: new Date(renewAt).toISOString() } : {}),
})
