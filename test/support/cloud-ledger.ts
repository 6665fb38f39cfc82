import { fileJournal, type Mark } from '../../src/clouds/simulated/journal.ts'
import type { SimulatedMachine } from '../../src/clouds/simulated/world.ts'
import type { MachineId, Role } from '../../src/model/names.ts'

type AskedMark = Extract<Mark, { kind: 'asked' }>

/** What happened in a simulated cloud, read from its file beside whoever uses the cloud. */
export class CloudLedger {
  readonly #journal: ReturnType<typeof fileJournal>
  readonly #marks: Mark[] = []

  constructor(file: string) {
    this.#journal = fileJournal(file)
  }

  get marks(): readonly Mark[] {
    this.#marks.push(...this.#journal.news())
    return this.#marks
  }

  /** Every machine that a cluster ever had. */
  launched(uid: string, role?: Role): readonly SimulatedMachine[] {
    return this.marks
      .flatMap(mark => (mark.kind === 'launched' ? mark.machines : []))
      .filter(({ tags }) => tags.uid === uid && (role === undefined || tags.role === role))
  }

  alive(uid: string, role?: Role): readonly SimulatedMachine[] {
    const ended = new Set(this.marks.flatMap(mark => (mark.kind === 'ended' ? mark.machines : [])))
    return this.launched(uid, role).filter(({ id }) => !ended.has(id))
  }

  /** What still costs money, whosever it is: machines and addresses. */
  get left(): readonly string[] {
    const left = new Set<string>()
    for (const mark of this.marks) {
      if (mark.kind === 'launched') for (const { id } of mark.machines) left.add(id)
      if (mark.kind === 'ended') for (const id of mark.machines) left.delete(id)
      if (mark.kind === 'reserved') left.add(mark.uid)
      if (mark.kind === 'released') left.delete(mark.uid)
    }
    return [...left]
  }

  /** The most machines of a role that a cluster had at any moment, or at any after so many marks. */
  mostAtOnce(uid: string, role: Role, after = 0): number {
    const ours = new Set(this.launched(uid, role).map(({ id }) => id))
    let [now, most] = [0, 0]
    for (const [index, mark] of this.marks.entries()) {
      if (mark.kind === 'launched') now += mark.machines.filter(({ id }) => ours.has(id)).length
      if (mark.kind === 'ended') now -= mark.machines.filter(id => ours.has(id)).length
      if (index >= after) most = Math.max(most, now)
    }
    return most
  }

  /** The fewest workers that served at any moment since `from`: those that had joined and were neither asked to drain nor ended. */
  fewestServing(uid: string, from: number): number {
    const workers = this.launched(uid, 'worker')
    const leftAt = new Map<string, number>()
    for (const mark of this.marks) {
      const isLeaving = mark.kind === 'ended' || (mark.kind === 'asked' && mark.call === 'drain')
      for (const id of isLeaving ? (mark.machines ?? []) : []) if (!leftAt.has(id)) leftAt.set(id, mark.at)
    }
    const servingAt = (at: number): number =>
      workers.filter(({ id, joinedAt = Infinity }) => joinedAt <= at && at < (leftAt.get(id) ?? Infinity))
        .length
    const moments = [from, ...leftAt.values()].filter(at => at >= from)
    return Math.min(...moments.map(servingAt))
  }

  /** Calls that would change something, as they began: of one process, from a moment on. */
  asked({ by, from = 0 }: { readonly by?: number; readonly from?: number } = {}): readonly AskedMark[] {
    return this.marks
      .filter(mark => mark.kind === 'asked')
      .filter(mark => mark.at >= from && (by === undefined || mark.by === by))
  }

  /** Ends machines as somebody else would, past the operator. */
  end(machines: readonly MachineId[]): void {
    this.#journal.write({ kind: 'ended', at: Date.now(), machines })
  }
}
