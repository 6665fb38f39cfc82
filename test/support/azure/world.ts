import { randomUUID } from 'node:crypto'
import { isRecord } from '../../../src/lib/parse.ts'
import { ArmFailure } from './failure.ts'

/** How long things take in this world, in milliseconds. */
export interface Tempo {
  /** Until an operation that makes or changes something has ended. */
  readonly makeMs: number
  /** Until a machine runs, from when it was asked for. */
  readonly bootMs: number
  readonly deleteMs: number
  /** For so long lists show what was, and not what is. */
  readonly lagMs: number
}

export const calm: Tempo = { makeMs: 0, bootMs: 50, deleteMs: 50, lagMs: 0 }

export type Json = Readonly<Record<string, unknown>>

/** A resource as Resource Manager tells it, with `properties` that change. */
export interface Resource {
  /** As it was made: compared in lower case. */
  readonly id: string
  readonly group: string
  readonly type: string
  readonly name: string
  body: { location?: string; tags?: Record<string, string>; zones?: string[] } & Json
  properties: Record<string, unknown>
  readonly bornAt: number
  goneAt: number | undefined
  /** Codes of an instance view, of machines. */
  states: string[]
  /** Custom data, of machines: taken, and never told. */
  customData: string
}

export interface Operation {
  readonly id: string
  status: 'InProgress' | 'Succeeded' | 'Failed'
  error: { readonly code: string; readonly message: string } | undefined
}

/** Who may do what. */
export interface Principal {
  readonly objectId: string
  readonly tenantId: string
  readonly clientId: string
  readonly secrets: Set<string>
  /** RBAC actions in lower case; undefined for all. */
  actions: ReadonlySet<string> | undefined
}

interface Event {
  readonly at: number
  readonly happen: () => void
}

/** Text that was sent; none where it is something else. */
export const word = (value: unknown): string => (typeof value === 'string' ? value : '')

export const lower = (text: unknown): string => word(text).toLowerCase()

/** Members of an object that was sent; none where there is no such object. */
export const members = (value: unknown): Json => (isRecord(value) ? value : {})

export const listIn = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(members) : [])

/** One subscription: what is in it, and what is about to happen. Time is asked for, never waited for. */
export class AzureWorld {
  readonly subscriptionId = '0f8fad5b-d9cb-469f-a165-70867728950e'
  readonly tempo: Tempo
  readonly now: () => number
  readonly principals: Principal[] = []
  /** Tokens that were given, and until when they are good. */
  readonly tokens = new Map<string, { readonly principal: Principal; readonly until: number }>()
  readonly operations = new Map<string, Operation>()
  /** How many more machines there may be of a kind, `size zone|any Spot|OnDemand`; as many as wanted where it is not said. */
  readonly stock = new Map<string, number>()
  /** Resource groups in which a machine is refused after its parts were made, for so many more machines. */
  readonly halfMade = new Map<string, number>()
  /** Resource groups whose machines are said to be made, and are not there. */
  readonly forgetful = new Set<string>()
  /** Names of what lists show although it is gone. */
  readonly lingering = new Set<string>()
  /** Names of what lists do not show. */
  readonly hidden = new Set<string>()
  /** An address in a subnet; of the subnet's own unless it is said otherwise. */
  privateIp: (prefix: string, number: number) => string = (prefix, number) => `${prefix}.${number}`
  /** Machines that the subscription's quota of cores allows. */
  quota = Infinity
  /** Whether an OS disk has the tags of its machine. */
  disksHaveTags = false
  readonly #resources: Resource[] = []
  readonly #events: Event[] = []
  #addresses = 10

  constructor(tempo: Tempo, now: () => number) {
    this.tempo = tempo
    this.now = now
  }

  /** Makes what is due happen. */
  settle(): void {
    for (;;) {
      const [next] = this.#events.toSorted((a, b) => a.at - b.at)
      if (next === undefined || next.at > this.now()) return
      this.#events.splice(this.#events.indexOf(next), 1)
      next.happen()
    }
  }

  after(ms: number, happen: () => void): void {
    this.#events.push({ at: this.now() + ms, happen })
    this.settle()
  }

  idOf(group: string, type: string, name: string): string {
    const at = `/subscriptions/${this.subscriptionId}/resourceGroups/${group}`
    return type === 'resourceGroups' ? at : `${at}/providers/${type}/${name}`
  }

  add(group: string, type: string, name: string, body: Json): Resource {
    const made: Resource = {
      id: this.idOf(group, type, name),
      group,
      type,
      name,
      body,
      properties: { ...members(body['properties']) },
      bornAt: this.now(),
      goneAt: undefined,
      states: [],
      customData: '',
    }
    this.#resources.push(made)
    return made
  }

  remove(resource: Resource): void {
    resource.goneAt = this.now()
  }

  /** All of a type that are there, or of all types. */
  there(type?: string): readonly Resource[] {
    this.settle()
    return this.#resources.filter(
      each => each.goneAt === undefined && (type === undefined || lower(each.type) === lower(type)),
    )
  }

  /** As lists show it, which may be late. */
  listed(type: string): readonly Resource[] {
    this.settle()
    const at = this.now() - this.tempo.lagMs
    return this.#resources.filter(
      each =>
        lower(each.type) === lower(type) &&
        each.bornAt <= at &&
        ((each.goneAt ?? Infinity) > at || this.lingering.has(each.name)) &&
        !this.hidden.has(each.name),
    )
  }

  find(id: string): Resource | undefined {
    return this.there().find(each => lower(each.id) === lower(id))
  }

  get(id: string): Resource {
    const found = this.find(id)
    if (found === undefined)
      throw new ArmFailure(404, 'ResourceNotFound', `The Resource '${id}' was not found.`)
    return found
  }

  begin(ms: number, end: () => Operation['error']): Operation {
    const operation: Operation = { id: randomUUID(), status: 'InProgress', error: undefined }
    this.operations.set(operation.id, operation)
    this.after(ms, () => {
      operation.error = end()
      operation.status = operation.error === undefined ? 'Succeeded' : 'Failed'
    })
    return operation
  }

  /** A number that nothing else has: machines count on. */
  nextNumber(): number {
    this.#addresses += 1
    return this.#addresses
  }
}
