import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterface,
  type ResourceType,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { isAlike } from '../../lib/equality.ts'
import { digest } from '../../lib/fingerprint.ts'
import { CloudError } from '../../model/faults.ts'
import type { Role } from '../../model/names.ts'
import type { NetworkWish } from '../contract.ts'
import type { Marks } from '../marks.ts'
import { addressesOf, type Belongings, groupFor, oneInterface, surplusOf, without } from './belongings.ts'
import { clear } from './clearing.ts'
import { isDone, unless } from './faults.ts'
import { missingRules, type Pair, permissionOf, type Rule, readRules, wantedRules } from './rules.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import type { Subnet } from './subnets.ts'
import { onEach, written } from './tags.ts'

/** What making a cluster's network needs to know. */
export interface Site {
  readonly session: AwsSession
  readonly settings: AwsSettings
  readonly wish: NetworkWish
  /** The subnet that the scheduler's interface is made in. */
  readonly subnet: Subnet
  /** The interface that another one is made instead of, in that subnet. */
  readonly from: string | undefined
  /** Of the owner, sealed for what they are put on. */
  readonly tagged: (tags: Marks) => Marks
  readonly now: () => number
}

/** Makes what is missing, corrects what is not as it should be and takes away what is there twice. Every step may be repeated. */
export async function build(site: Site, found: Belongings | undefined, call: Call): Promise<void> {
  const groups = await schedulerGroups(site, found, call)
  const { from } = site
  const known = found?.interfaces.find(({ NetworkInterfaceId }) => NetworkInterfaceId !== from)
  const id = known?.NetworkInterfaceId ?? (await makeInterface(site, groups, call))
  if (known !== undefined) await regroup(site, known, groups, call)
  if (site.wish.exposure === 'Public') await publish(site, id, found, call)
  else if (found !== undefined) await clear(site.session, addressesOf(found), call)
  if (found !== undefined) await clear(site.session, surplusOf(without(found, from)), call)
  if (from !== undefined && found?.interfaces.some(({ NetworkInterfaceId }) => NetworkInterfaceId === from))
    await clear(site.session, oneInterface(found, from), call)
}

async function schedulerGroups(
  site: Site,
  found: Belongings | undefined,
  call: Call,
): Promise<readonly string[]> {
  const { settings, wish } = site
  if (settings.securityGroups !== undefined) return settings.securityGroups.scheduler
  const [scheduler, workers] = await Promise.all([
    groupOf('scheduler', site, found, call),
    groupOf('worker', site, found, call),
  ])
  const pair: Pair = { scheduler: idOf(scheduler), workers: idOf(workers) }
  const { admitted, viewers } = wish
  const wanted = wantedRules(pair, { admitted, viewers, ssh: settings.sshCIDRs })
  await correct(site, workers, wanted.workers, call)
  await correct(site, scheduler, wanted.scheduler, call)
  return [pair.scheduler]
}

const idOf = ({ GroupId }: SecurityGroup): string => GroupId ?? ''

async function groupOf(
  role: Role,
  site: Site,
  found: Belongings | undefined,
  call: Call,
): Promise<SecurityGroup> {
  const known = found && groupFor(found, role)
  if (known !== undefined) return known
  const { session, wish, subnet } = site
  const GroupName = `dask-${wish.owner.uid}-${role}`
  const { GroupId } = await session.make('CreateSecurityGroup', call, options =>
    session.ec2.send(
      new CreateSecurityGroupCommand({
        GroupName,
        Description: `Dask ${role}: ${wish.owner.key}`,
        VpcId: subnet.vpc,
        TagSpecifications: tags(site, ['security-group'], { role }),
      }),
      options,
    ),
  )
  if (GroupId === undefined)
    throw new CloudError('lost', 'CreateSecurityGroup: AWS gave an answer without an id')
  return { GroupId, GroupName, IpPermissions: [] }
}

