import type { Call } from '../../lib/call.ts'
import type { Place } from '../own-machines.ts'
import { isGone } from './faults.ts'
import { everyPage } from './pages.ts'
import {
  type ApplicationSecurityGroup,
  type Disk,
  type NetworkInterface,
  type NetworkSecurityGroup,
  type PublicIPAddress,
  type ResourceGroup,
  sameId,
  type VirtualMachine,
  type VirtualNetwork,
} from './sdk.ts'
import type { AzureSession } from './session.ts'
import type { Eyes } from './sizes.ts'

/** Everything that a principal may see in a subscription, of the kinds that clusters are made of. */
export interface Look extends Resources {
  readonly machines: readonly VirtualMachine[]
  /** Codes such as `PowerState/running`, by the machine's id in lower case. */
  readonly states: ReadonlyMap<string, readonly string[]>
  readonly disks: readonly Disk[]
}

/** What belongs to clusters beside machines. */
export interface Resources {
  readonly groups: readonly ResourceGroup[]
  readonly interfaces: readonly NetworkInterface[]
  readonly addresses: readonly PublicIPAddress[]
  readonly rules: readonly NetworkSecurityGroup[]
  readonly members: readonly ApplicationSecurityGroup[]
  readonly networks: readonly VirtualNetwork[]
}

export const machinesIn = (session: AzureSession, call: Call): Promise<readonly VirtualMachine[]> =>
  everyPage(
    session,
    'virtualMachines.listAll',
    options => session.clients.compute.virtualMachines.listAll(options),
    call,
  )

/** Those in one group: unlike a list of the subscription, it shows what was made a moment ago. */
export const machinesOf = (
  session: AzureSession,
  group: string,
  call: Call,
): Promise<readonly VirtualMachine[]> =>
  everyPage(
    session,
    'virtualMachines.list',
    options => session.clients.compute.virtualMachines.list(group, options),
    call,
  )

/** What goes by a name now, whatever lists say; undefined where nothing does. */
export const machineNow = (
  session: AzureSession,
  { id, place }: Place,
  call: Call,
): Promise<VirtualMachine | undefined> =>
  session
    .make('virtualMachines.get', call, options =>
      session.clients.compute.virtualMachines.get(place, id, options),
    )
    .catch((error: unknown) => {
      if (isGone(error)) return undefined
      throw error
    })

/** Whether machines run is told by a list of its own, which has nothing else of them. */
async function statesIn(session: AzureSession, call: Call): Promise<Look['states']> {
  const found = await everyPage(
    session,
    'virtualMachines.listAll',
    options => session.clients.compute.virtualMachines.listAll({ ...options, statusOnly: 'true' }),
    call,
  )
  return new Map(
    found.map(({ id, instanceView }) => [
      sameId(id),
      (instanceView?.statuses ?? []).flatMap(({ code }) => (code ? [code] : [])),
    ]),
  )
}

/** Lists side by side: first of machines, then of what is around them, unless that is known. */
export async function lookAround({ session, subscription }: Eyes, call: Call): Promise<Look> {
  const { compute } = session.clients
  const [machines, states, disks] = await Promise.all([
    machinesIn(session, call),
    statesIn(session, call),
    everyPage(session, 'disks.list', options => compute.disks.list(options), call),
  ])
  const own = { machines, states, disks }
  return { ...own, ...(await subscription.surroundings.of(own, () => resourcesIn(session, call))) }
}

export async function resourcesIn(session: AzureSession, call: Call): Promise<Resources> {
  const { network: net, resources } = session.clients
  const [groups, interfaces, addresses, rules, members, networks] = await Promise.all([
    everyPage(session, 'resourceGroups.list', each => resources.resourceGroups.list(each), call),
    everyPage(session, 'networkInterfaces.listAll', each => net.networkInterfaces.listAll(each), call),
    everyPage(session, 'publicIPAddresses.listAll', each => net.publicIPAddresses.listAll(each), call),
    everyPage(
      session,
      'networkSecurityGroups.listAll',
      each => net.networkSecurityGroups.listAll(each),
      call,
    ),
    everyPage(
      session,
      'applicationSecurityGroups.listAll',
      each => net.applicationSecurityGroups.listAll(each),
      call,
    ),
    everyPage(session, 'virtualNetworks.listAll', each => net.virtualNetworks.listAll(each), call),
  ])
  return { groups, interfaces, addresses, rules, members, networks }
}
