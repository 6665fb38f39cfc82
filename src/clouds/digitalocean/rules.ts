import { canonicalCidr } from '../../lib/cidr.ts'
import { dashboardPort, nannyPort, schedulerPort, workerPort } from '../../model/ports.ts'
import type { Firewall, InboundRule } from './sdk.ts'

const sshPort = 22
const anywhere = ['0.0.0.0/0', '::/0']
/** As it has always been taken; it is told as 0. */
const allPorts = '1-65535'
const everyPort = '0'

export interface RulesWish {
  /** The tag of the cluster's droplets. */
  readonly tag: string
  /** Who is let through to the scheduler from outside, as CIDRs. */
  readonly admitted: readonly string[]
  /** Who is let through to its dashboard. */
  readonly viewers?: readonly string[]
  readonly sshCIDRs: readonly string[]
}

/** The scheduler for whom it is admitted and for its workers, the workers for each other and the scheduler, and nothing else. */
export const inboundRules = ({ tag, admitted, viewers = [], sshCIDRs }: RulesWish): InboundRule[] => [
  {
    protocol: 'tcp',
    ports: String(schedulerPort),
    sources: { tags: [tag], ...(admitted.length > 0 && { addresses: [...admitted] }) },
  },
  { protocol: 'tcp', ports: `${workerPort}-${nannyPort}`, sources: { tags: [tag] } },
  ...fromOutside(dashboardPort, viewers),
  ...fromOutside(sshPort, sshCIDRs),
]

const fromOutside = (port: number, addresses: readonly string[]): InboundRule[] =>
  addresses.length === 0
    ? []
    : [{ protocol: 'tcp', ports: String(port), sources: { addresses: [...addresses] } }]

/** A firewall without them lets nothing out: machines fetch their software. */
export const outboundRules = (): Firewall['outbound_rules'] =>
  ['tcp', 'udp'].map(protocol => ({ protocol, ports: allPorts, destinations: { addresses: anywhere } }))

/** A firewall as it was asked for, and as DigitalOcean answered that it is. */
export interface Form {
  readonly told: string
  readonly admitted: readonly string[]
  readonly viewers: readonly string[]
  readonly sshCIDRs: readonly string[]
}

/** All that a firewall lets through, in words. */
export const formOf = (firewall: Partial<Firewall>): string =>
  JSON.stringify([wordsOf(firewall), admittedBy(firewall)])

/** Who is let through to the scheduler from outside, to its dashboard and to SSH: as they are written everywhere, sorted. */
export const admittedBy = (firewall: Rules): readonly string[] => addressesAt(firewall, schedulerPort)
export const viewersBy = (firewall: Rules): readonly string[] => addressesAt(firewall, dashboardPort)
export const sshBy = (firewall: Rules): readonly string[] => addressesAt(firewall, sshPort)

type Rules = Partial<Pick<Firewall, 'inbound_rules'>>

/** Whether a firewall is as it was made, whomever it admits. */
export function isAsMade(firewall: Firewall, tag: string): boolean {
  const made = {
    name: firewall.name,
    inbound_rules: inboundRules({
      tag,
      admitted: [],
      viewers: viewersBy(firewall),
      sshCIDRs: sshBy(firewall),
    }),
    outbound_rules: outboundRules(),
    tags: [tag],
  }
  return wordsOf(made) === wordsOf(firewall) && (firewall.droplet_ids ?? []).length === 0
}

/** Everything of a firewall but whom it admits to the scheduler: two that say the same let the same through. */
function wordsOf({ inbound_rules: inbound, outbound_rules: outbound, tags }: Partial<Firewall>): string {
  return JSON.stringify({
    in: (inbound ?? [])
      .map(({ protocol, ports, sources }) => {
        const addresses = ports === String(schedulerPort) ? [] : (sources.addresses ?? []).map(whole)
        const others = Object.entries(sources ?? {}).flatMap(([kind, ends]) =>
          kind === 'tags' || kind === 'addresses' ? [] : [ends ?? []].flat().map(String),
        )
        return rule(protocol, ports, [...(sources.tags ?? []).map(lower), ...addresses, ...others])
      })
      .toSorted(),
    out: (outbound ?? [])
      .map(({ protocol, ports, destinations }) =>
        rule(protocol, ports, (destinations.addresses ?? []).map(whole)),
      )
      .toSorted(),
    tags: (tags ?? []).map(lower).toSorted(),
  })
}

const rule = (protocol: string, ports: string, ends: readonly string[]): string =>
  `${protocol} ${plain(protocol, ports)} ${ends.toSorted().join(',')}`

const lower = (text: string): string => text.toLowerCase()

/** A single address is a range, too. */
const whole = (address: string): string => {
  const range = address.includes('/') ? address : `${address}/${address.includes(':') ? 128 : 32}`
  return canonicalCidr(range) ?? address
}

/** ICMP has no ports, and every port is told in more than one way. */
const plain = (protocol: string, ports: string): string =>
  protocol === 'icmp' || ['0', 'all', '', '1-65535'].includes(ports) ? everyPort : ports

const addressesAt = ({ inbound_rules: rules = [] }: Rules, port: number): readonly string[] =>
  [
    ...new Set(
      rules
        .filter(({ ports }) => ports === String(port))
        .flatMap(({ sources }) => (sources.addresses ?? []).map(whole)),
    ),
  ].toSorted()
