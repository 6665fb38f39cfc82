import type { Inventory } from '../clouds/inventory.ts'
import { Members } from '../clouds/members.ts'
import { isThere } from '../model/machine.ts'
import type { ClusterUid, Scope } from '../model/names.ts'
import type { Connection } from './connections.ts'

/** One scope's list and who may make it. `own` is how the operator itself gets there, where it may. */
interface Room {
  readonly members: Members
  readonly inventory: Inventory
  own?: Connection
}

export interface Reached extends Pick<Room, 'members' | 'inventory'> {
  readonly scope: Scope
}

/** The scopes that were ever connected, each with one list for as long as the process lives. */
export class Rooms {
  readonly #rooms = new Map<Scope, Room>()
  readonly #open: (cloud: Connection['cloud'], members: Members) => Inventory

  /** `open` makes the list of a scope, which is first made after the first member has joined. */
  constructor(open: (cloud: Connection['cloud'], members: Members) => Inventory) {
    this.#open = open
  }

  /** What somebody is there for who may list it, and end what is left behind. */
  get reached(): readonly Reached[] {
    return [...this.#rooms].flatMap(([name, { members, inventory }]) =>
      members.size === 0 ? [] : [{ scope: name, members, inventory }],
    )
  }

  join(cloud: Connection['cloud'], whose: 'own' | 'secret'): Connection {
    const room = this.#rooms.get(cloud.scope) ?? this.#build(cloud)
    room.members.join(cloud, whose)
    const connection = { cloud, inventory: room.inventory, schedulers: cloud.schedulers }
    if (whose === 'own') room.own ??= connection
    return connection
  }

  leave({ cloud }: Pick<Connection, 'cloud'>): void {
    this.#rooms.get(cloud.scope)?.members.leave(cloud)
  }

  /** Whether it is the one that the sweeper looks through, which stays where nobody else uses it. */
  keeps({ cloud }: Pick<Connection, 'cloud'>): boolean {
    return this.#rooms.get(cloud.scope)?.own?.cloud === cloud
  }

  forget(owner: ClusterUid): void {
    for (const { inventory } of this.#rooms.values()) inventory.forget(owner)
  }

  /** Machines by cloud and state, for the metrics; `stranger` for those with our tags that are not ours. */
  counts(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return new Map([...this.#rooms].map(([scope, { inventory }]) => [scope, countsOf(inventory.newest)]))
  }

  #build(cloud: Connection['cloud']): Room {
    const members = new Members()
    const room = { members, inventory: this.#open(cloud, members) }
    this.#rooms.set(cloud.scope, room)
    return room
  }
}

function countsOf(newest: Inventory['newest']): ReadonlyMap<string, number> {
  const states = new Map<string, number>()
  for (const { state } of (newest?.machines ?? []).filter(isThere))
    states.set(state.kind, (states.get(state.kind) ?? 0) + 1)
  const strangers = newest?.strangers ?? 0
  if (strangers > 0) states.set('stranger', strangers)
  return states
}
