import { writeDuration } from '../lib/duration.ts'
import { groupsOf } from '../model/cluster.ts'
import { maxLaunches } from '../model/launch.ts'
import { isAlive } from '../model/machine.ts'
import { defaultGroup, sameIntent, workerName } from '../model/names.ts'
import type { Finding } from '../model/status.ts'
import type { Pause, World } from '../model/world.ts'
import { isPaused } from '../plan/launches.ts'
import { isTied } from '../plan/move.ts'
import { isStale } from '../plan/tally.ts'
import type { Outcome } from './act.ts'
import { admission } from './admission.ts'
import { certificatesReady, encryptionDisabled, renewalIgnored } from './certificates-findings.ts'
import { ofClass, refusedByClass } from './class-findings.ts'
import { credentialsReady } from './credentials-findings.ts'
import { awaitsDashboard } from './dashboard.ts'
import { endings } from './endings.ts'
import { certificateExpired } from './expiry-findings.ts'
import { reasonOfFault } from './fault-reasons.ts'
import { certificateEnding } from './rotation-findings.ts'
import { serviceReady } from './service-findings.ts'
import { outOfReach } from './unreachable.ts'
import { no, type Verdict, yes } from './verdict.ts'

/** What a world means to its user: one finding a condition, in words that stay the same while nothing changes. */
export function findings(world: World, outcomes: readonly Outcome[]): readonly Finding[] {
  const scheduler = schedulerReady(world)
  const workers = workersReady(world, outcomes)
  const hindered = stalled(world, outcomes)
  return [
    { type: 'Ready', ...ready(world, scheduler, workers) },
    ...certificatesReady(world, outcomes).map(verdict => ({ type: 'CertificatesReady', ...verdict })),
    ...encryptionDisabled(world),
    ...renewalIgnored(world),
    ...credentialsReady(world, outcomes).map(verdict => ({ type: 'CredentialsReady', ...verdict })),
    { type: 'CloudReachable', ...cloudReachable(world) },
    { type: 'SchedulerReady', ...scheduler },
    { type: 'WorkersReady', ...workers },
    ...serviceReady(world).map(verdict => ({ type: 'ServiceReady', ...verdict })),
    ...admission(world),
    ...degraded(world),
    ...suspended(world),
    ...endings(world),
    ...updatePending(world),
    ...ofClass(world),
    // Whoever waits for a person is not on the way.
    ...(hindered.length > 0 ? hindered : reconciling(world, scheduler, workers)),
  ]
}

/** Workers of a group that the scheduler calls running, on machines that are this cluster's. */
export function servingIn({ inventory, scheduler }: World, group: string): number {
  if (inventory.kind !== 'seen' || scheduler.kind !== 'answering') return 0
  const ours = new Set(
    inventory.machines.filter(each => each.group === group && isAlive(each)).map(({ id }) => workerName(id)),
  )
  return scheduler.workers.filter(({ name, status }) => status === 'running' && ours.has(name)).length
}

export const allServe = (world: World): boolean =>
  world.scheduler.kind === 'answering' &&
  world.cluster.groups.every(({ name, replicas }) => servingIn(world, name) >= replicas)

function ready(world: World, scheduler: Verdict, workers: Verdict): Verdict {
  const { cluster, certificates } = world
  if (cluster.phase === 'deleting') return no('Deleting', 'The cluster is being deleted.')
  if (cluster.phase === 'suspended')
    return no('Suspended', 'Suspended: its machines are gone, its Secrets and address stay.')
  const isServed = world.hasServed && scheduler.status === 'True'
  if (!isServed && ['refused', 'silent'].includes(world.credentials.kind))
    return no('CredentialsNotReady', 'The credentials for its cloud are not ready.')
  if (certificates.kind !== 'valid' && !isServed)
    return no('CertificatesNotReady', 'Its certificates are not ready.')
  if (scheduler.status !== 'True') return { ...scheduler, reason: `Scheduler${scheduler.reason}` }
  if (!world.hasServed && !allServe(world)) return { ...workers, reason: `Workers${workers.reason}` }
  const wanted = cluster.groups.reduce((sum, { replicas }) => sum + replicas, 0)
  const serving = cluster.groups.reduce((sum, { name }) => sum + servingIn(world, name), 0)
  if (wanted > 0 && serving === 0) return no('NoWorkers', 'The scheduler answers, but no worker serves.')
  return yes('Serving', 'The scheduler and its workers answer.')
}

