import type { Call } from '../lib/call.ts'
import { CloudError } from '../model/faults.ts'
import type { Cloud, Listing } from './contract.ts'

type Member = Pick<Cloud, 'list'>

/**
 * Everybody who may list one scope. They take turns, so that each of their credentials is proved by itself; who is refused
 * is stood in for by the next.
 */
export class Members implements Member {
  /** Of clusters; the operator itself comes last, or nobody's credentials would be proved. */
  readonly #guests: Member[] = []
  #own: Member | undefined
  #turn = 0

  /** Of the operator's own ways the first stays. */
  join(member: Member, whose: 'own' | 'secret'): void {
    if (whose === 'own') this.#own ??= member
    else this.#guests.push(member)
  }

  leave(member: Member): void {
    const at = this.#guests.indexOf(member)
    if (at >= 0) this.#guests.splice(at, 1)
  }

  async list(call: Call): Promise<Listing> {
    let refusal: unknown = new CloudError('unauthorized', 'Nobody is left who may list the machines')
    for (const member of this.#inTurn()) {
      try {
        return await member.list(call)
      } catch (error) {
        if (!(error instanceof CloudError) || error.fault !== 'unauthorized') throw error
        refusal = error
      }
    }
    throw refusal
  }

  #inTurn(): readonly Member[] {
    const at = this.#guests.length === 0 ? 0 : this.#turn++ % this.#guests.length
    const guests = [...this.#guests.slice(at), ...this.#guests.slice(0, at)]
    return this.#own === undefined ? guests : [...guests, this.#own]
  }
}
