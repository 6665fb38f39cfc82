import type { Call } from '../lib/call.ts'
import { CloudError } from '../model/faults.ts'
import type { ClusterUid, MachineId } from '../model/names.ts'
import type { Cloud, Listing } from './contract.ts'

type Member = Pick<Cloud, 'list' | 'terminate' | 'releaseAddress'>

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

  /** So many are there. */
  get size(): number {
    return this.#guests.length + (this.#own === undefined ? 0 : 1)
  }

  list(call: Call): Promise<Listing> {
    return this.#any(this.#inTurn(), member => member.list(call))
  }

  /** What is left behind is ended by the operator itself where it can. */
  terminate(machines: readonly MachineId[], call: Call): Promise<void> {
    return this.#any(this.#ownFirst(), member => member.terminate(machines, call))
  }

  releaseAddress(owner: ClusterUid, call: Call): Promise<void> {
    return this.#any(this.#ownFirst(), member => member.releaseAddress(owner, call))
  }

  async #any<T>(members: readonly Member[], ask: (member: Member) => Promise<T>): Promise<T> {
    let refusal: unknown = new CloudError('unauthorized', 'Nobody is left who may list the machines')
    for (const member of members) {
      try {
        return await ask(member)
      } catch (error) {
        if (!(error instanceof CloudError) || error.fault !== 'unauthorized') throw error
        refusal = error
      }
    }
    throw refusal
  }

  #ownFirst(): readonly Member[] {
    return this.#own === undefined ? this.#guests : [this.#own, ...this.#guests]
  }

  #inTurn(): readonly Member[] {
    const at = this.#guests.length === 0 ? 0 : this.#turn++ % this.#guests.length
    const guests = [...this.#guests.slice(at), ...this.#guests.slice(0, at)]
    return this.#own === undefined ? guests : [...guests, this.#own]
  }
}
