import type { Owner } from '../contract.ts'

/** Tags are looked through so often. */
const everyMs = 300_000
/** A launch is sent again within an hour at most: until then its tag says what came of it. */
const keepMs = 3_600_000

/** So many are taken away at once, each with a request of its own: the others wait for the next time, up to 600 an hour. */
const mostAtOnce = 50

/** A tag of ours, and whether anything has it. */
export interface SeenTag {
  readonly name: string
  readonly owner: Owner
  readonly isOfLaunch: boolean
  readonly isUsed: boolean
}

/** Which tags of ours are of no use any more: each launch leaves one behind, and DigitalOcean takes none away. */
export class Broom {
  readonly #now: () => number
  #lookedAt = -Infinity
  /** Since when tags of launches have been seen with nothing under them. */
  readonly #idle = new Map<string, number>()
  #owners: readonly Owner[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether it is time to look; whoever asks looks. */
  isDue(): boolean {
    if (this.#now() - this.#lookedAt < everyMs) return false
    this.#lookedAt = this.#now()
    return true
  }

  /** All tags of ours. Returns the names of those to take away. */
  meet(tags: readonly SeenTag[]): readonly string[] {
    this.#owners = tags.map(({ owner }) => owner)
    const idle = tags.filter(({ isOfLaunch, isUsed }) => isOfLaunch && !isUsed).map(({ name }) => name)
    for (const name of this.#idle.keys()) if (!idle.includes(name)) this.#idle.delete(name)
    for (const name of idle) this.#idle.set(name, this.#idle.get(name) ?? this.#now())
    const useless = idle.filter(name => this.#now() - (this.#idle.get(name) ?? Infinity) >= keepMs)
    return useless.slice(0, mostAtOnce)
  }

  /** Whose tags there are, as far as they were looked at. */
  get owners(): readonly Owner[] {
    return this.#owners
  }

  /** A tag of this owner's is about to be made. */
  note(owner: Owner): void {
    if (!this.#owners.some(({ uid }) => uid === owner.uid)) this.#owners = [...this.#owners, owner]
  }

  /** All of this owner's were taken away. */
  forget({ uid }: Pick<Owner, 'uid'>): void {
    this.#owners = this.#owners.filter(owner => owner.uid !== uid)
  }
}
