import type { IpPermission } from '@aws-sdk/client-ec2'
import { dashboardPort, nannyPort, schedulerPort, workerPort } from '../../model/ports.ts'

/** One thing that a security group lets in: from a range of addresses or from another group. */
export interface Rule {
  readonly protocol: string
  readonly from: number
  readonly to: number
  readonly source: string
}

export interface Admission {
  /** Who may reach the scheduler's port from outside, as CIDRs. */
  readonly admitted: readonly string[]
  /** Who may reach its dashboard. */
  readonly viewers?: readonly string[] | undefined
  readonly ssh: readonly string[]
}

/** The groups of one cluster. */
export interface Pair {
  readonly scheduler: string
  readonly workers: string
}

const tcp = (port: number, source: string): Rule => ({ protocol: 'tcp', from: port, to: port, source })

/** Exactly this and nothing else comes in. What goes out is not limited: machines fetch their software. */
export function wantedRules(
  { scheduler, workers }: Pair,
  { admitted, viewers = [], ssh }: Admission,
): { readonly scheduler: readonly Rule[]; readonly workers: readonly Rule[] } {
  const shell = ssh.map(source => tcp(22, source))
  const fromWithin = (port: number): readonly Rule[] => [scheduler, workers].map(source => tcp(port, source))
  return {
    scheduler: [
      ...[...admitted, workers].map(source => tcp(schedulerPort, source)),
      ...viewers.map(source => tcp(dashboardPort, source)),
      ...shell,
    ],
    workers: [...fromWithin(workerPort), ...fromWithin(nannyPort), ...shell],
  }
}

export function readRules(permissions: readonly IpPermission[] | undefined): readonly Rule[] {
  return (permissions ?? []).flatMap(permission => {
    const { IpProtocol, FromPort = -1, ToPort = -1 } = permission
    return sourcesOf(permission).map(source => ({
      protocol: IpProtocol ?? '',
      from: FromPort,
      to: ToPort,
      source,
    }))
  })
}

const sourcesOf = ({
  IpRanges,
  Ipv6Ranges,
  UserIdGroupPairs,
  PrefixListIds,
}: IpPermission): readonly string[] =>
  [
    ...(IpRanges ?? []).map(({ CidrIp }) => CidrIp),
    ...(Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
    ...(UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId),
    ...(PrefixListIds ?? []).map(({ PrefixListId }) => PrefixListId),
  ].filter(source => source !== undefined)

export const missingRules = (wanted: readonly Rule[], found: readonly Rule[]): readonly Rule[] =>
  wanted.filter(rule => !found.some(each => isSame(rule, each)))

const isSame = (a: Rule, b: Rule): boolean =>
  a.protocol === b.protocol && a.from === b.from && a.to === b.to && a.source === b.source

/** Who is let through to the scheduler from outside, and to its dashboard: sorted. */
export const admittedBy = (rules: readonly Rule[]): readonly string[] => rangesAt(schedulerPort, rules)
export const viewersBy = (rules: readonly Rule[]): readonly string[] => rangesAt(dashboardPort, rules)

const rangesAt = (port: number, rules: readonly Rule[]): readonly string[] =>
  rules
    .filter(({ from, to, source }) => from === port && to === port && isRange(source))
    .map(({ source }) => source)
    .toSorted()

/** Who may use SSH. */
export const shellBy = (rules: readonly Rule[]): readonly string[] =>
  rules.filter(({ from, source }) => from === 22 && isRange(source)).map(({ source }) => source)

const isRange = (source: string): boolean => source.includes('/')

export const permissionOf = ({ protocol, from, to, source }: Rule): IpPermission => ({
  IpProtocol: protocol,
  ...(protocol === '-1' ? {} : { FromPort: from, ToPort: to }),
  ...(source.startsWith('sg-')
    ? { UserIdGroupPairs: [{ GroupId: source }] }
    : source.startsWith('pl-')
      ? { PrefixListIds: [{ PrefixListId: source }] }
      : source.includes(':')
        ? { Ipv6Ranges: [{ CidrIpv6: source }] }
        : { IpRanges: [{ CidrIp: source }] }),
})
