import type { Call } from '../lib/call.ts'
import type { Action } from '../model/action.ts'
import { CloudError, type Fault } from '../model/faults.ts'
import type { World } from '../model/world.ts'
import { recordLaunches, sendLaunches, settleLaunches } from './launching.ts'
import type { Ledger } from './ledger.ts'
import { type Desk, type Seen, StaleWrite, UnclearWrite } from './ports.ts'

/** What became of one step. */
export type Outcome = { readonly action: Action } & (
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly problem: string; readonly error: unknown }
  /** Somebody else wrote, or nobody knows who did: the pass ends here and looks again. */
  | { readonly kind: 'outdated' }
)

/** What a step works with. `seen` moves on with every write of the pass. */
export interface Bench {
  seen: Seen
  readonly world: World
  readonly ledger: Ledger
  readonly desk: Desk
}

type Performers = {
  readonly [T in Action['type']]: (
    step: Extract<Action, { type: T }>,
    bench: Bench,
    call: Call,
  ) => Promise<void>
}

const performers: Performers = {
  'stamp-ledger': async ({ seq }, bench, call) => {
    bench.seen = await bench.desk.hands.stampLedger(bench.seen, seq, call)
  },
  enrol: async (_step, bench, call) => {
    bench.seen = await bench.desk.hands.enrol(bench.seen, call)
  },
  'issue-certificates': ({ because }, { desk, world }, call) =>
    desk.hands.issueCertificates(world.cluster, because, call),
  'reserve-address': async (_step, { desk, world, ledger }, call) => {
    await desk.hands.reserveAddress(world.cluster, call)
    ledger.touchedCloud(desk.clock.now())
  },
  'record-launches': recordLaunches,
  'send-launches': sendLaunches,
  'settle-launches': settleLaunches,
  'drain-workers': async ({ machines }, { desk, world, ledger }, call) => {
    ledger.draining(await desk.hands.drain(world.cluster, machines, call), desk.clock.now())
  },
  'close-workers': async ({ machines }, { desk, world, ledger }, call) => {
    ledger.dismissed(await desk.hands.close(world.cluster, machines, call))
  },
  terminate: async ({ machines }, { desk, seen, world, ledger }, call) => {
    await desk.hands.confirm(seen, call)
    await desk.hands.terminate(world.cluster, machines, call)
    ledger.terminated(machines, desk.clock.now())
  },
  'release-address': async (_step, { desk, seen, world, ledger }, call) => {
    await desk.hands.confirm(seen, call)
    await desk.hands.releaseAddress(world.cluster, call)
    ledger.touchedCloud(desk.clock.now())
  },
  'remove-certificates': ({ because: _because }, { desk, world }, call) =>
    desk.hands.removeCertificates(world.cluster, call),
  release: async (_step, { desk, seen }, call) => {
    await desk.hands.confirm(seen, call)
    await desk.hands.release(seen, call)
  },
}

/** Takes the steps in order. The one place where a failure becomes a value. */
export async function act(steps: readonly Action[], bench: Bench, call: Call): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const action of steps) {
    const outcome = await perform(action, bench, call)
    outcomes.push(outcome)
    bench.desk.log(inWords(outcome), outcome.kind === 'done' ? 'step taken' : 'step not taken')
    if (outcome.kind === 'outdated' || call.signal.aborted) break
  }
  return outcomes
}

async function perform(action: Action, bench: Bench, call: Call): Promise<Outcome> {
  try {
    await dispatch(action, bench, call)
    return { action, kind: 'done' }
  } catch (error) {
    if (error instanceof StaleWrite || error instanceof UnclearWrite) return { action, kind: 'outdated' }
    if (error instanceof CloudError)
      return { action, kind: 'failed', fault: error.fault, problem: error.message, error }
    return { action, kind: 'failed', fault: 'bug', problem: 'an unexpected failure; the log has it', error }
  }
}

/** The table is keyed by the very word it is asked for, which the compiler cannot follow through a union. */
function dispatch<T extends Action['type']>(
  action: Extract<Action, { type: T }>,
  bench: Bench,
  call: Call,
): Promise<void> {
  const type: T = action.type
  return performers[type](action, bench, call)
}

function inWords(outcome: Outcome): Readonly<Record<string, unknown>> {
  const { because, ...step } = outcome.action
  const failure =
    outcome.kind === 'failed' ? { fault: outcome.fault, problem: outcome.problem, err: outcome.error } : {}
  return { step, because, outcome: outcome.kind, ...failure }
}
