import type { Call } from '../lib/call.ts'
import { canonical } from '../lib/fingerprint.ts'
import { updatedConditions } from '../model/conditions.ts'
import type { ClusterKey, ClusterUid } from '../model/names.ts'
import { networkIn, type World } from '../model/world.ts'
import { isLetIn } from '../plan/credentials.ts'
import { turnMs } from '../plan/lifetime.ts'
import { isLetGo, plan } from '../plan/plan.ts'
import { act, type Bench, type Outcome } from './act.ts'
import { Ledger } from './ledger.ts'
import { observe } from './observe.ts'
import { type Desk, type InventoryLook, type Seen, type Sighting, StaleWrite, UnclearWrite } from './ports.ts'
import { type Passed, publish } from './publish.ts'
import { joined, reports } from './reports.ts'
import { subjectOf } from './subject.ts'

/** When to look at a cluster again, by itself; anything that changes brings it sooner. */
export type Next =
  | { readonly kind: 'gone' }
  | { readonly kind: 'again'; readonly afterMs: number }
  /** The pass could not do all it wanted: again, after the queue's own growing pause. */
  | { readonly kind: 'retry' }

/** A tenant's Secret, which nothing watches, is looked at with a pass: it must be back within a minute. */
const restMs = 45_000

/** While credentials are bad, their Secret is looked at so often. */
const shutMs = 3_000

/** Memory of every cluster this process has seen, by UID: a new cluster of an old name begins with none. */
export class Passes {
  readonly #ledgers = new Map<ClusterUid, Ledger>()
  readonly #uids = new Map<ClusterKey, ClusterUid>()
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** One pass: observe, plan, act, publish. Never two at a time for one key; the queue sees to that. */
  async run(key: ClusterKey, call: Call): Promise<Next> {
    const sighting = await this.#desk.eyes.cluster(key, call)
    switch (sighting.kind) {
      case 'absent':
        return this.#forget(key)
      case 'invalid':
        return refuse(sighting, this.#desk, call)
      case 'seen':
        return this.#pass(sighting.seen, call)
      default:
        return sighting satisfies never
    }
  }

  async #pass(seen: Seen, call: Call): Promise<Next> {
    const desk = this.#desk
    const ledger = this.#ledgerOf(seen)
    const { world, look } = await observe(seen, ledger, desk, call)
    if (world.enrolment.kind === 'foreign' && !isLetGo(world))
      return leave(seen, world.enrolment.installation, ledger, desk)
    const { times, arrival } = ledger.journeys.look(world)
    desk.hands.measure(world.cluster, times)
    if (arrival !== undefined) desk.hands.report(subjectOf(seen), joined(arrival))
    const steps = plan(world)
    ledger.planned(steps, world.now)
    const bench: Bench = { seen, world, ledger, desk, ...unwritten(seen, world) }
    const outcomes = await act(steps, bench, call)
    if (outcomes.some(({ kind }) => kind === 'outdated')) return { kind: 'retry' }
    for (const report of reports(outcomes)) desk.hands.report(subjectOf(bench.seen), report)
    if (hasReleased(outcomes) || world.enrolment.kind === 'released') return parted(world, outcomes)
    const isMoving = isLetIn(world) && (isBusy(world) || steps.length > 0)
    desk.eyes.attend(world.cluster, isMoving ? 'busy' : 'resting')
    // The same steps once more: whoever shows what became of them is behind, and asking faster does not help.
    const isRepeated = ledger.repeats(canonical(steps))
    const onward: Next =
      isRepeated && bench.goesOn !== true ? { kind: 'retry' } : { kind: 'again', afterMs: 0 }
    const goesOn =
      bench.goesOn === true || outcomes.some(leadsOn) || (await hasAddress(outcomes, seen, desk, call))
    if (goesOn && bench.held === undefined) return onward
    const launches = bench.seen.launches ?? []
    const after = { ...world, launches, memory: ledger.snapshot() }
    const passed = { seen: bench.seen, world: after, outcomes, ledger, held: bench.held }
    const waitMs = await published(() => publish(passed, desk.hands, call))
    if (waitMs === 'again') return { kind: 'retry' }
    return goesOn ? onward : next(passed, look, waitMs)
  }

  #ledgerOf({ cluster }: Seen): Ledger {
    const before = this.#uids.get(cluster.key)
    if (before !== undefined && before !== cluster.uid) this.#drop(cluster.key, before)
    this.#uids.set(cluster.key, cluster.uid)
    const ledger = this.#ledgers.get(cluster.uid) ?? new Ledger(this.#desk.clock.now())
    this.#ledgers.set(cluster.uid, ledger)
    return ledger
  }

  #forget(key: ClusterKey): Next {
    const uid = this.#uids.get(key)
    if (uid !== undefined) this.#drop(key, uid)
    return { kind: 'gone' }
  }

  #drop(key: ClusterKey, uid: ClusterUid): void {
    this.#ledgers.delete(uid)
    this.#uids.delete(key)
    this.#desk.hands.forget(key, uid)
  }
}

/** Answers that this process has had and could not write yet are written with this pass. */
function unwritten(seen: Seen, { launches }: World): Partial<Pick<Bench, 'seen' | 'held'>> {
  if (launches.every((launch, index) => launch === seen.launches?.[index])) return {}
  return { seen: { ...seen, launches }, held: { launches, seq: seen.ledger?.seq ?? 0 } }
}

