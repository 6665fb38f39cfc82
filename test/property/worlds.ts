import { memoryJournal } from '../../src/clouds/simulated/journal.ts'
import { type Script, SimulatedCloud } from '../../src/clouds/simulated/provider.ts'
import { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import type { Fault } from '../../src/model/faults.ts'
import { type Random, seeded } from '../support/random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { change } from './changes.ts'
import { decoys } from './decoys.ts'
import { Judge } from './judge.ts'
import { type ApiTrouble, OperatorProcess, type Surroundings } from './operator.ts'
import { ourInstallation, Store } from './store.ts'

/** What may go wrong in a world, and how often. */
export interface Kind {
  readonly name: string
  /** Lists lag up to so long behind a create. */
  readonly lagMs: number
  /** Shares of creates: refused; made and not answered; made a minute after they timed out. */
  readonly refused: number
  readonly lost: number
  readonly late: number
  readonly failedLists: number
  readonly api: ApiTrouble
  /** The share of awaits of a pass at which the process dies, at most `mostCrashes` times. */
  readonly crash: number
  readonly mostCrashes: number
  /** How many offerings a launch has, tried in turn where one is refused. One, unless said otherwise. */
  readonly offerings?: number
  /** Whether status is lost or put back to an old state now and then. */
  readonly statusIsLost: boolean
  /** Workers learn the scheduler's address from its machine. */
  readonly keepsNoAddress?: boolean
  /** Whether clusters are let go by force now and then, with all that they have. */
  readonly isForced?: boolean
}

export interface Ablation {
  readonly writesAhead: boolean
  readonly remembers: boolean
  readonly sweeps: boolean
  /** For a person who looks into one seed. */
  readonly trace?: (line: string) => void
}

const calm: ApiTrouble = { refused: 0, lost: 0, watchLagMs: 0 }
const quiet = {
  lagMs: 8_000,
  refused: 0.1,
  lost: 0,
  late: 0,
  failedLists: 0.05,
  api: calm,
  crash: 0,
  mostCrashes: 0,
}

export const kinds = {
  'lists that lag and creates that fail': { ...quiet, name: 'lag', statusIsLost: false },
  'answers that are lost and creates that come late': {
    ...quiet,
    name: 'late',
    lost: 0.1,
    late: 0.1,
    statusIsLost: false,
  },
  'an API server with troubles and a watch that lags': {
    ...quiet,
    name: 'api',
    api: { refused: 0.05, lost: 0.05, watchLagMs: 10_000 },
    statusIsLost: false,
  },
  'crashes at any await of a pass': {
    ...quiet,
    name: 'crash',
    lost: 0.05,
    late: 0.05,
    crash: 0.03,
    mostCrashes: 3,
    statusIsLost: false,
  },
  'status that is lost or put back': {
    ...quiet,
    name: 'status',
    lost: 0.05,
    crash: 0.01,
    mostCrashes: 2,
    statusIsLost: true,
  },
  'offerings that run out while status is lost or put back': {
    ...quiet,
    name: 'offerings',
    offerings: 3,
    refused: 0.4,
    lost: 0.05,
    crash: 0.01,
    mostCrashes: 2,
    statusIsLost: true,
  },
  'clusters that are let go by force': {
    ...quiet,
    name: 'forced',
    lost: 0.05,
    late: 0.05,
    api: { refused: 0.05, lost: 0.05, watchLagMs: 5_000 },
    crash: 0.01,
    mostCrashes: 3,
    statusIsLost: false,
    isForced: true,
  },
  'no address that is kept': {
    ...quiet,
    name: 'address',
    lost: 0.05,
    late: 0.05,
    crash: 0.01,
    mostCrashes: 2,
    statusIsLost: false,
    keepsNoAddress: true,
  },
} as const satisfies Record<string, Kind>

const horizonMs = 180_000
const troubledMs = 240_000
const calmMs = 1_800_000
const callMs = 10_000

/** Plays one world from its seed: a troubled time with a changing wish, then calm. Returns what went wrong, or nothing. */
export async function play(
  kind: Kind,
  seed: number,
  { writesAhead, remembers, sweeps, trace }: Ablation,
): Promise<readonly string[]> {
  const random = seeded(seed)
  const clock = new VirtualClock()
  const tempo = { lagMs: random.below(kind.lagMs + 1), startMs: 5_000, joinMs: 5_000, endMs: 8_000 }
  const world = new SimulatedWorld({ now: clock.now, tempo, journal: memoryJournal() })
  const end = clock.now() + troubledMs
  const isTroubled = (): boolean => clock.now() < end
  const script = troubles(kind, random, isTroubled)
  const cloud = new SimulatedCloud({
    world,
    installation: ourInstallation,
    now: clock.now,
    wait: clock.wait,
    script,
    horizonMs,
    stableAddress: kind.keepsNoAddress !== true,
  })
  const store = new Store(clock.now)
  let crashes = 0
  const around: Surroundings = {
    clock,
    store,
    cloud,
    world,
    offerings: Array.from({ length: kind.offerings ?? 1 }, (_, at) => `size-${at}`),
    decoys: decoys(world),
    secrets: new Set(),
    services: new Set(),
    trace: trace && (line => trace(`${new Date(clock.now()).toISOString().slice(11)} ${line}`)),
    random,
    use: { isUsed: false, since: clock.now() },
    writesAhead,
    remembers,
    sweeps,
    get api() {
      return isTroubled() ? kind.api : calm
    },
    crashes: () => isTroubled() && crashes < kind.mostCrashes && random.chance(kind.crash) && ++crashes > 0,
  }
  const { secrets, decoys: strangers, use } = around
  const isForced = kind.isForced === true
  const judge = new Judge({ isForced, world, store, clock, secrets, decoys: strangers, use })
  await live(around, judge, { kind, end })
  return judge.verdict()
}

interface Course {
  readonly kind: Kind
  readonly end: number
}

/** The user's changes and the operator's passes, in the order that time gives them. */
async function live(around: Surroundings, judge: Judge, { kind, end }: Course): Promise<void> {
  const { clock, random } = around
  let operator = new OperatorProcess(around)
  let nextChange = clock.now()
  const calmEnd = end + calmMs
  for (let passes = 0; clock.now() < calmEnd && passes < 6_000; passes++) {
    if (clock.now() >= nextChange && clock.now() < end) {
      change(around, kind)
      nextChange = clock.now() + 1_000 + random.below(60_000)
    }
    const next = await clock.finish(
      operator.pass().catch((error: unknown) => judge.fail(operator.isDead ? undefined : error)),
    )
    if (next !== undefined) await clock.finish(operator.sweep())
    judge.look()
    if (operator.isDead) {
      operator = new OperatorProcess(around)
      clock.moveTo(clock.now() + random.below(20_000))
      continue
    }
    if (next === undefined) return judge.fail(new Error('a pass failed or waits for ever'))
    around.trace?.(JSON.stringify(next))
    const pauseMs = next.kind === 'again' ? next.afterMs : 1_000
    if (clock.now() >= end && judge.isCalm()) return
    const until =
      clock.now() < end
        ? Math.min(clock.now() + pauseMs, Math.max(nextChange, clock.now()))
        : clock.now() + pauseMs
    clock.moveTo(until)
  }
}

function troubles(kind: Kind, random: Random, isTroubled: () => boolean): Script {
  return name => {
    const delayMs = 50 + random.below(1_000)
    if (!isTroubled()) return { delayMs }
    const faults: readonly Fault[] = ['throttled', 'no-capacity', 'quota']
    if (name === 'list')
      return random.chance(kind.failedLists) ? { delayMs, refuse: 'unavailable' } : { delayMs }
    if (name !== 'launch')
      return random.chance(kind.refused) ? { delayMs, refuse: 'unavailable' } : { delayMs }
    if (random.chance(kind.refused)) return { delayMs, refuse: faults[random.below(3)] ?? 'quota' }
    if (random.chance(kind.lost)) return { delayMs: callMs, answer: 'lost' }
    if (random.chance(kind.late)) return { delayMs: callMs, lateMs: random.below(60_000) }
    return random.chance(0.1) ? { delayMs, atMost: 1 + random.below(3) } : { delayMs }
  }
}