function schedulerReady(world: World): Verdict {
  const { scheduler, cluster } = world
  if (cluster.phase !== 'wanted') return no('NotWanted', 'No scheduler is wanted.')
  switch (scheduler.kind) {
    case 'answering':
      return yes('Answering', 'The scheduler answers.')
    case 'unasked':
      return missing(world)
    case 'silent':
      return outOfReach(world)?.scheduler ?? no('Starting', 'Its machine is there; Dask does not answer yet.')
    default:
      return scheduler satisfies never
  }
}

/** Workers that have served know the address, so it is kept although another zone might have a machine. */
function missing(world: World): Verdict {
  if (world.inventory.kind !== 'seen') return no('Missing', 'Its machine cannot be seen.')
  if (!isTied(world) || !world.hasServed) return no('Missing', 'Its machine is not there yet.')
  const message =
    'There is no capacity where its address is, and workers know that address: it is tried there again. Suspend the cluster and wake it to have it tried elsewhere, at another private address.'
  return no('NoCapacity', message)
}

function workersReady(world: World, outcomes: readonly Outcome[]): Verdict {
  const { cluster, scheduler, launches } = world
  if (cluster.phase !== 'wanted') return no('NotWanted', 'No workers are wanted.')
  const late = cluster.groups.filter(({ name, replicas }) => servingIn(world, name) < replicas)
  if (scheduler.kind === 'answering' && late.length === 0) return yes('Serving', 'All wanted workers serve.')
  if (launches.length >= maxLaunches) {
    return no(
      'TooManyLaunches',
      `${maxLaunches} launches are unaccounted for; nothing more is made until they are. Look at the cloud's console.`,
    )
  }
  const failure = outcomes.find(each => each.kind === 'failed' && makes.has(each.action.type))
  const [pause] = pausesOf(world)
  if (pause !== undefined) return no(reasonOfFault[pause.fault], pause.problem)
  if (failure?.kind === 'failed') return no(reasonOfFault[failure.fault], failure.problem)
  const unknown = outOfReach(world)
  if (unknown !== undefined) return unknown.workers
  const counts = late.map(
    ({ name, replicas }) =>
      `${servingIn(world, name)} of ${replicas}${name === defaultGroup ? '' : ` in ${name}`}`,
  )
  return no('Waiting', `${counts.join(', ') || 'None'} serve.`)
}

/** Steps without which there are no workers. */
const makes: ReadonlySet<string> = new Set(['send-launches', 'record-launches', 'reserve-address'])

function cloudReachable({ inventory }: World): Verdict {
  if (inventory.kind === 'seen') return yes('Listed', 'The cloud lists its machines.')
  return { status: 'Unknown', reason: reasonOfFault[inventory.fault], message: inventory.problem }
}

/** Replacing what a wrong list has hidden would double it, so nobody does; the words hold no count, which may move. */
function degraded({ inventory }: World): readonly Finding[] {
  if (inventory.kind !== 'seen' || inventory.missing === 0) return []
  const message =
    'The cloud lists far fewer machines than a moment ago, and none of them was seen to end. They are not replaced until it lists them again, or has kept to that for a minute.'
  return [{ type: 'Degraded', ...yes('MachinesMissing', message) }]
}

function suspended({ cluster }: World): readonly Finding[] {
  if (cluster.phase !== 'suspended') return []
  const { sleep, lifetime } = cluster
  if (sleep.kind !== 'asleep') {
    const message = 'spec.suspend is true; set it to false to wake the cluster.'
    return [{ type: 'Suspended', ...yes('Requested', message) }]
  }
  const message = `Nobody used it for ${writeDuration(lifetime.idleTimeoutMs)}. Change its spec, or give the annotation cloud.dask.org/resume a new value, to wake it.`
  return [{ type: 'Suspended', ...yes('Idle', message) }]
}

