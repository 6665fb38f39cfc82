import { randomBytes, randomUUID } from 'node:crypto'
import { Buckets } from './buckets.ts'
import { type Catalog, usualCatalog } from './catalog.ts'

/** How fast the world moves and how late it tells of it, in milliseconds. */
export interface Tempo {
  readonly startMs: number
  readonly endMs: number
  /** A machine's own public address shows so late. */
  readonly addressMs: number
  /** A new machine is missing from lists, and unknown by its id, for so long. */
  readonly lagMs: number
  /** What is new of a network is missing from lists for so long. */
  readonly networkLagMs: number
}

export type Tags = ReadonlyMap<string, string>

export interface Thing {
  readonly seq: number
  readonly id: string
  readonly at: number
  tags: Tags
}

export interface Interface extends Thing {
  readonly subnet: Subnet
  readonly privateIp: string
  readonly mac: string
  groups: readonly string[]
  readonly token: string | undefined
  readonly description: string
  /** Undefined while no instance has it. */
  attached: { readonly instance: string; readonly goesWithIt: boolean } | undefined
  /** Given with the machine, and gone with it. */
  publicIp: string | undefined
}

export interface Volume extends Thing {
  readonly zone: string
  readonly sizeGiB: number
  readonly type: string
  readonly instance: string
}

export interface Instance extends Thing {
  readonly reservation: string
  readonly token: string | undefined
  readonly type: string
  readonly image: string
  readonly zone: string
  readonly isSpot: boolean
  /** As given, in base64. */
  readonly userData: string
  readonly network: string
  console: string
  stoppedAt: number | undefined
  /** Against TerminateInstances. */
  isProtected: boolean
  end: { readonly at: number; readonly code: string; readonly message: string } | undefined
}

export interface Address extends Thing {
  readonly publicIp: string
  association: { readonly id: string; readonly network: string } | undefined
}

export interface Rule {
  readonly protocol: string
  readonly from: number | undefined
  readonly to: number | undefined
  readonly kind: 'group' | 'ipv4' | 'ipv6' | 'list'
  readonly source: string
}

export interface Group extends Thing {
  readonly name: string
  readonly description: string
  readonly vpc: string
  ingress: readonly Rule[]
}

export interface Subnet {
  readonly seq: number
  readonly id: string
  readonly zone: string
  readonly vpc: string
  readonly tags: Tags
}

export interface Answered {
  readonly asked: string
  readonly instances: readonly string[]
}

/** What may be had of a kind of machine (`type zone Spot` or `type zone OnDemand`), and what is answered where there is none. */
export interface Stock {
  left: number
  readonly code: string
  readonly status: number
}

/** What one account has in one region. Everything in it may be read and changed by a test. */
export interface Region {
  readonly account: string
  readonly name: string
  readonly now: () => number
  tempo: Tempo
  readonly publicIp: (seq: number) => string
  readonly catalog: Catalog
  readonly buckets: Buckets
  readonly subnets: readonly Subnet[]
  readonly vpc: string
  readonly privateIp: (seq: number) => string
  readonly instances: Map<string, Instance>
  readonly volumes: Map<string, Volume>
  readonly interfaces: Map<string, Interface>
  readonly addresses: Map<string, Address>
  readonly groups: Map<string, Group>
  readonly tokens: Map<string, Answered>
  readonly stock: Map<string, Stock>
  /** Instances that are there and that no list shows. */
  readonly hidden: Set<string>
  /** It says that instances were made, and there are none. */
  forgets: boolean
  /** Answers a new thing's place in the order of making. */
  readonly next: () => number
}

export const calmTempo: Tempo = { startMs: 100, endMs: 100, addressMs: 0, lagMs: 0, networkLagMs: 0 }

export interface Place {
  readonly account: string
  readonly name: string
  readonly now: () => number
  readonly tempo: Tempo
  /** An address for the interface that is the how-manieth thing of its region; in 172.31.0.0/16 unless told. */
  readonly privateIp?: ((seq: number) => string) | undefined
  /** In 198.18.0.0/16, which nobody routes, unless told. */
  readonly publicIp?: ((seq: number) => string) | undefined
}

