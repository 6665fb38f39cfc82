import { type Enrolment, type InventoryView, networkIn } from '../model/world.ts'

interface Sight {
  readonly inventory: InventoryView
  /** How the address is to be made, where its cloud has a word for that. */
  readonly wanted: string | undefined
}

/**
 * Whether an address may be on its way of which nobody has heard: nothing is written ahead for it, its answer may be lost,
 * and lists may show it late.
 */
export class Reservation {
  #since: number | undefined
  #hasMet = false

  /** Since when one may be, or undefined where none can. */
  get since(): number | undefined {
    return this.#since
  }

  /** Before one is asked for. What comes back takes that back, for where it was refused for certain. */
  begin(now: number): () => void {
    const before = this.#since
    this.#since = now
    return () => {
      this.#since = before
    }
  }

  /** A cluster that this process meets enrolled and without a launch may have been left in the middle of asking. */
  meet(enrolment: Enrolment, { inventory, wanted }: Sight, now: number): void {
    if (!this.#hasMet && enrolment.kind === 'enrolled' && enrolment.seq === 0) this.#since = now
    this.#hasMet = true
    const made = inventory.kind === 'seen' ? networkIn(inventory) : undefined
    if (this.#since === undefined || inventory.kind !== 'seen' || made === undefined) return
    const { network } = made
    const isWhole = network === undefined || wanted === undefined || network === wanted
    if (isWhole && inventory.startedAt > this.#since) this.#since = undefined
  }
}