/** A status that somebody else wrote first is written by the next pass. */
async function published(write: () => Promise<number>): Promise<number | 'again'> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof StaleWrite || error instanceof UnclearWrite) return 'again'
    throw error
  }
}

/** Another installation's cluster: it is told once, and nothing is written that the other would only undo. */
function leave(seen: Seen, installation: string, ledger: Ledger, { hands }: Desk): Next {
  const message = `This cluster is in the care of installation ${installation}: this one leaves it alone.`
  if (ledger.isNewsOnce('foreign'))
    hands.report(subjectOf(seen), { kind: 'Warning', reason: 'ForeignInstallation', message })
  return { kind: 'again', afterMs: restMs }
}

/** Whoever has let its machines go lets its Secrets go next. */
function parted({ heldSecrets, enrolment }: World, outcomes: readonly Outcome[]): Next {
  if (outcomes.some(({ kind }) => kind === 'failed')) return { kind: 'retry' }
  const isNext = heldSecrets.length > 0 && enrolment.kind !== 'released'
  return { kind: 'again', afterMs: isNext ? 0 : restMs }
}

const hasReleased = (outcomes: readonly Outcome[]): boolean =>
  outcomes.some(({ kind, action }) => kind === 'done' && action.type === 'release')

/** Says why a resource cannot be understood, once, and leaves all of it as it is. */
async function refuse(
  { subject, reason, problem }: Invalid,
  { hands, clock }: Desk,
  call: Call,
): Promise<Next> {
  const message = `${problem}. Nothing of this cluster is changed.`
  const found = [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Stalled', status: 'True', reason, message },
  ] as const
  const at = new Date(clock.now()).toISOString()
  const conditions = updatedConditions(subject.status.conditions, found, {
    generation: subject.generation,
    at,
  })
  const status = { ...subject.status, observedGeneration: subject.generation, conditions }
  if (canonical(status) !== canonical(subject.status)) await hands.publish(subject, status, call)
  return { kind: 'again', afterMs: restMs }
}

type Invalid = Extract<Sighting, { kind: 'invalid' }>

function next({ world, outcomes }: Passed, { promises }: InventoryLook, waitMs: number): Next {
  if (outcomes.some(({ kind, action }) => kind === 'failed' && action.type !== 'send-launches'))
    return { kind: 'retry' }
  // The list that the step asked for shows it most often; where it lags, each look waits longer than the one before.
  if (outcomes.some(({ action }) => ofAddress.has(action.type))) return { kind: 'retry' }
  const pauses = [...world.memory.pauses.values()].map(({ until }) => until - world.now).filter(ms => ms > 0)
  const { certificates, cluster } = world
  const isRenewed = certificates.kind === 'valid' && cluster.phase !== 'deleting'
  const renewal = isRenewed ? Math.max(1_000, certificates.renewAt - world.now) : Infinity
  const isShut = !isLetIn(world) || awaitsCertificates(world)
  const pace = isShut ? shutMs : isBusy(world) ? promises.listEveryMs.busy : restMs
  return {
    kind: 'again',
    afterMs: Math.max(10, Math.min(pace, waitMs, renewal, restMs, turnMs(world), ...pauses)),
  }
}

/** A tenant's Secret, or cert-manager, has to change first: nothing tells of that. */
const awaitsCertificates = ({ certificates }: World): boolean =>
  certificates.kind === 'refused' ||
  certificates.kind === 'awaited' ||
  (certificates.kind === 'valid' && certificates.concern !== undefined)

const ofAddress: ReadonlySet<string> = new Set(['reserve-address', 'move-address', 'release-address'])

/** What these do is seen only when the cloud or the scheduler shows it. */
const waitsForTheWorld: ReadonlySet<string> = new Set([
  'drain-workers',
  'close-workers',
  'terminate',
  'give-up',
  'send-launches',
  'renew-machine-certificates',
  ...ofAddress,
])

/** After the others the next step can be seen at once, and status can wait for it; the others wait for the world to move. */
const leadsOn = ({ kind, action: { type } }: Outcome): boolean =>
  kind === 'done' && !waitsForTheWorld.has(type)

/** The list that the step asked for shows the address most often: then there is nothing to wait for, either. */
async function hasAddress(
  outcomes: readonly Outcome[],
  { cluster }: Seen,
  { eyes }: Desk,
  call: Call,
): Promise<boolean> {
  const isMade = outcomes.some(({ kind, action }) => kind === 'done' && action.type === 'reserve-address')
  if (!isMade) return false
  const { view } = await eyes.inventory(cluster, call)
  return view.kind === 'seen' && networkIn(view) !== undefined
}

/** Something is under way that only looking again will show. */
function isBusy({ cluster, launches, inventory, memory, enrolment, hasServed }: World): boolean {
  if (cluster.phase === 'deleting' || enrolment.kind === 'lost' || launches.length > 0) return true
  if (inventory.kind !== 'seen' || (hasServed && inventory.previousStartedAt === -Infinity)) return true
  const moving = inventory.machines.some(({ state }) => state.kind === 'starting' || state.kind === 'leaving')
  const isStarting = cluster.phase === 'wanted' && !hasServed
  const { draining, terminated, unjoined } = memory
  return moving || isStarting || draining.size + terminated.size + unjoined.size > 0
}
