import type { Call } from '../lib/call.ts'
import { limited } from '../lib/deadline.ts'
import { wait } from '../lib/wait.ts'
import { type ClusterKey, type ClusterUid, splitKey } from '../model/names.ts'
import { Suspicions } from './suspicions.ts'

const everyMs = 5_000
const sweepLimitMs = 60_000
/** Of one place's machines, so large a share may be ended at once where nobody saw their clusters' end. */
const share = 0.2

/** What one place holds for one owner. */
export interface Holding {
  readonly owner: ClusterUid
  readonly key: ClusterKey
  /** For people: ids of machines, names of Secrets, `address`. */
  readonly items: readonly string[]
  /** How many of them are machines that cost money. */
  readonly machines: number
}

/** Where things may be left behind: one scope of a cloud, or the operator's Secrets. */
export interface Place {
  readonly name: string
  /** The newest complete look, or undefined before the first. */
  look(): Look | undefined
  /** Asks for the end of what it holds for these owners. Called again until they hold nothing. */
  clear(holdings: readonly Holding[], call: Call): Promise<void>
}

export interface Look {
  /** When the list began, in milliseconds of the sweeper's clock. */
  readonly startedAt: number
  readonly holdings: readonly Holding[]
}

export interface SweeperOptions {
  readonly places: () => readonly Place[]
  /** Whether a watch shows a cluster of this UID: cheap, and only a reason not to look closer. */
  readonly isKnown: (owner: ClusterUid) => boolean
  readonly isServed: (namespace: string) => boolean
  /** The UIDs of all clusters there are, by a consistent read begun now. Throws where anything is in doubt. */
  readonly living: (call: Call) => Promise<ReadonlySet<ClusterUid>>
  readonly report: (report: SweepReport) => void
  readonly now: () => number
  readonly mode: 'delete' | 'dry-run'
  /** How long what nobody saw the end of is only watched. */
  readonly graceMs: number
  /** So many machines may always be ended at once, whatever share of the place they are. */
  readonly limit: number
}

/** What came of one owner's things in one place. */
export interface SweepReport {
  readonly place: string
  readonly holding: Holding
  readonly outcome: 'found' | 'kept' | 'too-many' | 'ended' | 'failed'
  readonly isWitnessed: boolean
  readonly error?: unknown
}

interface Suspect {
  readonly at: Place
  readonly place: string
  readonly owner: ClusterUid
  readonly holding: Holding
  readonly listedAt: number
  /** Machines of the whole place. */
  readonly all: number
}

