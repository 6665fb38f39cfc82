import type { Group } from '../model/cluster.ts'
import type { Fault } from '../model/faults.ts'
import type { Launch, LaunchState } from '../model/launch.ts'
import { isAlive, isThere, type Machine } from '../model/machine.ts'
import { type LaunchId, type MachineId, workerName } from '../model/names.ts'
import type { Renewal, RenewalMemory } from '../model/renewal.ts'
import type { InventoryView, LaunchMemory, Memory, SchedulerView, Verdict } from '../model/world.ts'
import { Casualties } from './casualties.ts'
import { Pauses } from './pauses.ts'
import { Reservation } from './reservation.ts'
import { Journeys } from './stages.ts'

/**
 * What this process did to one cluster and saw of it lately. It is lost with the process, so a plan may only be more
 * patient for it, never bolder.
 */
export class Ledger {
  readonly #since: number
  #lastCloudWrite = -Infinity
  #lostSince: number | undefined
  #seq = 0
  /** When status was last written, for counts that may wait. */
  lastPublished = -Infinity
  readonly #terminated = new Map<MachineId, number>()
  readonly #dismissed = new Set<MachineId>()
  readonly #draining = new Map<MachineId, number>()
  readonly #closing = new Map<MachineId, number>()
  readonly #unjoined = new Map<MachineId, number>()
  /** Machines on which Dask has come up. */
  readonly #up = new Set<MachineId>()
  readonly #told = new Set<string>()
  #lastSteps = ''
  #silentSince: number | undefined
  #idle: { readonly mark: string; readonly since: number } | undefined
  #busySince: number | undefined
  readonly journeys = new Journeys()
  readonly reservation = new Reservation()
  readonly casualties = new Casualties()
  readonly #launches = new Map<LaunchId, LaunchMemory>()
  /** What the cloud answered, until it is written down. */
  readonly #answers = new Map<LaunchId, LaunchState>()
  readonly #pauses = new Pauses()
  readonly #renewals = new Map<MachineId, RenewalMemory>()

  constructor(now: number) {
    this.#since = now
  }

