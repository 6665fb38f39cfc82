import { randomUUID } from 'node:crypto'
import { unprocessable } from './failure.ts'

/** How long things take in this world, in milliseconds. */
export interface Tempo {
  /** Until a droplet is active, from its request, and until it has its addresses. */
  readonly bootMs: number
  readonly addressMs: number
  /** For so long a droplet that was deleted is listed all the same. */
  readonly deleteMs: number
  /** For so long lists do not show what was made. */
  readonly lagMs: number
}

export const calm: Tempo = { bootMs: 50, addressMs: 0, deleteMs: 50, lagMs: 0 }

export interface Droplet {
  readonly id: number
  readonly name: string
  readonly region: string
  readonly size: string
  readonly image: number
  readonly vpc: string
  readonly tags: Set<string>
  readonly userData: string
  readonly isPublic: boolean
  readonly hasIpv6: boolean
  readonly privateIp: string
  readonly publicIp: string
  readonly bornAt: number
  /** Switched off, by whomever. It is billed all the same. */
  isOff: boolean
  /** When its end was asked for. */
  deletedAt: number | undefined
  console: string
}

export interface Rule {
  readonly protocol: string
  readonly ports: string
  readonly addresses: readonly string[]
  readonly tags: readonly string[]
}

export interface Firewall {
  readonly id: string
  name: string
  inbound: readonly Rule[]
  outbound: readonly Rule[]
  tags: readonly string[]
  dropletIds: readonly number[]
  readonly createdAt: number
}

/** Who may do what. */
export interface Token {
  readonly value: string
  /** `droplet:create` and the like; undefined for all. */
  scopes: ReadonlySet<string> | undefined
  isRevoked: boolean
}

/** One team: what is in it, and what is about to happen. Time is asked for, never waited for. */
export class Team {
  readonly uuid = randomUUID()
  readonly tempo: Tempo
  readonly now: () => number
  readonly tokens: Token[] = []
  /** All that ever were. */
  readonly droplets: Droplet[] = []
  readonly firewalls = new Map<string, Firewall>()
  /** By their names in lower case: DigitalOcean keeps the first spelling. */
  readonly tags = new Map<string, string>()
  readonly keys = [
    { id: 512_190, fingerprint: '3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa', name: 'ops' },
  ]
  readonly vpcs = new Map<
    string,
    { readonly name: string; readonly region: string; readonly isDefault: boolean }
  >()
  /** How many more droplets there may be of a size in a region, `size region`; as many as wanted where it is not said. */
  readonly stock = new Map<string, number>()
  /** Names of droplets that lists do not show. */
  readonly hidden = new Set<string>()
  /** Of droplets that are said to be made, and are not. */
  isForgetful = false
  limit = 1_000
  privateIp: (number: number) => string = number => `10.116.${Math.floor(number / 250)}.${2 + (number % 250)}`
  publicIp: (number: number) => string = number => `203.0.113.${1 + (number % 250)}`
  #number = 0

  constructor(tempo: Tempo, now: () => number) {
    this.tempo = tempo
    this.now = now
    for (const region of ['nyc3', 'fra1', 'sfo3'])
      this.vpcs.set(randomUUID(), { name: `default-${region}`, region, isDefault: true })
  }

  nextNumber(): number {
    return ++this.#number
  }

  isThere({ deletedAt }: Droplet): boolean {
    return deletedAt === undefined || this.now() < deletedAt + this.tempo.deleteMs
  }

  /** Whether nobody has asked for its end. */
  get alive(): readonly Droplet[] {
    return this.droplets.filter(({ deletedAt }) => deletedAt === undefined)
  }

  get there(): readonly Droplet[] {
    return this.droplets.filter(each => this.isThere(each))
  }

  /** As lists show them, which may be late. */
  get listed(): readonly Droplet[] {
    const at = this.now() - this.tempo.lagMs
    return this.there.filter(({ bornAt, name }) => bornAt <= at && !this.hidden.has(name))
  }

  statusOf({ isOff, bornAt }: Droplet): 'new' | 'active' | 'off' {
    if (isOff) return 'off'
    return this.now() >= bornAt + this.tempo.bootMs ? 'active' : 'new'
  }

  /** The name that a tag goes by, made where there was none. Throws where it is no name of a tag. */
  tagged(name: string): string {
    if (!/^[A-Za-z0-9:_-]{1,255}$/.test(name))
      throw unprocessable('Name Only letters, numbers, colons, dashes, and underscores are allowed.')
    const known = this.tags.get(name.toLowerCase())
    if (known !== undefined) return known
    this.tags.set(name.toLowerCase(), name)
    return name
  }

  /** Takes a tag away, and from everything that has it. */
  untag(name: string): boolean {
    const known = this.tags.get(name.toLowerCase())
    if (known === undefined) return false
    this.tags.delete(name.toLowerCase())
    for (const { tags } of this.droplets) tags.delete(known)
    return true
  }

  addToken(scopes?: Iterable<string>): Token {
    const value = `dop_v1_${randomUUID().replaceAll('-', '')}${randomUUID().replaceAll('-', '')}`
    const token = { value, scopes: scopes && new Set(scopes), isRevoked: false }
    this.tokens.push(token)
    return token
  }
}

/** Whether firewalls let somebody reach a droplet's port over TCP. `from` is a droplet, or an address outside. */
export function mayReach(team: Team, from: Droplet | string, to: Droplet, port: number): boolean {
  const own = [...team.firewalls.values()].filter(
    ({ tags, dropletIds }) => tags.some(tag => to.tags.has(tag)) || dropletIds.includes(to.id),
  )
  // Without any firewall everything is let in.
  if (own.length === 0) return true
  return own.some(({ inbound }) =>
    inbound.some(
      rule =>
        rule.protocol === 'tcp' &&
        isAmong(port, rule.ports) &&
        (typeof from === 'string'
          ? rule.addresses.some(range => isIn(from, range))
          : rule.tags.some(tag => from.tags.has(tag))),
    ),
  )
}

function isAmong(port: number, ports: string): boolean {
  if (ports === '0' || ports === 'all') return true
  const [low = '', high = low] = ports.split('-')
  return port >= Number(low) && port <= Number(high)
}

const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

/** Of IPv4 alone. */
function isIn(address: string, range: string): boolean {
  const [base = '', bits = '32'] = range.split('/')
  const size = 2 ** (32 - Number(bits))
  return Math.floor(number(address) / size) === Math.floor(number(base) / size)
}

/** Everything in a team that clusters have made. */
export const leftIn = (team: Team): readonly string[] => [
  ...team.there.map(({ name }) => `droplet ${name}`),
  ...[...team.firewalls.values()].map(({ name }) => `firewall ${name}`),
  ...[...team.tags.values()].map(name => `tag ${name}`),
]
