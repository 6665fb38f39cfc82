import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { NetworkWish } from '../contract.ts'
import { unless } from '../unless.ts'
import type { Belongings } from './belongings.ts'
import { isGone, isThereAlready } from './faults.ts'
import { addressesOf, zoneOf } from './machines.ts'
import { type Part, partName } from './names.ts'
import { finished } from './operations.ts'
import { firewallOf, isAsWanted, wantedRules } from './rules.ts'
import { type Address, type Firewall, type Instance, lastOf, pathOf } from './sdk.ts'
import type { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'
import type { Site } from './sites.ts'

/** What making a cluster's network needs to know. */
export interface Ground {
  readonly session: GcpSession
  readonly settings: GcpSettings
  readonly site: Site
  readonly wish: NetworkWish
  /** A description of a part of the owner's network that is in a place, sealed. */
  readonly describe: (part: Part, where: string) => string
}

/** Makes what is missing, corrects what is not as it should be, and takes away what is not wanted. Every step may be repeated. */
export async function build(
  ground: Ground,
  found: Belongings | undefined,
  scheduler: Instance | undefined,
  call: Call,
): Promise<void> {
  const { wish } = ground
  const isPublic = wish.exposure === 'Public'
  await Promise.all([
    found?.internal === undefined ? makeAddress(ground, 'internal', call) : undefined,
    isPublic && found?.external === undefined ? makeAddress(ground, 'external', call) : undefined,
    correct(ground, found?.firewalls ?? [], call),
  ])
  if (isPublic) {
    if (scheduler !== undefined) await bind(ground, scheduler, call)
  } else if (found?.external !== undefined) {
    if (scheduler !== undefined) await unbind(ground, scheduler, call)
    await removeAddress(ground.session, found.external, call)
  }
}

async function makeAddress(
  { session, settings, site, wish, describe }: Ground,
  part: 'internal' | 'external',
  call: Call,
): Promise<void> {
  const { project, clients } = session
  const addressResource = {
    name: partName(wish.owner.uid, part),
    description: describe(part, settings.region),
    ...(part === 'internal'
      ? { addressType: 'INTERNAL', purpose: 'GCE_ENDPOINT', subnetwork: site.subnetwork }
      : { addressType: 'EXTERNAL', networkTier: 'PREMIUM' }),
  }
  const asked = { project, region: settings.region, addressResource }
  await unless(
    isThereAlready,
    session
      .make('addresses.insert', call, options => clients.addresses.insert(asked, options))
      .then(begun => finished(session, 'addresses.insert', begun, call)),
  )
}

/** Makes and widens before it takes away: nobody who may come in is kept out meanwhile. */
async function correct(ground: Ground, found: readonly Firewall[], call: Call): Promise<void> {
  const { session, settings, site, wish, describe } = ground
  const { uid } = wish.owner
  // It stays where its rules are, whatever is asked of new clusters.
  const network = pathOf(found[0]?.network) || site.network
  const { admitted, viewers } = wish
  const wanted =
    settings.firewall === 'None' ? [] : wantedRules(uid, { admitted, viewers, ssh: settings.sshCIDRs })
  await Promise.all(
    wanted.map(async rule => {
      const known = found.find(({ name }) => name === partName(uid, rule.part))
      const about = { network, description: describe(rule.part, network) }
      const firewallResource = firewallOf(uid, rule, about)
      if (known === undefined) await makeFirewall(session, firewallResource, call)
      else if (!isAsWanted(known, rule)) await patchFirewall(session, firewallResource, call)
    }),
  )
  const kept = new Set(wanted.map(({ part }) => partName(uid, part)))
  for (const { name } of found) if (name && !kept.has(name)) await removeFirewall(session, name, call)
}

async function makeFirewall(session: GcpSession, firewallResource: Firewall, call: Call): Promise<void> {
  const { project, clients } = session
  await unless(
    isThereAlready,
    session
      .make('firewalls.insert', call, options =>
        clients.firewalls.insert({ project, firewallResource }, options),
      )
      .then(begun => finished(session, 'firewalls.insert', begun, call)),
  )
}

/** All of it is replaced: a patch would leave the members that are empty now as they were. */
async function patchFirewall(session: GcpSession, firewallResource: Firewall, call: Call): Promise<void> {
  const { project, clients } = session
  const asked = { project, firewall: firewallResource.name ?? '', firewallResource }
  const begun = await session.make('firewalls.update', call, options =>
    clients.firewalls.update(asked, options),
  )
  await finished(session, 'firewalls.update', begun, call)
}

async function removeFirewall(session: GcpSession, firewall: string, call: Call): Promise<void> {
  const { project, clients } = session
  await unless(
    isGone,
    session
      .make('firewalls.delete', call, options => clients.firewalls.delete({ project, firewall }, options))
      .then(begun => finished(session, 'firewalls.delete', begun, call)),
  )
}

async function removeAddress(session: GcpSession, { name, region }: Address, call: Call): Promise<void> {
  const { project, clients } = session
  const asked = { project, region: lastOf(region), address: name ?? '' }
  await unless(
    isGone,
    session
      .make('addresses.delete', call, options => clients.addresses.delete(asked, options))
      .then(begun => finished(session, 'addresses.delete', begun, call)),
  )
}

const accessName = 'External NAT'

/** Gives the scheduler that runs its address, where it has another or none. */
async function bind(ground: Ground, scheduler: Instance, call: Call): Promise<void> {
  const { session, settings, wish } = ground
  const { project, clients } = session
  const name = partName(wish.owner.uid, 'external')
  const [{ address: natIP }] = await session.make('addresses.get', call, options =>
    clients.addresses.get({ project, region: settings.region, address: name }, options),
  )
  if (!natIP) throw new CloudError('unavailable', 'Google has not given the scheduler’s address a number yet')
  const { external } = addressesOf(scheduler)
  if (external === natIP) return
  if (external !== undefined) await unbind(ground, scheduler, call)
  const asked = {
    ...onInterface(session, scheduler),
    accessConfigResource: { name: accessName, type: 'ONE_TO_ONE_NAT', natIP, networkTier: 'PREMIUM' },
  }
  const begun = await session.make('instances.addAccessConfig', call, options =>
    clients.instances.addAccessConfig(asked, options),
  )
  await finished(session, 'instances.addAccessConfig', begun, call)
}

async function unbind({ session }: Ground, scheduler: Instance, call: Call): Promise<void> {
  const [first] = scheduler.networkInterfaces ?? []
  const accessConfig = first?.accessConfigs?.[0]?.name
  if (!accessConfig) return
  const asked = { ...onInterface(session, scheduler), accessConfig }
  await unless(
    isGone,
    session
      .make('instances.deleteAccessConfig', call, options =>
        session.clients.instances.deleteAccessConfig(asked, options),
      )
      .then(begun => finished(session, 'instances.deleteAccessConfig', begun, call)),
  )
}

const onInterface = ({ project }: GcpSession, instance: Instance) => ({
  project,
  zone: zoneOf(instance),
  instance: instance.name ?? '',
  networkInterface: instance.networkInterfaces?.[0]?.name ?? 'nic0',
})

/**
 * Takes everything of a cluster away but its machines, which must have gone before. What is still in use is a CloudError
 * `not-yet`, and the rest of it is taken away all the same.
 */
export async function clear(session: GcpSession, own: Belongings, call: Call): Promise<void> {
  const addresses = [own.external, own.internal].filter(each => each !== undefined)
  const steps = [
    ...addresses.map(each => removeAddress(session, each, call)),
    ...own.firewalls.map(({ name }) => removeFirewall(session, name ?? '', call)),
  ]
  const ends = await Promise.allSettled(steps)
  const failed = ends.find(end => end.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
