import type { Call } from '../lib/call.ts'
import { isAlike } from '../lib/equality.ts'
import { SingleFlight } from '../lib/single-flight.ts'
import { CloudError, type Fault } from '../model/faults.ts'
import { isThere, type Machine, type ReservedAddress, type ReservedNetwork } from '../model/machine.ts'
import type { ClusterUid, MachineId } from '../model/names.ts'
import type { InventoryView } from '../model/world.ts'
import { Absence } from './absence.ts'
import type { Cloud, Listing } from './contract.ts'

/** A list that is older than so many of its own periods, and could not be renewed, is no look any more. */
const staleAfterMs = 15_000
const rememberMs = 3_600_000

interface CompleteList extends Listing {
  readonly startedAt: number
  readonly shares: ReadonlyMap<ClusterUid, Share>
}

/** One cluster's part of a list. */
interface Share {
  readonly machines: readonly Machine[]
  readonly address: ReservedAddress | undefined
  readonly network: ReservedNetwork | undefined
}

/**
 * One cloud scope's machines, shared by all its clusters. Keeps the last two complete lists: what is missing from one
 * is doubtful and still shown, what is missing from both is gone, unless many are missing at once. A list that failed
 * is never an empty one.
 */
export class Inventory {
  readonly #cloud: Pick<Cloud, 'list'>
  readonly #now: () => number
  readonly #onProblem: (error: unknown) => void
  readonly #flight = new SingleFlight<void>()
  readonly #paces = new Map<ClusterUid, 'busy' | 'resting'>()
  /** Every machine that a list has shown in the last hour, and when it last did. */
  readonly #listed = new Map<ClusterUid, Map<MachineId, number>>()
  readonly #absence = new Absence()
  #newest: CompleteList | undefined
  #previous: CompleteList | undefined
  #failure: { readonly fault: Fault; readonly problem: string } | undefined

  constructor(
    cloud: Pick<Cloud, 'list'>,
    now: () => number,
    onProblem: (error: unknown) => void = () => undefined,
  ) {
    this.#cloud = cloud
    this.#now = now
    this.#onProblem = onProblem
  }