  snapshot(): Memory {
    return {
      since: this.#since,
      terminated: new Map(this.#terminated),
      dismissed: new Set(this.#dismissed),
      draining: new Map(this.#draining),
      closing: new Map(this.#closing),
      silentSince: this.#silentSince,
      idleSince: this.#idle?.since,
      unjoined: new Map(this.#unjoined),
      launches: new Map(this.#launches),
      pauses: this.#pauses.snapshot(),
      renewals: new Map(this.#renewals),
      seq: this.#seq,
      lastCloudWrite: this.#lastCloudWrite,
      reservingSince: this.reservation.since,
    }
  }

  /** Since when this process knows that the written ledger is lost. */
  lostSince(now: number): number {
    this.#lostSince ??= now
    return this.#lostSince
  }

  /** The highest number this process has seen written: one lower in status means that it was put back. */
  meetSeq(seq: number): number {
    this.#seq = Math.max(this.#seq, seq)
    return this.#seq
  }

  found(): void {
    this.#lostSince = undefined
  }

  /** Records this process did not write may have been sent by another: their quiet begins now. */
  meetLaunches(launches: readonly Launch[], now: number): void {
    for (const { id } of launches) {
      if (!this.#launches.has(id)) this.#launches.set(id, { quietSince: now, verdict: 'unclear' })
    }
    const known = new Set(launches.map(({ id }) => id))
    for (const id of this.#launches.keys()) if (!known.has(id)) this.#launches.delete(id)
    for (const id of this.#answers.keys()) if (!known.has(id)) this.#answers.delete(id)
  }

  /** Forgets what is gone, and notes since when a running machine's worker is missing at an answering scheduler. */
  meetMachines(inventory: InventoryView, scheduler: SchedulerView, horizonMs: number, now: number): void {
    if (inventory.kind !== 'seen') return
    const there = new Map(inventory.machines.filter(isThere).map(machine => [machine.id, machine]))
    for (const kept of [this.#terminated, this.#dismissed, this.#draining, this.#closing, this.#unjoined]) {
      for (const id of kept.keys()) if (!there.has(id) && inventory.listed.has(id)) kept.delete(id)
    }
    for (const kept of [this.#up, this.#renewals])
      for (const id of kept.keys()) if (!there.has(id)) kept.delete(id)
    for (const [id, at] of this.#terminated) {
      const machine = there.get(id)
      // Asked to end and alive after all this time: it counts again. Never listed in all this time: it never was.
      if (now - at > horizonMs && (machine === undefined || isAlive(machine))) this.#terminated.delete(id)
    }
    this.#meetDask([...there.values()], scheduler, now)
  }

  /** Since when Dask is missing on each living machine, where somebody is there who would know. */
  #meetDask(machines: readonly Machine[], scheduler: SchedulerView, now: number): void {
    this.#silentSince = scheduler.kind === 'silent' ? (this.#silentSince ?? now) : undefined
    const workers = scheduler.kind === 'answering' ? scheduler.workers : []
    const joined = new Map(workers.map(worker => [worker.name, worker]))
    for (const machine of machines.filter(isAlive)) {
      const { id, role, group } = machine
      const worker = joined.get(workerName(id))
      const isUp = role === 'scheduler' ? scheduler.kind === 'answering' : worker !== undefined
      const isKnown = role === 'scheduler' || scheduler.kind === 'answering'
      if (isUp) this.#unjoined.delete(id)
      else if (isKnown && !this.#unjoined.has(id)) this.#unjoined.set(id, now)
      if (isUp && !this.#up.has(id)) {
        this.#up.add(id)
        this.#pauses.cameUp(group)
      }
      if (worker?.status.startsWith('clos') === true && !this.#draining.has(id)) this.#draining.set(id, now)
    }
  }

  /** `mark` stands for one idleness, and is undefined while there is none: it is counted by our own clock, from our own first sight of it. */
  meetIdleness(mark: string | undefined, now: number): void {
    if (mark === undefined) this.#idle = undefined
    else if (this.#idle?.mark !== mark) this.#idle = { mark, since: now }
  }

  planned({ length }: readonly unknown[], now: number): void {
    this.#busySince = length === 0 ? undefined : (this.#busySince ?? now)
  }

  /** Since when there has been something to do, pass after pass. */
  get busySince(): number | undefined {
    return this.#busySince
  }

  recorded(id: LaunchId, now: number): void {
    this.#launches.set(id, { quietSince: now, verdict: 'unsent' })
  }

  /** Before a launch is sent: whatever happens to this process now, the cloud may have heard of it. */
  sending(id: LaunchId, now: number): void {
    this.#launches.set(id, { quietSince: now, verdict: 'unclear' })
    this.#lastCloudWrite = now
  }

  verdict(id: LaunchId): Verdict {
    return this.#launches.get(id)?.verdict ?? 'unclear'
  }

  /** A launch that turned out to be unfit to send; the cloud heard nothing of it now. */
  judged(id: LaunchId, verdict: Verdict): void {
    const quietSince = this.#launches.get(id)?.quietSince ?? this.#since
    this.#launches.set(id, { quietSince, verdict })
  }

  heard(id: LaunchId, verdict: Verdict, now: number): void {
    this.#launches.set(id, { quietSince: now, verdict })
    this.#lastCloudWrite = now
  }

  answered(id: LaunchId, state: LaunchState): void {
    this.#answers.set(id, state)
  }

  /** Where it is known, the cloud need not be asked again because a write of it was lost. */
  answerTo(id: LaunchId): LaunchState | undefined {
    return this.#answers.get(id)
  }

  terminated(machines: readonly MachineId[], now: number): void {
    for (const id of machines) this.#terminated.set(id, now)
    this.#lastCloudWrite = now
  }

  touchedCloud(now: number): void {
    this.#lastCloudWrite = now
  }

  draining(machines: readonly MachineId[], now: number): void {
    for (const id of machines) if (!this.#draining.has(id)) this.#draining.set(id, now)
  }

  closing(machines: readonly MachineId[], now: number): void {
    for (const id of machines) if (!this.#closing.has(id)) this.#closing.set(id, now)
  }

  dismissed(machines: readonly MachineId[]): void {
    for (const id of machines) this.#dismissed.add(id)
  }

  pause(group: Pick<Group, 'name' | 'fingerprint'>, fault: Fault, problem: string, now: number): void {
    this.#pauses.begin(group, { fault, problem }, now)
  }

  /** What was refused to other credentials is not refused to these. */
  meetCredentials(version: string): void {
    this.#pauses.meetCredentials(version)
  }

  /** A launch was answered. What failed to come up before rests as long as it has not come up. */
  resume(group: string): void {
    this.#pauses.answered(group)
  }

  /** What became of giving a machine new certificates, which held `before` until then. */
  renewed(id: MachineId, outcome: Renewal, before: string, now: number): void {
    const last = this.#renewals.get(id)
    const isDone = outcome.kind === 'done'
    const wasVain = last?.isDone === true && last.before === before
    const failures = isDone && !wasVain ? 0 : (last?.failures ?? 0) + 1
    const hindrance = outcome.kind === 'unable' ? outcome.problem : undefined
    this.#renewals.set(id, { at: now, failures, isDone, hindrance, before })
  }

  /** The scheduler's address is elsewhere now. */
  moved(group: string, now: number): void {
    this.#pauses.moved(group)
    this.#lastCloudWrite = now
  }

  /** Whether these are the steps of the pass before. */
  repeats(steps: string): boolean {
    const isSame = steps === this.#lastSteps
    this.#lastSteps = steps
    return isSame
  }

  /** Whether this is said for the first time. */
  isNewsOnce(word: string): boolean {
    const isNews = !this.#told.has(word)
    this.#told.add(word)
    return isNews
  }
}
