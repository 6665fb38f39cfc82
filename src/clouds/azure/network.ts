import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { ClusterUid } from '../../model/names.ts'
import type { NetworkWish } from '../contract.ts'
import { unless } from '../unless.ts'
import type { Belongings } from './belongings.ts'
import { isGone } from './faults.ts'
import { type Part, partName, subnetName } from './names.ts'
import { changed } from './operations.ts'
import { isAsWanted, wantedRules } from './rules.ts'
import { idOf, type NetworkInterface, sameId, type Whereabouts } from './sdk.ts'
import type { AzureSession } from './session.ts'
import type { AzureSettings } from './settings.ts'

/** What making a cluster's network needs to know. */
export interface Ground {
  readonly session: AzureSession
  readonly settings: AzureSettings
  readonly wish: NetworkWish
  /** In lower case. */
  readonly group: string
  /** The user's; undefined where a network is made. */
  readonly subnetId: string | undefined
  /** Tags of a part of the owner's network, sealed. */
  readonly tagsOf: (part: Part) => Record<string, string>
}

const space = '10.96.0.0/16'
const subnetSpace = '10.96.0.0/17'

const whereOf = ({ session, group }: Ground): Whereabouts => ({
  subscriptionId: session.subscriptionId,
  group,
})

const nameOf = ({ wish }: Ground, part: Part): string => partName(wish.owner.uid, part)

/** Makes what is missing, corrects what is not as it should be, and takes away what is not wanted. Every step may be repeated. */
export async function build(ground: Ground, found: Belongings | undefined, call: Call): Promise<void> {
  const isPublic = ground.wish.exposure === 'Public'
  const [subnetId, rulesId] = await Promise.all([
    subnet(ground, found, call),
    rules(ground, found, call),
    isPublic && found?.address === undefined ? makeAddress(ground, call) : undefined,
  ])
  await correctInterface(ground, found?.interface, { subnetId, rulesId, isPublic }, call)
  if (!isPublic && found?.address !== undefined) await removeAddress(ground, call)
}

/** The subnet of machines: it stays where its scheduler's interface is, whatever is asked of new clusters. */
async function subnet(ground: Ground, found: Belongings | undefined, call: Call): Promise<string> {
  const kept = found?.interface?.ipConfigurations?.[0]?.subnet?.id ?? ground.subnetId
  if (kept !== undefined) return kept
  const { session, settings, tagsOf, group } = ground
  const name = nameOf(ground, 'network')
  if (found?.network === undefined)
    await changed(
      session,
      'virtualNetworks.createOrUpdate',
      pace =>
        session.clients.network.virtualNetworks.createOrUpdate(
          group,
          name,
          {
            location: settings.location,
            tags: tagsOf('network'),
            addressSpace: { addressPrefixes: [space] },
            subnets: [{ name: subnetName, addressPrefix: subnetSpace }],
          },
          pace,
        ),
      call,
    )
  return madeSubnet(session, ground.wish.owner.uid, group)
}

/** The id of the subnet of a network that is made for a cluster. */
export const madeSubnet = (
  { subscriptionId }: Pick<AzureSession, 'subscriptionId'>,
  uid: ClusterUid,
  group: string,
): string =>
  `${idOf({ subscriptionId, group }, 'virtualNetworks', partName(uid, 'network'))}/subnets/${subnetName}`

/** The id of the rules of the scheduler's interface. */
async function rules(ground: Ground, found: Belongings | undefined, call: Call): Promise<string> {
  const given = ground.settings.networkSecurityGroup
  if (given !== undefined)
    return idOf({ ...whereOf(ground), group: given.resourceGroup }, 'networkSecurityGroups', given.name)
  if (found?.members === undefined) await makeMembers(ground, call)
  await Promise.all([
    correctRules(ground, 'scheduler-rules', found?.schedulerRules, call),
    correctRules(ground, 'worker-rules', found?.workerRules, call),
  ])
  return idOf(whereOf(ground), 'networkSecurityGroups', nameOf(ground, 'scheduler-rules'))
}

async function makeMembers(ground: Ground, call: Call): Promise<void> {
  const { session, settings, tagsOf, group } = ground
  await changed(
    session,
    'applicationSecurityGroups.createOrUpdate',
    pace =>
      session.clients.network.applicationSecurityGroups.createOrUpdate(
        group,
        nameOf(ground, 'members'),
        { location: settings.location, tags: tagsOf('members') },
        pace,
      ),
    call,
  )
}