  /** What the last two complete lists say of one cluster. */
  view(owner: ClusterUid): InventoryView {
    const newest = this.#newest
    if (newest === undefined) return { kind: 'silent', ...(this.#failure ?? notYet) }
    if (this.#failure !== undefined && this.#now() - newest.startedAt > staleAfterMs) {
      return { kind: 'silent', ...this.#failure }
    }
    const missing = this.#absence.missing.filter(machine => machine.owner === owner)
    return {
      kind: 'seen',
      machines: merged(
        missing,
        this.#previous?.shares.get(owner)?.machines,
        newest.shares.get(owner)?.machines,
      ),
      missing: missing.length,
      listed: new Set(this.#listed.get(owner)?.keys()),
      address: newest.shares.get(owner)?.address ?? this.#previous?.shares.get(owner)?.address,
      network: newest.shares.get(owner)?.network ?? this.#previous?.shares.get(owner)?.network,
      remains: [newest, this.#previous].some(list => list?.remains?.some(({ uid }) => uid === owner)),
      startedAt: newest.startedAt,
      previousStartedAt: this.#previous?.startedAt ?? -Infinity,
    }
  }

  /**
   * Those of the machines that no list has shown as another cluster's. A cluster's records are what status says, and whoever may
   * write there must not choose among the machines of others.
   */
  withoutOthers(owner: ClusterUid, machines: readonly MachineId[]): readonly MachineId[] {
    const others = [...this.#listed].filter(([uid]) => uid !== owner)
    return machines.filter(id => !others.some(([, known]) => known.has(id)))
  }

  /** Their end was asked for, so that nobody is alarmed when lists show them no more. */
  expectEnd(machines: readonly MachineId[]): void {
    this.#absence.expect(machines, this.#now())
  }

  attend(owner: ClusterUid, pace: 'busy' | 'resting'): void {
    this.#paces.set(owner, pace)
  }

  forget(owner: ClusterUid): void {
    this.#paces.delete(owner)
    this.#listed.delete(owner)
  }

  /** `busy` while any cluster waits for news, `resting` while there is anything to watch, `idle` otherwise. */
  get pace(): 'busy' | 'resting' | 'idle' {
    const paces = [...this.#paces.values()]
    if (paces.includes('busy')) return 'busy'
    return paces.length > 0 || this.#holdsAnything() ? 'resting' : 'idle'
  }

  /** Every machine of the scope, for whoever counts or sweeps; undefined before the first complete list. */
  get newest(): CompleteList | undefined {
    return this.#newest
  }

  /** Lists once, joined by whoever asks meanwhile; returns the clusters whose machines or address changed. */
  async refresh(call: Call): Promise<ReadonlySet<ClusterUid>> {
    const before = this.#newest
    const failed = this.#failure !== undefined
    await this.#flight.run(() => this.#list(call))
    const after = this.#newest
    if (after === before || after === undefined) return new Set(failed ? [] : this.#paces.keys())
    return failed || before === undefined ? new Set(this.#paces.keys()) : changed(before, after)
  }

  /** Also what no cluster asks after any more: whoever sweeps waits for lists. */
  #holdsAnything(): boolean {
    const { machines = [], addresses = [], networks = [] } = this.#newest ?? {}
    return addresses.length + networks.length > 0 || machines.some(isThere)
  }

  async #list(call: Call): Promise<void> {
    const startedAt = this.#now()
    try {
      const listing = await this.#cloud.list(call)
      this.#previous = this.#newest
      this.#newest = { ...listing, startedAt, shares: sharesIn(listing) }
      this.#absence.meet(this.#newest)
      this.#failure = undefined
      this.#note(this.#newest)
    } catch (error) {
      const fault = error instanceof CloudError ? error.fault : 'bug'
      const problem = error instanceof CloudError ? error.message : 'the cloud could not be listed'
      // Whoever is refused for hours is told of it once.
      if (fault !== 'unauthorized' || this.#failure?.problem !== problem) this.#onProblem(error)
      this.#failure = { fault, problem }
    }
  }

  #note({ machines, startedAt }: CompleteList): void {
    for (const { owner, id } of machines) {
      const known = this.#listed.get(owner) ?? new Map<MachineId, number>()
      this.#listed.set(owner, known.set(id, startedAt))
    }
    for (const [owner, known] of this.#listed) {
      for (const [id, at] of known) if (startedAt - at > rememberMs) known.delete(id)
      if (known.size === 0) this.#listed.delete(owner)
    }
  }
}

const notYet = { fault: 'unavailable', problem: 'The cloud has not been listed yet', untried: true } as const

/** The last word on each machine. */
function merged(...looks: readonly (readonly Machine[] | undefined)[]): readonly Machine[] {
  const machines = looks.flatMap(look => look ?? [])
  return [...new Map(machines.map(machine => [machine.id, machine])).values()]
}

function changed(before: CompleteList, after: CompleteList): ReadonlySet<ClusterUid> {
  const owners = [...before.shares.keys(), ...after.shares.keys()]
  return new Set(owners.filter(owner => !isSameShare(before.shares.get(owner), after.shares.get(owner))))
}

function sharesIn({ machines, addresses, networks = [] }: Listing): ReadonlyMap<ClusterUid, Share> {
  const owners = Map.groupBy(machines, ({ owner }) => owner)
  for (const { owner } of [...addresses, ...networks]) if (!owners.has(owner)) owners.set(owner, [])
  const kept = new Map(addresses.map(address => [address.owner, address]))
  const made = new Map(networks.map(network => [network.owner, network]))
  return new Map(
    [...owners].map(([owner, own]) => [
      owner,
      { machines: own, address: kept.get(owner), network: made.get(owner) },
    ]),
  )
}

/** Whatever the order in which a cloud lists machines. */
function isSameShare(before: Share | undefined, after: Share | undefined): boolean {
  if (before === undefined || after === undefined) return before === after
  if (before.machines.length !== after.machines.length) return false
  const known = new Map(before.machines.map(machine => [machine.id, machine]))
  return (
    isAlike(before.address, after.address) &&
    isAlike(before.network, after.network) &&
    after.machines.every(machine => isAlike(known.get(machine.id), machine))
  )
}
