import type { Call } from '../lib/call.ts'
import { canonical } from '../lib/fingerprint.ts'
import { groupNamed } from '../model/cluster.ts'
import type { Launch } from '../model/launch.ts'
import { type Addresses, byAge, isAlive } from '../model/machine.ts'
import type { Enrolment, InventoryView, SchedulerView, World } from '../model/world.ts'
import type { Ledger } from './ledger.ts'
import type { Desk, InventoryLook, Seen } from './ports.ts'

/** Gathers one immutable world. Nothing here changes anything but the process's own memory. */
export async function observe(seen: Seen, ledger: Ledger, desk: Desk, call: Call): Promise<Observed> {
  const { cluster } = seen
  const credentials = await desk.eyes.credentials(cluster, call)
  const [certificates, look, service] = await Promise.all([
    desk.eyes.certificates(cluster, call),
    desk.eyes.inventory(cluster, call),
    desk.eyes.service(cluster, call),
  ])
  const now = desk.clock.now()
  const inventory = isElsewhere(seen, look) ? elsewhere(seen, look) : look.view
  const scheduler = desk.eyes.scheduler(cluster, schedulerAddress(inventory, cluster.phase))
  if (credentials.kind === 'ready') ledger.meetCredentials(credentials.version)
  ledger.meetLaunches(seen.launches ?? [], now)
  const launches = (seen.launches ?? []).map(launch => answered(launch, ledger))
  ledger.meetMachines(inventory, scheduler, look.promises.horizonMs, now)
  ledger.meetIdleness(idlenessOf(seen, scheduler), now)
  const enrolment = enrolmentOf(seen, inventory, ledger, desk)
  ledger.reservation.meet(enrolment, { inventory, wanted: look.network }, now)
  for (const { group, problem } of ledger.casualties.meet(cluster, inventory))
    ledger.pause(groupNamed(cluster, group) ?? cluster.scheduler, 'not-started', problem, now)
  const world: World = {
    now,
    wallNow: desk.clock.wall(),
    cluster,
    enrolment,
    certificates,
    credentials,
    heldSecrets: seen.heldSecrets ?? [],
    inventory,
    scheduler,
    service,
    launches,
    promises: look.promises,
    memory: ledger.snapshot(),
    joinLimitMs: desk.joinLimitMs,
    authorityOverlapMs: desk.authorityOverlapMs ?? 0,
    admitted: admittedTo(cluster, desk),
    viewers: cluster.dashboard.isExposed ? cluster.network.allowedCIDRs : [],
    network: look.network,
    namesOperator: desk.ownCIDRs.length > 0,
    hasServed: seen.status.readySince !== undefined,
  }
  return { world, look }
}

/** Each range once, in one order, so that it can be compared with what a firewall has. */
const admittedTo = ({ network }: Seen['cluster'], { ownCIDRs }: Desk): readonly string[] =>
  [...new Set([...network.allowedCIDRs, ...ownCIDRs])].toSorted()

/** What the cloud said to this process counts, whether or not it could be written down yet. */
function answered(launch: Launch, ledger: Ledger): Launch {
  const isUndecided = launch.state.kind === 'open' || launch.state.kind === 'unknown'
  const answer = isUndecided ? ledger.answerTo(launch.id) : undefined
  return answer === undefined ? launch : { ...launch, state: answer }
}

/**
 * What one stretch of idleness is told by. A change of the spec, a call to wake and the cluster's first readiness are
 * signs of a user: counting begins anew with each, as it does with a new scheduler and after any task.
 */
function idlenessOf({ cluster, status }: Seen, scheduler: SchedulerView): string | undefined {
  if (scheduler.kind !== 'answering' || scheduler.idleness.kind !== 'idle') return undefined
  const { generation, resume } = cluster
  const { since, seenSince } = scheduler.idleness
  return canonical([scheduler.id, since, seenSince, generation, resume, status.readySince ?? ''])
}

/** The lists of another account or region say nothing about this cluster's machines, least of all that they are gone. */
const isElsewhere = ({ placement }: Seen, { scope }: InventoryLook): boolean =>
  placement !== undefined && scope !== undefined && placement.scope !== scope

function elsewhere({ placement }: Seen, { scope }: InventoryLook): InventoryView {
  const problem = `Its machines are in ${placement?.scope}, and this operator sees ${scope}: give it back the account, region or state directory it had`
  return { kind: 'silent', fault: 'invalid', problem }
}

export interface Observed {
  readonly world: World
  readonly look: InventoryLook
}

/** Where the scheduler is asked: only while a machine of it lives. */
export function schedulerAddress(
  inventory: InventoryView,
  phase: World['cluster']['phase'],
): Addresses | undefined {
  if (inventory.kind !== 'seen' || phase !== 'wanted') return undefined
  const [machine] = inventory.machines
    .filter(each => each.role === 'scheduler' && isAlive(each))
    .toSorted(byAge)
  if (machine === undefined) return undefined
  return machine.state.kind === 'running' ? machine.state.addresses : inventory.address
}

function enrolmentOf(seen: Seen, inventory: InventoryView, ledger: Ledger, desk: Desk): Enrolment {
  const { cluster, placement } = seen
  if (placement !== undefined && placement.installation !== desk.installation) {
    return { kind: 'foreign', installation: placement.installation }
  }
  const stamp = seen.ledger?.uid === cluster.uid ? seen.ledger : undefined
  if (!seen.hasFinalizer) {
    return cluster.phase === 'deleting' ? { kind: 'released' } : { kind: 'new', stamped: stamp !== undefined }
  }
  const listed = inventory.kind === 'seen' ? inventory.machines.map(({ seq }) => seq) : []
  const known = ledger.meetSeq(Math.max(stamp?.seq ?? 0, ...listed))
  if (stamp === undefined || seen.launches === undefined || known > stamp.seq) {
    return { kind: 'lost', since: ledger.lostSince(desk.clock.now()) }
  }
  ledger.found()
  return { kind: 'enrolled', seq: stamp.seq }
}
