import type { Call } from '../lib/call.ts'
import type { Action } from '../model/action.ts'
import { groupNamed } from '../model/cluster.ts'
import { CloudError, type Fault } from '../model/faults.ts'
import type { World } from '../model/world.ts'
import { recordLaunches, sendLaunches, settleLaunches } from './launching.ts'
import type { Ledger } from './ledger.ts'
import { type Desk, type Records, type Seen, StaleWrite, UnclearWrite } from './ports.ts'
import { renewMachines } from './renewing.ts'
import { subjectOf } from './subject.ts'

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
  /** Records that the cloud has answered, or that are accounted for: they are written with the status of this pass. */
  held?: Records
  /** A launch has another offering to try: there is nothing to wait for once that is written. */
  goesOn?: true
  readonly world: World
  readonly ledger: Ledger
  readonly desk: Desk
}

type Step<T extends Action['type']> = Extract<Action, { type: T }>

type Performers = {
  readonly [T in Action['type']]: (
    step: Extract<Action, { type: T }>,
    bench: Bench,
    call: Call,
  ) => Promise<void>
}

const performers: Performers = {
  'stamp-ledger': async ({ seq }, bench, call) => {
    const { desk, seen } = bench
    // Records that nobody can read are worth nothing any more by the time that the ledger is found again.
    const isSpoilt = seen.launches === undefined
    bench.seen = isSpoilt
      ? await desk.hands.writeLaunches(seen, { launches: [], seq }, call)
      : await desk.hands.stampLedger(seen, seq, call)
    if (bench.held !== undefined) bench.held = { ...bench.held, seq }
  },
  enrol: async (_step, bench, call) => {
    bench.seen = await bench.desk.hands.enrol(bench.seen, call)
  },
  'hold-credentials': async ({ secret }, bench, call) => {
    bench.seen = await bench.desk.hands.holdCredentials(bench.seen, secret, call)
  },
  'drop-credentials': async ({ secrets }, bench, call) => {
    bench.seen = (await bench.desk.hands.dropCredentials(bench.seen, secrets, call)) ?? bench.seen
  },
  'issue-certificates': ({ because }, { desk, world }, call) =>
    desk.hands.issueCertificates(world.cluster, because, call),
  'rotate-certificates': ({ step }, { desk, world }, call) =>
    desk.hands.rotateCertificates(world.cluster, step, call),
  'renew-machine-certificates': renewMachines,
  'publish-service': ({ route }, { desk, world }, call) =>
    desk.hands.publishService(world.cluster, route, call),
  'remove-service': (_step, { desk, world }, call) => desk.hands.removeService(world.cluster, call),
  'reserve-address': async (_step, { desk, seen, world, ledger }, call) => {
    // Nothing is written ahead for an address: what is asked for must still be wanted.
    await desk.hands.confirm(seen, call)
    await reserving({ desk, ledger }, () => desk.hands.reserveAddress(world.cluster, letIn(world), call))
  },
  'move-address': async (_step, { desk, seen, world, ledger }, call) => {
    const { cluster, inventory } = world
    await desk.hands.confirm(seen, call)
    const insteadOf = inventory.kind === 'seen' ? inventory.address : undefined
    // Begun once in a pause: what becomes of it is gone on with by reserving, which makes no other move of it.
    ledger.moved(cluster.scheduler.name, desk.clock.now())
    await reserving({ desk, ledger }, () =>
      desk.hands.reserveAddress(cluster, { ...letIn(world), insteadOf }, call),
    )
  },
  'record-launches': recordLaunches,
  'send-launches': sendLaunches,
  'settle-launches': settleLaunches,
  'drain-workers': async ({ machines }, { desk, world, ledger }, call) => {
    await desk.hands.drain(world.cluster, machines, call)
    ledger.draining(machines, desk.clock.now())
  },
  'close-workers': async ({ machines }, { desk, world, ledger }, call) => {
    const closed = await desk.hands.close(world.cluster, machines, call)
    ledger.closing(machines, desk.clock.now())
    ledger.dismissed(closed)
  },
  terminate: async ({ machines }, { desk, seen, world, ledger }, call) => {
    await desk.hands.confirm(seen, call)
    await desk.hands.terminate(world.cluster, machines, call)
    ledger.terminated(machines, desk.clock.now())
  },
  'fall-asleep': async (_step, bench, call) => {
    const { desk, seen, world } = bench
    await desk.hands.confirmIdle(world.cluster, world.scheduler, call)
    bench.seen = await desk.hands.fallAsleep(seen, desk.clock.now(), call)
  },
  'wake-up': async (_step, bench, call) => {
    bench.seen = await bench.desk.hands.wakeUp(bench.seen, call)
  },
  'delete-cluster': async (_step, { desk, seen }, call) => {
    await desk.hands.confirm(seen, call)
    await desk.hands.deleteCluster(seen, call)
  },
  'give-up': giveUp,
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

/** An address is made in several calls: what is short, or too much, may be so in the middle of them. */
const isOfAll = (fault: Fault): boolean => fault === 'invalid' || fault === 'unauthorized'

const letIn = ({ admitted, viewers }: World) => ({ admitted, viewers })

/** Remembers that an address was asked for, for as long as one may come of it. */
async function reserving({ desk, ledger }: Pick<Bench, 'desk' | 'ledger'>, ask: () => Promise<unknown>) {
  const takeBack = ledger.reservation.begin(desk.clock.now())
  ledger.touchedCloud(desk.clock.now())
  try {
    await ask()
  } catch (error) {
    if (error instanceof CloudError && isOfAll(error.fault)) takeBack()
    throw error
  } finally {
    ledger.touchedCloud(desk.clock.now())
  }
}

/** Ends machines that never came up. What their consoles say goes into an event, since it goes with them. */
async function giveUp({ machines, group }: Step<'give-up'>, bench: Bench, call: Call): Promise<void> {
  const { desk, seen, world, ledger } = bench
  await desk.hands.confirm(seen, call)
  const [first] = machines
  const console = first === undefined ? '' : await desk.hands.console(world.cluster, first, call)
  await desk.hands.terminate(world.cluster, machines, call)
  const now = desk.clock.now()
  ledger.terminated(machines, now)
  const wanted = groupNamed(world.cluster, group)
  const problem = 'Dask did not come up on a machine in time: the event NotStarted has the end of its console'
  if (wanted !== undefined) ledger.pause(wanted, 'not-started', problem, now)
  const message =
    console === '' ? problem : `Dask did not come up in time. The machine's last words: ${console}`
  desk.hands.report(subjectOf(seen), { kind: 'Warning', reason: 'NotStarted', message })
}

/** Takes the steps in order. The one place where a failure becomes a value. */
export async function act(steps: readonly Action[], bench: Bench, call: Call): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const action of steps) {
    const outcome = await perform(action, bench, call)
    outcomes.push(outcome)
    const isDone = outcome.kind === 'done'
    bench.desk.log(isDone ? 'info' : 'warn', inWords(outcome), isDone ? 'step taken' : 'step not taken')
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
