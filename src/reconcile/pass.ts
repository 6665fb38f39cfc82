import type { Call } from '../lib/call.ts'
import { canonical } from '../lib/fingerprint.ts'
import { updatedConditions } from '../model/conditions.ts'
import type { ClusterKey, ClusterUid } from '../model/names.ts'
import type { World } from '../model/world.ts'
import { plan } from '../plan/plan.ts'
import { act, type Outcome } from './act.ts'
import { Ledger } from './ledger.ts'
import { observe } from './observe.ts'
import { type Desk, type InventoryLook, type Seen, type Sighting, StaleWrite, UnclearWrite } from './ports.ts'
import { type Passed, publish, subjectOf } from './publish.ts'
import { reports } from './reports.ts'

/** When to look at a cluster again, by itself; anything that changes brings it sooner. */
export type Next =
  | { readonly kind: 'gone' }
  | { readonly kind: 'again'; readonly afterMs: number }
  /** The pass could not do all it wanted: again, after the queue's own growing pause. */
  | { readonly kind: 'retry' }

const restMs = 60_000

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
    const steps = plan(world)
    const bench = { seen, world, ledger, desk }
    const outcomes = await act(steps, bench, call)
    if (outcomes.some(({ kind }) => kind === 'outdated')) return { kind: 'retry' }
    for (const report of reports(outcomes)) desk.hands.report(subjectOf(bench.seen), report)
    if (hasReleased(outcomes) || world.enrolment.kind === 'released')
      return { kind: 'again', afterMs: restMs }
    desk.eyes.attend(world.cluster, isBusy(world) || steps.length > 0 ? 'busy' : 'resting')
    if (outcomes.some(leadsOn)) return { kind: 'again', afterMs: 0 }
    const passed = { seen: bench.seen, world: { ...world, memory: ledger.snapshot() }, outcomes, ledger }
    const waitMs = await published(() => publish(passed, desk.hands, call))
    return next(passed, look, waitMs)
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

/** A status that somebody else wrote first is written by the next pass. */
async function published(write: () => Promise<number>): Promise<number> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof StaleWrite || error instanceof UnclearWrite) return 0
    throw error
  }
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
  const pauses = [...world.memory.pauses.values()].map(({ until }) => until - world.now).filter(ms => ms > 0)
  const renewal = world.certificates.kind === 'valid' ? world.certificates.renewAt - world.now : Infinity
  const pace = isBusy(world) ? promises.listEveryMs.busy : restMs
  return { kind: 'again', afterMs: Math.max(10, Math.min(pace, waitMs, renewal, restMs, ...pauses)) }
}

/** After these the next step can be seen at once, and status can wait for it; the others wait for the world to move. */
const leadsOn = ({ kind, action: { type } }: Outcome): boolean =>
  kind === 'done' && type !== 'drain-workers' && type !== 'terminate' && type !== 'send-launches'

/** Something is under way that only looking again will show. */
export function isBusy({ cluster, launches, inventory, memory, enrolment }: World): boolean {
  if (cluster.phase === 'deleting' || enrolment.kind === 'lost' || launches.length > 0) return true
  if (inventory.kind !== 'seen') return true
  const moving = inventory.machines.some(({ state }) => state.kind === 'starting' || state.kind === 'leaving')
  return moving || memory.draining.size > 0 || memory.terminated.size > 0
}