/** Adds before it takes away: nobody who may come in is kept out meanwhile. Lists lag: a rule may be there, or gone, already. */
async function correct(
  { session }: Site,
  group: SecurityGroup,
  wanted: readonly Rule[],
  call: Call,
): Promise<void> {
  const GroupId = idOf(group)
  const found = readRules(group.IpPermissions)
  const [missing, surplus] = [missingRules(wanted, found), missingRules(found, wanted)]
  if (missing.length > 0) {
    const asked = { GroupId, IpPermissions: missing.map(permissionOf) }
    await unless(
      isDone,
      session.make('AuthorizeSecurityGroupIngress', call, options =>
        session.ec2.send(new AuthorizeSecurityGroupIngressCommand(asked), options),
      ),
    )
  }
  if (surplus.length > 0) {
    const asked = { GroupId, IpPermissions: surplus.map(permissionOf) }
    await unless(
      isDone,
      session.make('RevokeSecurityGroupIngress', call, options =>
        session.ec2.send(new RevokeSecurityGroupIngressCommand(asked), options),
      ),
    )
  }
}

/** Its token lasts some minutes: one whose answer was lost is the same again, one that somebody deleted is made anew. */
async function makeInterface(site: Site, groups: readonly string[], call: Call): Promise<string> {
  const { session, wish, subnet } = site
  const { NetworkInterface } = await session.make('CreateNetworkInterface', call, options =>
    session.ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnet.id,
        Groups: [...groups],
        ClientToken: tokenOf(site),
        Description: `Dask scheduler: ${wish.owner.key}`,
        TagSpecifications: tags(site, ['network-interface'], { role: 'scheduler' }),
      }),
      options,
    ),
  )
  const id = NetworkInterface?.NetworkInterfaceId
  if (id === undefined)
    throw new CloudError('lost', 'CreateNetworkInterface: AWS gave an answer without an id')
  return id
}

/** At most 64 characters. Another interface is given up each time, so that a way back is not an old answer. */
const tokenOf = ({ wish, from, now }: Site): string =>
  `${wish.owner.uid}-${from === undefined ? '' : digest(from).slice(0, 12)}${Math.floor(now() / 600_000)}`

async function regroup(
  { session }: Site,
  { NetworkInterfaceId, Groups = [] }: NetworkInterface,
  wanted: readonly string[],
  call: Call,
): Promise<void> {
  const found = Groups.map(({ GroupId }) => GroupId ?? '')
  if (isAlike(found.toSorted(), wanted.toSorted())) return
  await session.make('ModifyNetworkInterfaceAttribute', call, options =>
    session.ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [...wanted] }),
      options,
    ),
  )
}

/** A public address of its own: one that AWS gives to a machine would go with it. */
async function publish(
  site: Site,
  interfaceId: string,
  found: Belongings | undefined,
  call: Call,
): Promise<void> {
  const { session, from } = site
  const addresses = found?.addresses ?? []
  if (addresses.some(({ NetworkInterfaceId }) => NetworkInterfaceId === interfaceId)) return
  const { AllocationId: free } =
    addresses.find(
      ({ AssociationId, NetworkInterfaceId }) => AssociationId === undefined || NetworkInterfaceId === from,
    ) ?? {}
  const AllocationId = free ?? (await allocate(site, call))
  await session.make('AssociateAddress', call, options =>
    session.ec2.send(
      new AssociateAddressCommand({
        AllocationId,
        NetworkInterfaceId: interfaceId,
        AllowReassociation: true,
      }),
      options,
    ),
  )
}

async function allocate(site: Site, call: Call): Promise<string> {
  const { session } = site
  const TagSpecifications = tags(site, ['elastic-ip'], { role: 'scheduler' })
  const { AllocationId } = await session.make('AllocateAddress', call, options =>
    session.ec2.send(new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications }), options),
  )
  if (AllocationId === undefined)
    throw new CloudError('lost', 'AllocateAddress: AWS gave an answer without an id')
  return AllocationId
}

const tags = ({ settings, wish, tagged }: Site, kinds: readonly ResourceType[], about: Marks) =>
  onEach(kinds, written(settings.tags, `${wish.owner.key} scheduler`, tagged(about)))
