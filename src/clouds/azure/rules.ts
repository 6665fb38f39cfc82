import { isAlike } from '../../lib/equality.ts'
import { dashboardPort, nannyPort, schedulerPort, workerPort } from '../../model/ports.ts'
import { type NetworkSecurityGroup, type SecurityRule, sameId } from './sdk.ts'

export interface Admission {
  /** Who may reach the scheduler's port from outside, as CIDRs. */
  readonly admitted: readonly string[]
  /** Who may reach its dashboard. */
  readonly viewers?: readonly string[] | undefined
  readonly ssh: readonly string[]
  /** The id of the application security group that all machines of the cluster are members of. */
  readonly members: string
}

const isV6 = (cidr: string): boolean => cidr.includes(':')

const inbound = { direction: 'Inbound', sourcePortRange: '*', destinationAddressPrefix: '*' } as const
const letIn = { ...inbound, access: 'Allow', protocol: 'Tcp' } as const

/** Names of the rules that hold who is let in from outside. */
export const ruleNames = { dask: 'dask', dask6: 'dask-v6', dashboard: 'dashboard', ssh: 'ssh' } as const

/** Azure takes addresses of one family only in a rule. */
const fromOutside = (
  ranges: readonly string[],
  port: string,
  priority: number,
  name: string,
): SecurityRule[] =>
  [
    { name, priority, prefixes: ranges.filter(cidr => !isV6(cidr)) },
    { name: `${name}-v6`, priority: priority + 1, prefixes: ranges.filter(isV6) },
  ].flatMap(({ prefixes, ...rule }) =>
    prefixes.length === 0
      ? []
      : [{ ...letIn, ...rule, sourceAddressPrefixes: [...prefixes], destinationPortRange: port }],
  )

const fromMembers = (members: string, ports: readonly number[]): SecurityRule => ({
  ...letIn,
  name: 'cluster',
  priority: 200,
  sourceApplicationSecurityGroups: [{ id: members }],
  destinationPortRanges: ports.map(String),
})

/** Azure's own rules would let in everything of the virtual network, and load balancers. */
const nothingElse: SecurityRule = {
  ...inbound,
  name: 'nothing-else',
  priority: 4_096,
  access: 'Deny',
  protocol: '*',
  sourceAddressPrefix: '*',
  destinationPortRange: '*',
}

/** Exactly this and nothing else comes in. What goes out is not limited: machines fetch their software. */
export const wantedRules = (
  part: 'scheduler-rules' | 'worker-rules',
  { admitted, viewers = [], ssh, members }: Admission,
): SecurityRule[] => [
  ...(part === 'scheduler-rules'
    ? [
        ...fromOutside(admitted, String(schedulerPort), 100, ruleNames.dask),
        ...fromOutside(viewers, String(dashboardPort), 120, ruleNames.dashboard),
        fromMembers(members, [schedulerPort]),
      ]
    : [fromMembers(members, [workerPort, nannyPort])]),
  ...fromOutside(ssh, '22', 110, ruleNames.ssh),
  nothingElse,
]

/** Whether a group lets in what the rules say, and nothing beside it. */
export const isAsWanted = (
  { securityRules }: Pick<NetworkSecurityGroup, 'securityRules'>,
  wanted: readonly SecurityRule[],
): boolean => isAlike(inOrder(securityRules ?? []), inOrder(wanted))

/** Whom it lets in by rules of this name, as CIDRs, sorted. */
export const sourcesOf = (
  { securityRules }: Pick<NetworkSecurityGroup, 'securityRules'>,
  name: string,
): readonly string[] =>
  (securityRules ?? [])
    .filter(rule => rule.name === name || rule.name === `${name}-v6`)
    .flatMap(sources)
    .toSorted()

const inOrder = (rules: readonly SecurityRule[]): readonly unknown[] =>
  rules.toSorted((a, b) => (a.priority ?? 0) - (b.priority ?? 0)).map(essence)

const sources = ({ sourceAddressPrefix, sourceAddressPrefixes }: SecurityRule): readonly string[] => [
  ...(sourceAddressPrefix ? [sourceAddressPrefix] : []),
  ...(sourceAddressPrefixes ?? []),
]

/** One value or a list of one: Azure gives back either. */
const essence = (rule: SecurityRule): unknown => ({
  name: rule.name,
  priority: rule.priority,
  direction: rule.direction,
  access: rule.access,
  protocol: sameId(rule.protocol),
  sources: sources(rule).toSorted(),
  groups: (rule.sourceApplicationSecurityGroups ?? []).map(({ id }) => sameId(id)).toSorted(),
  ports: [
    ...(rule.destinationPortRange ? [rule.destinationPortRange] : []),
    ...(rule.destinationPortRanges ?? []),
  ].toSorted(),
  targets: [
    ...(rule.destinationAddressPrefix ? [rule.destinationAddressPrefix] : []),
    ...(rule.destinationAddressPrefixes ?? []),
  ],
})