async function correctRules(
  ground: Ground,
  part: 'scheduler-rules' | 'worker-rules',
  found: Belongings['workerRules'],
  call: Call,
): Promise<void> {
  const { session, settings, wish, tagsOf, group } = ground
  const members = idOf(whereOf(ground), 'applicationSecurityGroups', nameOf(ground, 'members'))
  const { admitted, viewers } = wish
  const wanted = wantedRules(part, { admitted, viewers, ssh: settings.sshCIDRs, members })
  if (found !== undefined && isAsWanted(found, wanted)) return
  await changed(
    session,
    'networkSecurityGroups.createOrUpdate',
    pace =>
      session.clients.network.networkSecurityGroups.createOrUpdate(
        group,
        nameOf(ground, part),
        { location: settings.location, tags: tagsOf(part), securityRules: wanted },
        pace,
      ),
    call,
  )
}

async function makeAddress(ground: Ground, call: Call): Promise<void> {
  const { session, settings, tagsOf, group } = ground
  await changed(
    session,
    'publicIPAddresses.createOrUpdate',
    pace =>
      session.clients.network.publicIPAddresses.createOrUpdate(
        group,
        nameOf(ground, 'scheduler-address'),
        {
          location: settings.location,
          tags: tagsOf('scheduler-address'),
          sku: { name: 'Standard' },
          publicIPAllocationMethod: 'Static',
          publicIPAddressVersion: 'IPv4',
        },
        pace,
      ),
    call,
  )
}

async function removeAddress(ground: Ground, call: Call): Promise<void> {
  const { session, group } = ground
  await unless(
    isGone,
    changed(
      session,
      'publicIPAddresses.delete',
      pace =>
        session.clients.network.publicIPAddresses.delete(group, nameOf(ground, 'scheduler-address'), pace),
      call,
    ),
  )
}

interface Wiring {
  readonly subnetId: string
  readonly rulesId: string
  readonly isPublic: boolean
}

/** Azure gives it an address that is then held fast: a machine that is replaced finds it again. */
async function correctInterface(
  ground: Ground,
  found: NetworkInterface | undefined,
  wiring: Wiring,
  call: Call,
): Promise<void> {
  const addressId = wiring.isPublic
    ? idOf(whereOf(ground), 'publicIPAddresses', nameOf(ground, 'scheduler-address'))
    : undefined
  const [config] = found?.ipConfigurations ?? []
  const isWired =
    sameId(found?.networkSecurityGroup?.id) === sameId(wiring.rulesId) &&
    sameId(config?.publicIPAddress?.id) === sameId(addressId)
  if (isWired && config?.privateIPAllocationMethod === 'Static') return
  const host = config?.privateIPAddress ?? (await firstAddress(ground, wiring, addressId, call))
  await putInterface(ground, { ...wiring, addressId, host }, call)
}

async function firstAddress(
  ground: Ground,
  wiring: Wiring,
  addressId: string | undefined,
  call: Call,
): Promise<string> {
  const made = await putInterface(ground, { ...wiring, addressId, host: undefined }, call)
  const host = made.ipConfigurations?.[0]?.privateIPAddress
  if (!host)
    throw new CloudError('unavailable', 'Azure has not given the scheduler’s interface an address yet')
  return host
}

function putInterface(
  ground: Ground,
  wired: Wiring & { readonly addressId: string | undefined; readonly host: string | undefined },
  call: Call,
): Promise<NetworkInterface> {
  const { session, settings, tagsOf, group } = ground
  const members = idOf(whereOf(ground), 'applicationSecurityGroups', nameOf(ground, 'members'))
  const isOwn = settings.networkSecurityGroup === undefined
  const config = {
    name: 'dask',
    primary: true,
    subnet: { id: wired.subnetId },
    ...(wired.host === undefined
      ? { privateIPAllocationMethod: 'Dynamic' }
      : { privateIPAllocationMethod: 'Static', privateIPAddress: wired.host }),
    ...(wired.addressId === undefined ? {} : { publicIPAddress: { id: wired.addressId } }),
    ...(isOwn ? { applicationSecurityGroups: [{ id: members }] } : {}),
  }
  const parameters: NetworkInterface = {
    location: settings.location,
    tags: tagsOf('scheduler-interface'),
    networkSecurityGroup: { id: wired.rulesId },
    ipConfigurations: [config],
  }
  return changed(
    session,
    'networkInterfaces.createOrUpdate',
    pace =>
      session.clients.network.networkInterfaces.createOrUpdate(
        group,
        nameOf(ground, 'scheduler-interface'),
        parameters,
        pace,
      ),
    call,
  )
}
