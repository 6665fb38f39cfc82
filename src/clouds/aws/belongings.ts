import {
  type Address,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  type Filter,
  type NetworkInterface,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { isAlike } from '../../lib/equality.ts'
import type { Exposure } from '../../model/cluster.ts'
import type { ReservedAddress } from '../../model/machine.ts'
import type { ClusterUid } from '../../model/names.ts'
import type { Owner } from '../contract.ts'
import { letIn } from '../let-in.ts'
import { type Marks, ownerIn } from '../marks.ts'
import { daskAt, writeHandle } from './handle.ts'
import { everyPage } from './pages.ts'
import { admittedBy, readRules, shellBy, viewersBy } from './rules.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import { readTags } from './tags.ts'

/** What a cluster has in the account beside its machines, as far as lists show it. */
export interface Belongings {
  readonly owner: Owner
  /** The scheduler's; a worker's comes and goes with its machine. Those in use first, then those with a public address. Oldest first is not told by EC2: by id, so that everybody takes the same. */
  readonly interfaces: readonly NetworkInterface[]
  readonly addresses: readonly Address[]
  readonly groups: readonly SecurityGroup[]
}

/** Everything that carries these tags, all pages, in three calls side by side. */
export async function belongingsIn(
  session: AwsSession,
  filters: readonly Filter[],
  isOurs: (tags: Marks) => boolean,
  call: Call,
): Promise<ReadonlyMap<ClusterUid, Belongings>> {
  const Filters = [...filters]
  const [interfaces, addresses, groups] = await Promise.all([
    everyPage(
      page =>
        session.make('DescribeNetworkInterfaces', call, options =>
          session.ec2.send(new DescribeNetworkInterfacesCommand({ Filters, ...page }), options),
        ),
      ({ NetworkInterfaces }) => NetworkInterfaces,
    ),
    session
      .make('DescribeAddresses', call, options =>
        session.ec2.send(new DescribeAddressesCommand({ Filters }), options),
      )
      .then(({ Addresses }) => Addresses ?? []),
    everyPage(
      page =>
        session.make('DescribeSecurityGroups', call, options =>
          session.ec2.send(new DescribeSecurityGroupsCommand({ Filters, ...page }), options),
        ),
      ({ SecurityGroups }) => SecurityGroups,
    ),
  ])
  const found = new Map<ClusterUid, Belongings>()
  const add = (tags: Marks, part: (own: Belongings) => Belongings): void => {
    const owner = ownerIn(tags)
    if (owner === undefined || !isOurs(tags)) return
    found.set(owner.uid, part(found.get(owner.uid) ?? { owner, interfaces: [], addresses: [], groups: [] }))
  }
  const published = new Set(addresses.map(({ NetworkInterfaceId }) => NetworkInterfaceId))
  const inOrder = interfaces.filter(isKeptOne).toSorted(usedFirst(published))
  for (const each of inOrder)
    add(readTags(each.TagSet), own => ({ ...own, interfaces: [...own.interfaces, each] }))
  for (const each of addresses)
    add(readTags(each.Tags), own => ({ ...own, addresses: [...own.addresses, each] }))
  for (const each of groups) add(readTags(each.Tags), own => ({ ...own, groups: [...own.groups, each] }))
  return found
}

/** Workers' carry their tags, too, so that they are seen in the account's bills. */
const isKeptOne = ({ TagSet }: NetworkInterface): boolean => readTags(TagSet).role !== 'worker'

export const without = (own: Belongings, gone: string | undefined): Belongings => ({
  ...own,
  interfaces: own.interfaces.filter(({ NetworkInterfaceId }) => NetworkInterfaceId !== gone),
})

/** Of all that there is, one interface. */
export const oneInterface = ({ owner, interfaces }: Belongings, id: string): Belongings => ({
  owner,
  interfaces: interfaces.filter(({ NetworkInterfaceId }) => NetworkInterfaceId === id),
  addresses: [],
  groups: [],
})

/** Of all that there is, its public addresses. */
export const addressesOf = ({ owner, addresses }: Belongings): Belongings => ({
  owner,
  addresses,
  interfaces: [],
  groups: [],
})

/** One that a machine has, then one that has the public address: a move that ended half way goes on where it was. */
const usedFirst = (published: ReadonlySet<string | undefined>) => {
  const use = ({ Attachment, NetworkInterfaceId: id }: NetworkInterface): number =>
    Number(Attachment !== undefined) * 2 + Number(published.has(id))
  return (a: NetworkInterface, b: NetworkInterface): number => {
    if (use(a) !== use(b)) return use(b) - use(a)
    return (a.NetworkInterfaceId ?? '') < (b.NetworkInterfaceId ?? '') ? -1 : 1
  }
}

/** The role that a group of ours is for. */
export const groupFor = ({ groups }: Belongings, role: string): SecurityGroup | undefined =>
  groups.find(each => readTags(each.Tags).role === role)

/** How an address is made, or is to be; without `groups` where they are the cluster's own. */
interface Making {
  /** `Unbound` where there is a public address that nothing has: on its way, or left behind. */
  readonly exposure: Exposure | 'Unbound'
  readonly groups: readonly string[] | undefined
  /** Who may use SSH, of the scheduler's group and of the workers'. */
  readonly ssh: readonly (readonly string[])[]
}

/** The same for what is the same. */
const inAWord = ({ exposure, groups, ssh }: Making): string =>
  [exposure, groups === undefined ? 'own' : listOf(groups), ...ssh.map(listOf)].join(' ').trimEnd()

const listOf = (all: readonly string[]): string => [...new Set(all)].toSorted().join(',')

export const wantedNetwork = ({ securityGroups, sshCIDRs }: AwsSettings, exposure: Exposure): string =>
  securityGroups === undefined
    ? inAWord({ exposure, groups: undefined, ssh: [sshCIDRs, sshCIDRs] })
    : inAWord({ exposure, groups: securityGroups.scheduler, ssh: [] })

/** The scheduler's address as it is made, or undefined where its interface or a group of the cluster's own is still missing. */
export function addressOf(own: Belongings): ReservedAddress | undefined {
  const [kept] = own.interfaces
  const {
    NetworkInterfaceId: id,
    PrivateIpAddress: internal,
    SubnetId: subnet,
    AvailabilityZone: zone,
  } = kept ?? {}
  if (kept === undefined || id === undefined || internal === undefined || subnet === undefined)
    return undefined
  const elastic = own.addresses.find(({ NetworkInterfaceId }) => NetworkInterfaceId === id)?.PublicIp
  const [scheduler, workers] = [groupFor(own, 'scheduler'), groupFor(own, 'worker')]
  if (own.groups.length > 0 && (scheduler === undefined || workers === undefined)) return undefined
  const groups = (kept.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? [])
  const isOurs = scheduler !== undefined && isAlike(groups, [scheduler.GroupId])
  const rules = readRules(scheduler?.IpPermissions)
  return {
    owner: own.owner.uid,
    key: own.owner.key,
    internal: daskAt(internal),
    external: daskAt(elastic ?? internal),
    handle: writeHandle({ interface: id, subnet, zone: zone ?? '', workers: workers?.GroupId ?? '' }),
    network: inAWord({
      exposure: elastic !== undefined ? 'Public' : own.addresses.length > 0 ? 'Unbound' : 'Private',
      groups: isOurs ? undefined : groups,
      ssh: isOurs ? [rules, readRules(workers?.IpPermissions)].map(shellBy) : [],
    }),
    ...(isOurs ? letIn(admittedBy(rules), viewersBy(rules)) : {}),
    ...(hasSurplus(surplusOf(own)) ? { hasSurplus: true } : {}),
  }
}

/**
 * What a whole address has no use for. `AllocateAddress` knows no token, and a token of an interface lasts minutes: an answer
 * that was lost while lists lag leaves one behind.
 */
export function surplusOf({ owner, interfaces, addresses }: Belongings): Belongings {
  const [kept, ...others] = interfaces
  const isKept = (address: Address): boolean => address.NetworkInterfaceId === kept?.NetworkInterfaceId
  return {
    owner,
    interfaces: others.filter(({ Attachment }) => Attachment === undefined),
    addresses: kept !== undefined && addresses.some(isKept) ? addresses.filter(isFree) : [],
    groups: [],
  }
}

const isFree = ({ AssociationId }: Address): boolean => AssociationId === undefined

const hasSurplus = ({ interfaces, addresses }: Belongings): boolean =>
  interfaces.length + addresses.length > 0
