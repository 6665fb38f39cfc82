import { invalidField, notFound } from './failure.ts'
import {
  type Address,
  type Firewall,
  head,
  type Instance,
  type Json,
  linkTo,
  type Network,
  type Project,
  partsOf,
  pathOf,
  type Subnetwork,
} from './world.ts'

/** Whose thing a link leads to: this project's own, unless it names another. */
const projectIn = (
  project: Project,
  link: string,
): { readonly home: Project; readonly rest: readonly string[] } => {
  const parts = partsOf(link)
  if (parts[0] !== 'projects') return { home: project, rest: parts }
  return { home: project.world.project(parts[1] ?? ''), rest: parts.slice(2) }
}

/** A network of this project or of one that shares it. Throws where there is none. */
export function networkAt(
  project: Project,
  link: string,
  path: string,
): { readonly home: Project; readonly network: Network } {
  const { home, rest } = projectIn(project, link)
  const [scope, collection, name = ''] = rest
  if (scope !== 'global' || collection !== 'networks') throw invalidField(path, link, 'The URL is malformed.')
  const network = home.networks.get(`global/${name}`)
  if (network === undefined) throw notFound(`projects/${home.name}/global/networks/${name}`)
  return { home, network }
}

export interface Placed {
  readonly home: Project
  readonly network: Network
  readonly subnetwork: Subnetwork
}

/** The subnetwork that an interface asks for in a region, by itself or by its network. */
export function subnetworkFor(
  project: Project,
  asked: { readonly network: string | undefined; readonly subnetwork: string | undefined },
  region: string,
  path: string,
): Placed {
  if (asked.subnetwork !== undefined) return subnetworkAt(project, asked.subnetwork, region, path)
  const { home, network } = networkAt(project, asked.network ?? 'global/networks/default', `${path}.network`)
  const subnetwork = home.subnetworks.get(`regions/${region}/${network.name}`)
  if (!network.isAuto || subnetwork === undefined)
    throw invalidField(path, asked.network, 'Subnetwork should be specified for custom subnetmode network')
  return { home, network, subnetwork }
}

function subnetworkAt(project: Project, link: string, region: string, path: string): Placed {
  const { home, rest } = projectIn(project, link)
  const [kind, place = '', collection, name = ''] = rest
  if (kind !== 'regions' || collection !== 'subnetworks')
    throw invalidField(`${path}.subnetwork`, link, 'The URL is malformed.')
  const subnetwork = home.subnetworks.get(`regions/${place}/${name}`)
  if (subnetwork === undefined) throw notFound(`projects/${home.name}/regions/${place}/subnetworks/${name}`)
  if (place !== region) throw invalidField(`${path}.subnetwork`, link, `It is not in the region ${region}.`)
  const network = home.networks.get(`global/${subnetwork.network}`)
  if (network === undefined) throw notFound(`projects/${home.name}/global/networks/${subnetwork.network}`)
  return { home, network, subnetwork }
}

/** An address of a subnetwork that nothing has. */
export function freeIp(home: Project, subnetwork: Subnetwork): string {
  for (;;) {
    const seq = home.world.next()
    const ip =
      home.world.privateIp?.(seq) ?? `${subnetwork.prefix}.${Math.floor(seq / 250) % 16}.${2 + (seq % 250)}`
    if (holderOf(home, subnetwork, ip) === undefined) return ip
  }
}

/** Whatever has an internal address by now, of whatever project it is: a machine, or a reservation. */
export function holderOf(
  { world, name }: Project,
  subnetwork: Subnetwork,
  ip: string,
): Instance | Address | undefined {
  const link = `projects/${name}/${subnetwork.scope}/subnetworks/${subnetwork.name}`
  for (const { instances, addresses } of world.projects.values()) {
    const instance = instances.values().find(({ nic }) => nic.subnetwork === link && nic.ip === ip)
    const address = addresses.values().find(each => each.subnetwork === link && each.address === ip)
    if (instance !== undefined || address !== undefined) return instance ?? address
  }
  return undefined
}

/** Instances that have an address now. */
export const usersOf = (
  { instances }: Project,
  { address, kind, subnetwork }: Address,
): readonly Instance[] =>
  instances
    .values()
    .filter(({ nic }) =>
      kind === 'EXTERNAL' ? nic.natIp === address : nic.ip === address && nic.subnetwork === subnetwork,
    )
    .toArray()

export function addressJson(project: Project, address: Address): Json {
  const users = usersOf(project, address).map(each => linkTo(pathOf(project, 'instances', each)))
  const { kind, subnetwork, description } = address
  return {
    ...head(project, 'addresses', address, 'address'),
    address: address.address,
    addressType: kind,
    description,
    region: linkTo(`projects/${project.name}/${address.scope}`),
    networkTier: 'PREMIUM',
    labelFingerprint: '42WmSpB8rSM=',
    ...(kind === 'INTERNAL' ? { purpose: 'GCE_ENDPOINT' } : {}),
    ...(subnetwork === undefined ? {} : { subnetwork: linkTo(subnetwork) }),
    status: users.length > 0 ? 'IN_USE' : project.world.now() < address.readyAt ? 'RESERVING' : 'RESERVED',
    ...(users.length > 0 ? { users } : {}),
  }
}

export const firewallJson = (project: Project, firewall: Firewall): Json => ({
  ...head(project, 'firewalls', firewall, 'firewall'),
  ...firewall.rule,
})

export function networkJson(project: Project, network: Network): Json {
  const own = [...project.subnetworks.values()].filter(each => each.network === network.name)
  return {
    ...head(project, 'networks', network, 'network'),
    autoCreateSubnetworks: network.isAuto,
    subnetworks: own.map(each => linkTo(pathOf(project, 'subnetworks', each))),
    routingConfig: { routingMode: 'REGIONAL' },
  }
}

export const subnetworkJson = (project: Project, subnetwork: Subnetwork): Json => ({
  ...head(project, 'subnetworks', subnetwork, 'subnetwork'),
  network: linkTo(`projects/${project.name}/global/networks/${subnetwork.network}`),
  ipCidrRange: `${subnetwork.prefix}.0.0/20`,
  gatewayAddress: `${subnetwork.prefix}.0.1`,
  region: linkTo(`projects/${project.name}/${subnetwork.scope}`),
  privateIpGoogleAccess: false,
  purpose: 'PRIVATE',
  stackType: 'IPV4_ONLY',
})
