import { ArmFailure, invalid } from './failure.ts'
import { type AzureWorld, type Json, listIn, lower, members, type Resource, word } from './world.ts'

export const types = {
  interface: 'Microsoft.Network/networkInterfaces',
  address: 'Microsoft.Network/publicIPAddresses',
  rules: 'Microsoft.Network/networkSecurityGroups',
  members: 'Microsoft.Network/applicationSecurityGroups',
  network: 'Microsoft.Network/virtualNetworks',
} as const

const idIn = (value: unknown): string => word(members(value)['id'])

function requireThing(world: AzureWorld, reference: unknown, from: string): Resource | undefined {
  if (reference === undefined) return undefined
  const found = world.find(idIn(reference))
  if (found !== undefined) return found
  throw new ArmFailure(
    400,
    'InvalidResourceReference',
    `Resource ${idIn(reference)} referenced by resource ${from} was not found.`,
  )
}

/** The network that a subnet is of, and the first three numbers of its space. */
function subnetIn(world: AzureWorld, reference: unknown, from: string): { readonly prefix: string } {
  const [networkId = '', name = ''] = idIn(reference).split('/subnets/')
  const network = requireThing(world, { id: networkId }, from)
  const subnet = listIn(network?.properties['subnets']).find(each => lower(each['name']) === lower(name))
  if (subnet === undefined)
    throw new ArmFailure(400, 'InvalidResourceReference', `Subnet ${name} was not found.`)
  return { prefix: word(members(subnet['properties'])['addressPrefix']).split('.').slice(0, 3).join('.') }
}

/** What an interface asks for, with an address of its own and everything it names bound to it. */
export function wireInterface(world: AzureWorld, made: Resource, wanted: Json): void {
  const before = listIn(made.properties['ipConfigurations'])[0]
  const [config = {}] = listIn(wanted['ipConfigurations'])
  const asked = members(config['properties'])
  const { prefix } = subnetIn(world, asked['subnet'], made.id)
  requireThing(world, wanted['networkSecurityGroup'], made.id)
  for (const each of listIn(asked['applicationSecurityGroups'])) requireThing(world, each, made.id)
  const address = requireThing(world, asked['publicIPAddress'], made.id)
  const configId = `${made.id}/ipConfigurations/${word(config['name'])}`
  const bound = members(address?.properties['ipConfiguration'])['id']
  if (bound !== undefined && lower(bound) !== lower(configId))
    throw new ArmFailure(400, 'PublicIPAddressInUse', `Resource ${made.id} cannot use ${address?.id ?? ''}.`)
  for (const each of world.there(types.address))
    if (lower(members(each.properties['ipConfiguration'])['id']) === lower(configId))
      delete each.properties['ipConfiguration']
  if (address !== undefined) address.properties['ipConfiguration'] = { id: configId }
  const kept = members(before?.['properties'])['privateIPAddress']
  const host = asked['privateIPAddress'] ?? kept ?? world.privateIp(prefix, world.nextNumber())
  requireFree(world, made, word(host))
  made.properties = {
    ...made.properties,
    ...wanted,
    provisioningState: 'Succeeded',
    ipConfigurations: [
      {
        name: config['name'],
        id: configId,
        properties: { privateIPAllocationMethod: 'Dynamic', ...asked, privateIPAddress: host },
      },
    ],
  }
}

function requireFree(world: AzureWorld, own: Resource, host: string): void {
  const taken = world
    .there(types.interface)
    .find(
      each =>
        each !== own &&
        listIn(each.properties['ipConfigurations']).some(
          config => members(config['properties'])['privateIPAddress'] === host,
        ),
    )
  if (taken !== undefined)
    throw new ArmFailure(400, 'PrivateIPAddressInUse', `IP configuration ${taken.id} is using ${host}.`)
}

export function giveAddress(world: AzureWorld, made: Resource): void {
  made.properties = {
    ...made.properties,
    provisioningState: 'Succeeded',
    ipAddress: made.properties['ipAddress'] ?? `203.0.113.${world.nextNumber()}`,
  }
}

/** Rules as they are told; each needs a place of its own, and addresses of one family. */
export function takeRules(made: Resource, wanted: Json): void {
  const rules = listIn(wanted['securityRules'])
  const places = rules.map(rule => members(rule['properties'])['priority'])
  if (new Set(places).size < places.length)
    throw new ArmFailure(400, 'SecurityRuleConflict', 'Two security rules have one priority.')
  for (const rule of rules) {
    const { sourceAddressPrefixes: prefixes } = members(rule['properties'])
    const all = Array.isArray(prefixes) ? prefixes.map(String) : []
    if (all.some(each => each.includes(':')) && all.some(each => !each.includes(':')))
      throw invalid('sourceAddressPrefixes', 'IPv4 and IPv6 prefixes are in one rule.')
  }
  made.properties = { ...made.properties, securityRules: rules, provisioningState: 'Succeeded' }
}

export function takeNetwork(made: Resource, wanted: Json): void {
  const subnets = listIn(wanted['subnets']).map(subnet => ({
    ...subnet,
    id: `${made.id}/subnets/${word(subnet['name'])}`,
  }))
  made.properties = { ...made.properties, ...wanted, subnets, provisioningState: 'Succeeded' }
}

/** Whatever still needs a thing keeps it. */
export function requireUnused(world: AzureWorld, thing: Resource): void {
  const uses = (each: Resource): boolean =>
    each !== thing && lower(JSON.stringify(each.properties)).includes(`"${lower(thing.id)}`)
  const refuse = (code: string, by: string): never => {
    throw new ArmFailure(400, code, `${thing.id} cannot be deleted: it is in use by ${by}.`)
  }
  const interfaces = world.there(types.interface)
  if (lower(thing.type) === lower(types.interface)) {
    const machine = members(thing.properties['virtualMachine'])['id']
    if (machine !== undefined) refuse('NicInUse', word(machine))
    return
  }
  const user = [...interfaces, ...world.there(types.rules)].find(uses)
  if (user === undefined) return
  refuse(inUse[lower(thing.type)] ?? 'Conflict', user.id)
}

const inUse: Readonly<Record<string, string>> = {
  [lower(types.address)]: 'PublicIPAddressCannotBeDeleted',
  [lower(types.rules)]: 'InUseNetworkSecurityGroupCannotBeDeleted',
  [lower(types.members)]: 'InUseApplicationSecurityGroupCannotBeDeleted',
  [lower(types.network)]: 'InUseSubnetCannotBeDeleted',
}

/** Takes an interface away with all that is bound to it. */
export function unplug(world: AzureWorld, thing: Resource): void {
  for (const each of world.there(types.address))
    if (lower(members(each.properties['ipConfiguration'])['id']).startsWith(`${lower(thing.id)}/`))
      delete each.properties['ipConfiguration']
  world.remove(thing)
}