/**
 * Ends what no living cluster claims: the one way for a machine to end beside the passes. It believes nothing but
 * complete lists with a consistent list of clusters after each, twice, and anything in doubt is left alone.
 */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #suspicions = new Suspicions()
  #found: readonly Suspect[] = []
  /** Machines whose end was asked for although nobody saw their clusters' end, and when; by place. */
  readonly #ended = new Map<string, Map<string, number>>()

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  /** What is unclaimed at this moment, by place, whether or not it is certain yet. */
  get unclaimed(): ReadonlyMap<string, number> {
    const found = Map.groupBy(this.#found, ({ place }) => place)
    return new Map(
      [...found].map(([place, all]) => [place, sum(all.map(({ holding }) => holding.items.length))]),
    )
  }

  witness(owner: ClusterUid): void {
    this.#suspicions.witness(owner, this.#options.now())
  }

  async run(call: Call, onProblem: (error: unknown) => void): Promise<void> {
    while (!call.signal.aborted) {
      await limited(sweepLimitMs, call, limit => this.sweep(limit)).catch((error: unknown) => {
        if (!call.signal.aborted) onProblem(error)
      })
      await wait(everyMs, call).catch(() => undefined)
    }
  }

  /** One look at every place. Throws where the clusters cannot be listed: then nothing is done. */
  async sweep(call: Call): Promise<void> {
    const { now, living } = this.#options
    this.#found = this.#options.places().flatMap(place => this.#suspectsIn(place))
    this.#suspicions.keepOnly(this.#found, now())
    const worth = this.#found.filter(each => this.#suspicions.isWorthALook(each, each.listedAt))
    if (worth.length === 0) return
    const clusters = await living(call)
    for (const suspect of worth) {
      if (clusters.has(suspect.owner)) this.#suspicions.clear(suspect)
      else this.#confirm(suspect)
    }
    const isDue = (each: Suspect): boolean => this.#suspicions.isDue(each, this.#options.graceMs, now())
    for (const due of Map.groupBy(worth.filter(isDue), ({ at }) => at).values()) await this.#clear(due, call)
  }

  #suspectsIn(at: Place): readonly Suspect[] {
    const look = at.look()
    if (look === undefined) return []
    const { isKnown, isServed } = this.#options
    const all = sum(look.holdings.map(({ machines }) => machines))
    return look.holdings
      .filter(({ owner, key }) => !isKnown(owner) && isServed(splitKey(key).namespace))
      .map(holding => ({
        at,
        place: at.name,
        owner: holding.owner,
        holding,
        listedAt: look.startedAt,
        all,
      }))
  }

  #confirm(suspect: Suspect): void {
    this.#suspicions.confirm(suspect, suspect.listedAt, this.#options.now())
    if (this.#suspicions.isNews(suspect)) this.#tell(suspect, 'found')
  }

  /** Everything that is due in one place. */
  async #clear(due: readonly Suspect[], call: Call): Promise<void> {
    const [first] = due
    if (first === undefined) return
    const { mode } = this.#options
    const unwitnessed = due.filter(({ owner }) => !this.#suspicions.isWitnessed(owner))
    const isTooMuch = this.#isTooMuch(first)
    const kept = mode === 'dry-run' ? due : isTooMuch ? unwitnessed : []
    for (const suspect of kept) this.#tell(suspect, mode === 'dry-run' ? 'kept' : 'too-many')
    const ended = due.filter(suspect => !kept.includes(suspect))
    if (ended.length === 0) return
    try {
      await first.at.clear(
        ended.map(({ holding }) => holding),
        call,
      )
      for (const suspect of ended) this.#note(suspect)
    } catch (error) {
      for (const suspect of ended) this.#tell(suspect, 'failed', error)
    }
  }

  #note(suspect: Suspect): void {
    const { place, owner, holding } = suspect
    this.#suspicions.ending(suspect)
    if (!this.#suspicions.isWitnessed(owner) && holding.machines > 0) {
      const before = this.#ended.get(place) ?? new Map<string, number>()
      for (const item of holding.items) before.set(item, this.#options.now())
      this.#ended.set(place, before)
    }
    this.#tell(suspect, 'ended')
  }

  /**
   * Whether more is unclaimed in a place than a mishap of one cluster explains: all that is confirmed, due or not, and
   * what was ended in the time that a thing is watched, so that many which turn up one after the other count together.
   */
  #isTooMuch({ at, place, all }: Suspect): boolean {
    const { graceMs, limit, now } = this.#options
    const ended = this.#ended.get(place) ?? new Map<string, number>()
    for (const [item, since] of ended) if (now() - since > graceMs) ended.delete(item)
    const here = this.#found.filter(
      each =>
        each.at === at &&
        each.holding.machines > 0 &&
        this.#suspicions.isConfirmed(each) &&
        !this.#suspicions.isWitnessed(each.owner),
    )
    const machines = new Set([...ended.keys(), ...here.flatMap(({ holding }) => holding.items)])
    return machines.size > Math.max(limit, Math.floor(all * share))
  }

  #tell({ place, holding, owner }: Suspect, outcome: SweepReport['outcome'], error?: unknown): void {
    const isWitnessed = this.#suspicions.isWitnessed(owner)
    this.#options.report({ place, holding, outcome, isWitnessed, ...(error === undefined ? {} : { error }) })
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