/** As in a default VPC. */
const unrouted = (seq: number): string => `198.18.${Math.floor(seq / 250) % 250}.${4 + (seq % 250)}`
const usualIp = (seq: number): string => `172.31.${Math.floor(seq / 250) % 250}.${4 + (seq % 250)}`

export function aRegion(place: Place): Region {
  let seq = 0
  const next = (): number => ++seq
  const vpc = newId('vpc')
  const subnets = ['a', 'b', 'c'].map(letter => ({
    seq: next(),
    id: newId('subnet'),
    zone: `${place.name}${letter}`,
    vpc,
    tags: new Map<string, string>(),
  }))
  return {
    ...place,
    privateIp: place.privateIp ?? usualIp,
    publicIp: place.publicIp ?? unrouted,
    catalog: usualCatalog,
    buckets: new Buckets(place.now),
    subnets,
    vpc,
    instances: new Map(),
    volumes: new Map(),
    interfaces: new Map(),
    addresses: new Map(),
    groups: new Map(),
    tokens: new Map(),
    stock: new Map(),
    hidden: new Set(),
    forgets: false,
    next,
  }
}

export const newId = (kind: string): string => `${kind}-${randomBytes(9).toString('hex').slice(0, 17)}`
export const requestId = (): string => randomUUID()

/** What every new thing has; `tags` are those given with it. */
export const born = (region: Region, kind: string, tags: Tags): Thing => ({
  seq: region.next(),
  id: newId(kind),
  at: region.now(),
  tags,
})

/** What lists show by now. */
export const shown = <T extends Thing>(
  { now, tempo }: Region,
  things: ReadonlyMap<string, T>,
  lag: 'lagMs' | 'networkLagMs' = 'networkLagMs',
): readonly T[] => [...things.values()].filter(({ at }) => now() >= at + tempo[lag])

export type State = 'pending' | 'running' | 'stopped' | 'shutting-down' | 'terminated'

export function stateOf({ now, tempo }: Region, { at, end, stoppedAt }: Instance): State {
  if (end !== undefined) return now() < end.at + tempo.endMs ? 'shutting-down' : 'terminated'
  if (stoppedAt !== undefined) return 'stopped'
  return now() < at + tempo.startMs ? 'pending' : 'running'
}

/** Carries out what time has brought: a machine that has ended leaves its disk and its interface. */
export function settle(region: Region): void {
  for (const instance of region.instances.values())
    if (stateOf(region, instance) === 'terminated') leave(region, instance)
}

function leave({ volumes, interfaces, addresses }: Region, { id }: Instance): void {
  for (const volume of volumes.values()) if (volume.instance === id) volumes.delete(volume.id)
  for (const each of interfaces.values()) {
    if (each.attached?.instance !== id) continue
    if (!each.attached.goesWithIt) {
      each.attached = undefined
      continue
    }
    interfaces.delete(each.id)
    for (const address of addresses.values())
      if (address.association?.network === each.id) address.association = undefined
  }
}

/** Whose hand ends a machine, and how EC2 tells. */
const reasons = {
  user: ['Client.UserInitiatedShutdown', 'User initiated shutdown'],
  spot: ['Server.SpotInstanceTermination', 'Spot instance termination'],
  itself: ['Client.InstanceInitiatedShutdown', 'Instance initiated shutdown'],
} as const

/** Ends a machine from outside, as its owner would, or as AWS does when it takes a spot machine back. */
export function endInstance(region: Region, id: string, how: keyof typeof reasons = 'user'): void {
  const instance = region.instances.get(id)
  if (instance === undefined || instance.end !== undefined) return
  const [code, words] = reasons[how]
  instance.end = { at: region.now(), code, message: `${code}: ${words}` }
}

/** Ids of everything that still costs money or clutters the account. */
export function leftIn(region: Region): readonly string[] {
  settle(region)
  const alive = [...region.instances.values()].filter(each => stateOf(region, each) !== 'terminated')
  const { volumes, interfaces, addresses, groups } = region
  return [
    ...alive.map(({ id }) => id),
    ...[volumes, interfaces, addresses, groups].flatMap(things => [...things.keys()]),
  ]
}
