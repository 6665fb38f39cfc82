import { isAlive, type Machine } from '../model/machine.ts'
import type { MachineId } from '../model/names.ts'

/** As many machines do not vanish at once without a word, unless the list that shows none of them is wrong. */
const fewest = 5
const share = 0.2
/** Lists that agree for so long are believed all the same. */
const agreeMs = 60_000
const rememberMs = 600_000

/** What a complete list says beside its machines: when it began, and whose end was asked for before. */
export interface Listed {
  readonly machines: readonly Machine[]
  readonly startedAt: number
}

/**
 * Machines of one scope that many lists have shown and that are missing all at once: neither ended nor asked to end.
 * They count as they were last seen until a list shows them again, or lists have agreed for a minute that they are gone.
 */
export class Absence {
  #alive: ReadonlyMap<MachineId, Machine> = new Map()
  /** Machines in doubt, each with the list that missed it first. */
  #missing: ReadonlyMap<MachineId, Missed> = new Map()
  readonly #expected = new Map<MachineId, number>()

  /** The machines that are missing in doubt, as they were last seen. */
  get missing(): readonly Machine[] {
    return [...this.#missing.values()].map(({ machine }) => machine)
  }

  /** Their end was asked for: to miss them is no surprise. */
  expect(machines: readonly MachineId[], now: number): void {
    for (const id of machines) this.#expected.set(id, now)
  }

  meet({ machines, startedAt }: Listed): void {
    const shown = new Set(machines.map(({ id }) => id))
    const seen = [...this.#alive].map(([id, machine]) => [id, { machine, since: startedAt }] as const)
    const before = new Map<MachineId, Missed>([...seen, ...this.#missing])
    const missing = [...before].filter(
      ([id, { since }]) => !shown.has(id) && !this.#expected.has(id) && startedAt - since < agreeMs,
    )
    this.#missing = new Map(isMass(missing.length, before.size) ? missing : [])
    this.#alive = new Map(machines.filter(isAlive).map(machine => [machine.id, machine]))
    for (const [id, at] of this.#expected) if (startedAt - at > rememberMs) this.#expected.delete(id)
  }
}

interface Missed {
  readonly machine: Machine
  readonly since: number
}

/** More than a fifth and at least five; or all, where there was more than one. */
const isMass = (missing: number, before: number): boolean =>
  (missing >= fewest && missing > before * share) || (missing > 1 && missing === before)