function updatePending(world: World): readonly Finding[] {
  const { inventory, cluster } = world
  if (inventory.kind !== 'seen' || cluster.phase !== 'wanted') return []
  const stale = inventory.machines.find(
    each =>
      each.role === 'scheduler' &&
      isAlive(each) &&
      !sameIntent(each.fingerprint, cluster.scheduler.fingerprint),
  )
  const expired = certificateExpired(world)
  if (expired !== undefined) return [{ type: 'UpdatePending', status: 'True', ...expired }]
  if (stale === undefined) return certificateEnding(world)
  const whenDone =
    'replacing it ends its memory. It is done at the next suspend and wake, or on the annotation cloud.dask.org/restart.'
  if (awaitsDashboard(world, stale)) {
    const what = cluster.dashboard.isExposed
      ? 'was launched without pages for others'
      : 'still shows its pages'
    const message = `spec.dashboard.expose is ${cluster.dashboard.isExposed}, and the scheduler ${what}: ${whenDone}`
    return [{ type: 'UpdatePending', ...yes('DashboardChanged', message) }]
  }
  const message = `The scheduler runs what was asked for before: ${whenDone}`
  return [{ type: 'UpdatePending', ...yes('SchedulerChanged', message) }]
}

function reconciling(world: World, scheduler: Verdict, workers: Verdict): readonly Finding[] {
  const { cluster, enrolment } = world
  if (enrolment.kind === 'lost') {
    const message =
      'The record of its launches was lost; nothing is made until its machines are known for certain.'
    return [{ type: 'Reconciling', ...yes('LedgerLost', message) }]
  }
  if (cluster.phase === 'deleting')
    return [{ type: 'Reconciling', ...yes('Deleting', 'Its machines are being ended.') }]
  if (cluster.phase === 'suspended') return []
  const isThere = scheduler.status === 'True' && workers.status === 'True'
  if (isThere && !isRolling(world)) return []
  if (isThere) {
    const message = 'All wanted workers serve; those that cannot be as it is asked for now are replaced.'
    return [{ type: 'Reconciling', ...yes('Rolling', message) }]
  }
  return [{ type: 'Reconciling', ...yes('Starting', 'The cluster is on its way to what was asked for.') }]
}

const isRolling = (world: World): boolean =>
  world.inventory.kind === 'seen' &&
  world.inventory.machines
    .filter(isAlive)
    .some(machine =>
      world.cluster.groups.some(each => each.name === machine.group && isStale(world, machine, each)),
    )

/** Only what a person must change. Throttling and missing capacity pass by themselves. */
function stalled(world: World, outcomes: readonly Outcome[]): readonly Finding[] {
  const { certificates, inventory } = world
  if (certificates.kind === 'foreign')
    return [{ type: 'Stalled', ...yes('ForeignSecret', `Secret ${certificates.secret} is not ours.`) }]
  const [given] = certificatesReady(world, outcomes)
  if (given !== undefined && (certificates.kind === 'refused' || isForPerson(outcomes)))
    return [{ ...given, type: 'Stalled', status: 'True' }]
  const expired = certificateExpired(world)
  if (expired !== undefined) return [{ type: 'Stalled', status: 'True', ...expired }]
  const [shut] = credentialsReady(world, outcomes)
  if (shut?.status === 'False') return [{ ...shut, type: 'Stalled', status: 'True' }]
  if (inventory.kind === 'silent' && (inventory.fault === 'invalid' || inventory.fault === 'unauthorized'))
    return [{ type: 'Stalled', ...yes(reasonOfFault[inventory.fault], inventory.problem) }]
  const pause = pausesOf(world).find(({ fault }) => fault === 'invalid' || fault === 'unauthorized')
  return pause === undefined
    ? refusedByClass(world)
    : [{ type: 'Stalled', ...yes(reasonOfFault[pause.fault], pause.problem) }]
}

/** Whether certificates cannot be had until somebody has changed something: cert-manager is not there, say. */
const isForPerson = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some(
    each => each.kind === 'failed' && each.action.type === 'issue-certificates' && lasting.has(each.fault),
  )

const lasting: ReadonlySet<string> = new Set(['invalid', 'unauthorized'])

/** What groups rest for, as far as what they are asked for is still what failed. */
function pausesOf(world: World): readonly Pause[] {
  const resting = groupsOf(world.cluster).filter(group => isPaused(world, group))
  return resting.flatMap(({ name }) => world.memory.pauses.get(name) ?? [])
}
