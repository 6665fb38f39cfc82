import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  type ResourceType,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { Role } from '../../model/names.ts'
import type { NetworkWish } from '../contract.ts'
import { type Belongings, groupFor, surplusOf } from './belongings.ts'
import { clear } from './clearing.ts'
import { isDone, unless } from './faults.ts'
import { missingRules, type Pair, permissionOf, type Rule, readRules, wantedRules } from './rules.ts'
import type { AwsSession } from './session.ts'
import type { AwsSettings } from './settings.ts'
import type { Subnet } from './subnets.ts'
import { onEach, type Tags, written } from './tags.ts'

/** What making a cluster's network needs to know. */
export interface Site {
  readonly session: AwsSession
  readonly settings: AwsSettings
  readonly wish: NetworkWish
  /** The subnet that the scheduler's interface is made in. */
  readonly subnet: Subnet
  /** Of the owner, sealed for what they are put on. */
  readonly tagged: (tags: Tags) => Tags
  readonly now: () => number
}

/** Makes what is missing, corrects what is not as it should be and takes away what is there twice. Every step may be repeated. */
export async function build(site: Site, found: Belongings | undefined, call: Call): Promise<void> {
  const groups = await schedulerGroups(site, found, call)
  const [known] = found?.interfaces ?? []
  const id = known?.NetworkInterfaceId ?? (await makeInterface(site, groups, call))
  if (site.wish.exposure === 'Public') await publish(site, id, found, call)
  if (found !== undefined) await clear(site.session, surplusOf(found), call)
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
  const wanted = wantedRules(pair, { admitted: wish.admitted, ssh: settings.sshCIDRs })
  await correct(site, scheduler, wanted.scheduler, call)
  await correct(site, workers, wanted.workers, call)
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
  const { session, wish, subnet, now } = site
  const { NetworkInterface } = await session.make('CreateNetworkInterface', call, options =>
    session.ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnet.id,
        Groups: [...groups],
        ClientToken: `${wish.owner.uid}-${Math.floor(now() / 600_000)}`,
        Description: `Dask scheduler: ${wish.owner.key}`,
        TagSpecifications: tags(site, ['network-interface'], { role: 'scheduler', exposure: wish.exposure }),
      }),
      options,
    ),
  )
  const id = NetworkInterface?.NetworkInterfaceId
  if (id === undefined)
    throw new CloudError('lost', 'CreateNetworkInterface: AWS gave an answer without an id')
  return id
}

/** A public address of its own: one that AWS gives to a machine would go with it. */
async function publish(
  site: Site,
  interfaceId: string,
  found: Belongings | undefined,
  call: Call,
): Promise<void> {
  const { session } = site
  const addresses = found?.addresses ?? []
  if (addresses.some(({ NetworkInterfaceId }) => NetworkInterfaceId === interfaceId)) return
  const free = addresses.find(({ AssociationId }) => AssociationId === undefined)?.AllocationId
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

const tags = ({ settings, wish, tagged }: Site, kinds: readonly ResourceType[], about: Tags) =>
  onEach(kinds, written(settings.tags, `${wish.owner.key} scheduler`, tagged(about)))
