import { isThere, type Machine } from '../model/machine.ts'
import { type MachineId, type Role, workerName } from '../model/names.ts'
import type { BootTimes, DaskWorker, SchedulerView, World } from '../model/world.ts'

/**
 * What a launch goes through: its record is written after its cluster asked for it, the cloud accepts it, a list shows
 * the machine, it runs, its software is installed, Dask is up, and has joined.
 */
export type Stage = 'recorded' | 'accepted' | 'listed' | 'running' | 'installed' | 'up' | 'joined'

/** How long one stage took, from the end of the one before it; `installed` and `up` as the machine says, within `joined`. */
export interface StageTime {
  readonly role: Role
  readonly stage: Stage
  readonly seconds: number
}

/** A machine that this process launched and that has not come all the way yet. Times in milliseconds since the epoch. */
export interface Progress {
  readonly reached: 'accepted' | 'listed' | 'running'
  readonly at: number
  /** When the cloud accepted it. */
  readonly since: number
}

/** One machine that has joined, in seconds: `running` and `joined` from the cloud's yes on, the others from the stage before. */
export interface Journey {
  readonly running: number
  readonly installed?: number | undefined
  readonly up?: number | undefined
  readonly joined: number
}

export interface Advance {
  readonly under: ReadonlyMap<MachineId, Progress>
  readonly times: readonly StageTime[]
  readonly journeys: readonly Journey[]
}

/** Machines that were under way together and of which none is any more. */
export interface Arrival {
  readonly machines: number
  /** The longest of each stage. */
  readonly slowest: Journey
}

/** Machines on their way from the cloud's yes to Dask's joining, as far as this process launched them. */
export class Journeys {
  #under: ReadonlyMap<MachineId, Progress> = new Map()
  #arrival: Arrival | undefined

  begin(machines: readonly MachineId[], at: number): void {
    const under = machines.map(id => [id, { reached: 'accepted', at, since: at }] as const)
    this.#under = new Map([...this.#under, ...under])
  }

  /** Stages that have ended since this was last asked, and the arrival of all once nobody is under way. */
  look(world: World): { readonly times: readonly StageTime[]; readonly arrival: Arrival | undefined } {
    const { under, times, journeys } = advance(this.#under, world)
    this.#under = under
    this.#arrival = journeys.reduce(including, this.#arrival)
    const arrival = under.size === 0 ? this.#arrival : undefined
    if (arrival !== undefined) this.#arrival = undefined
    return { times, arrival }
  }
}

function including(before: Arrival | undefined, journey: Journey): Arrival {
  if (before === undefined) return { machines: 1, slowest: journey }
  const { machines, slowest } = before
  return {
    machines: machines + 1,
    slowest: {
      running: Math.max(slowest.running, journey.running),
      installed: slower(slowest.installed, journey.installed),
      up: slower(slowest.up, journey.up),
      joined: Math.max(slowest.joined, journey.joined),
    },
  }
}

const slower = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)

/** Compares what was known of launched machines with what is seen of them now. What has joined or gone is known no more. */
export function advance(
  before: ReadonlyMap<MachineId, Progress>,
  { inventory, scheduler, now }: Pick<World, 'inventory' | 'scheduler' | 'now'>,
): Advance {
  if (before.size === 0 || inventory.kind !== 'seen') return { under: before, times: [], journeys: [] }
  const listed = new Map(inventory.machines.map(machine => [machine.id, machine]))
  const workers = new Map(workersOf(scheduler).map(worker => [worker.name, worker]))
  const under = new Map<MachineId, Progress>()
  const times: StageTime[] = []
  const journeys: Journey[] = []
  for (const [id, progress] of before) {
    const machine = listed.get(id)
    if (machine === undefined) {
      if (!inventory.listed.has(id)) under.set(id, progress)
      continue
    }
    if (!isThere(machine)) continue
    const dask = machine.role === 'scheduler' ? answering(scheduler) : workers.get(workerName(id))
    const passed = stagesAfter(progress, stageOf(machine, dask !== undefined))
    times.push(...passed.map((stage, at) => timeOf(machine, stage, at === 0 ? now - progress.at : 0)))
    const reached = passed.at(-1) ?? progress.reached
    if (reached !== 'joined') {
      under.set(id, passed.length === 0 ? progress : { ...progress, reached, at: now })
      continue
    }
    times.push(...toldBy(machine, dask?.boot))
    journeys.push(journeyOf(progress, dask?.boot, now))
  }
  return { under, times, journeys }
}

const order = ['accepted', 'listed', 'running', 'joined'] as const
type Seen = (typeof order)[number]

/** Stages that one look shows together end together: all of the time was spent in the first of them. */
const stagesAfter = ({ reached }: Progress, seen: Seen): readonly Seen[] =>
  order.slice(order.indexOf(reached) + 1, order.indexOf(seen) + 1)

function stageOf({ state }: Machine, isUp: boolean): Seen {
  if (state.kind === 'starting') return 'listed'
  return isUp ? 'joined' : 'running'
}

const answering = (scheduler: SchedulerView) => (scheduler.kind === 'answering' ? scheduler : undefined)

const workersOf = (scheduler: SchedulerView): readonly DaskWorker[] => answering(scheduler)?.workers ?? []

const toldBy = (machine: Machine, boot: BootTimes | undefined): readonly StageTime[] =>
  boot === undefined
    ? []
    : [timeOf(machine, 'installed', boot.installed * 1000), timeOf(machine, 'up', boot.up * 1000)]

/** A machine that one look shows running and joined ran by then at the latest. */
const journeyOf = ({ reached, at, since }: Progress, boot: BootTimes | undefined, now: number): Journey => ({
  running: secondsOf((reached === 'running' ? at : now) - since),
  ...boot,
  joined: secondsOf(now - since),
})

const timeOf = ({ role }: Machine, stage: Stage, ms: number): StageTime => ({
  role,
  stage,
  seconds: secondsOf(ms),
})

const secondsOf = (ms: number): number => Math.max(0, ms) / 1000
