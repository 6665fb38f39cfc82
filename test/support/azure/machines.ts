import { images, sizeNamed } from './catalog.ts'
import { ArmFailure, invalid, noGroup } from './failure.ts'
import { giveAddress, types, unplug, wireInterface } from './network.ts'
import {
  type AzureWorld,
  type Json,
  listIn,
  lower,
  members,
  type Operation,
  type Resource,
  word,
} from './world.ts'

export const machineType = 'Microsoft.Compute/virtualMachines'
export const diskType = 'Microsoft.Compute/disks'

const kindOf = (body: Json): string => {
  const { hardwareProfile, priority } = members(body['properties'])
  const zone = Array.isArray(body['zones']) ? body['zones'][0] : 'any'
  return `${word(members(hardwareProfile)['vmSize'])} ${zone} ${priority === 'Spot' ? 'Spot' : 'OnDemand'}`
}

/** Refuses at once what Azure refuses before it begins. */
function requireSound(world: AzureWorld, body: Json): void {
  const wanted = members(body['properties'])
  const { vmSize } = members(wanted['hardwareProfile'])
  const size = sizeNamed(word(vmSize))
  if (size === undefined) throw invalid('vmSize', `The requested VM size ${word(vmSize)} is not known.`)
  if (size.isRestricted)
    throw new ArmFailure(
      409,
      'SkuNotAvailable',
      `The requested size ${size.name} is currently not available.`,
    )
  if (world.there(machineType).length >= world.quota)
    throw new ArmFailure(
      409,
      'OperationNotAllowed',
      'Operation could not be completed as it results in exceeding approved Total Regional Cores quota.',
    )
  if (members(wanted['securityProfile'])['securityType'] === 'Standard')
    throw invalid(
      'securityProfile.securityType',
      'The subscription has not registered UseStandardSecurityType.',
    )
  const { osProfile } = wanted
  const { customData, linuxConfiguration } = members(osProfile)
  if (Buffer.from(word(customData), 'base64').length > 65_535)
    throw invalid('customData', 'Custom data must be in Base64 encoding and 64 KiB at most.')
  if (listIn(members(members(linuxConfiguration)['ssh'])['publicKeys']).length === 0)
    throw invalid('linuxConfiguration.ssh.publicKeys', 'Authentication using SSH needs a key.')
  requireImage(members(members(wanted['storageProfile'])['imageReference']))
}

function requireImage(reference: Json): void {
  const { publisher, offer, sku, version, id, communityGalleryImageId } = reference
  if (id !== undefined || communityGalleryImageId !== undefined) return
  const known = images.find(each => each.publisher === publisher && each.offer === offer && each.sku === sku)
  if (known === undefined || !known.versions.some(each => each === version))
    throw new ArmFailure(
      404,
      'PlatformImageNotFound',
      `The platform image '${word(offer)}' is not available.`,
    )
}

/** Makes a machine of what was asked for, with its interface, address and disk. */
export function makeMachine(
  world: AzureWorld,
  { group, name, body }: { readonly group: string; readonly name: string; readonly body: Json },
): { readonly made: Resource; readonly operation: Operation } {
  if (world.find(world.idOf(group, 'resourceGroups', group)) === undefined) throw noGroup(group)
  requireSound(world, body)
  const wanted = members(body['properties'])
  const profile = members(wanted['networkProfile'])
  for (const each of listIn(profile['networkInterfaces'])) requireFreeInterface(world, word(each['id']))
  const made = world.add(group, machineType, name, body)
  made.customData = word(members(wanted['osProfile'])['customData'])
  const { customData: _untold, ...told } = members(wanted['osProfile'])
  made.properties = {
    ...wanted,
    osProfile: told,
    networkProfile: { networkInterfaces: plugIn(world, made, profile) },
    provisioningState: 'Creating',
    timeCreated: new Date(world.now()).toISOString(),
    vmId: made.id,
  }
  addDisk(world, made, members(members(wanted['storageProfile'])['osDisk']))
  refuseHalfMade(world, made)
  return { made, operation: beginLife(world, made, kindOf(body)) }
}

function requireFreeInterface(world: AzureWorld, id: string): void {
  const found = world.find(id)
  if (found === undefined)
    throw new ArmFailure(400, 'InvalidResourceReference', `Resource ${id} was not found.`)
  const { id: user } = members(found.properties['virtualMachine'])
  if (user !== undefined)
    throw new ArmFailure(
      400,
      'NicInUse',
      `Network Interface ${id} is used by existing resource ${word(user)}.`,
    )
}

/** Azure makes the parts of a machine first, and does not always take them away again. */
function refuseHalfMade(world: AzureWorld, made: Resource): void {
  const left = world.halfMade.get(made.group) ?? 0
  if (left === 0) return
  world.halfMade.set(made.group, left - 1)
  vanish(world, made, ['interface', 'disk'])
  throw new ArmFailure(409, 'SkuNotAvailable', 'The requested size is currently not available.')
}

/** Interfaces that were there, and those that are made with it. */
function plugIn(world: AzureWorld, made: Resource, profile: Json): readonly Json[] {
  const given = listIn(profile['networkInterfaces'])
  for (const each of given) world.get(word(each['id'])).properties['virtualMachine'] = { id: made.id }
  const inline = listIn(profile['networkInterfaceConfigurations']).map(config => {
    const { deleteOption, ...wanted } = members(config['properties'])
    const nic = world.add(made.group, types.interface, word(config['name']), {
      location: made.body.location,
      tags: config['tags'],
    })
    wireInterface(world, nic, withAddress(world, made, wanted))
    nic.properties['virtualMachine'] = { id: made.id }
    return { id: nic.id, properties: { primary: true, deleteOption } }
  })
  return [...given, ...inline]
}

function withAddress(world: AzureWorld, made: Resource, wanted: Json): Json {
  const [config = {}] = listIn(wanted['ipConfigurations'])
  const { publicIPAddressConfiguration, ...asked } = members(config['properties'])
  if (publicIPAddressConfiguration === undefined) return wanted
  const { name, tags, properties } = members(publicIPAddressConfiguration)
  const address = world.add(made.group, types.address, word(name), { location: made.body.location, tags })
  giveAddress(world, address)
  address.properties['deleteOption'] = members(properties)['deleteOption']
  return {
    ...wanted,
    ipConfigurations: [{ ...config, properties: { ...asked, publicIPAddress: { id: address.id } } }],
  }
}

function addDisk(world: AzureWorld, made: Resource, wanted: Json): void {
  const name = word(wanted['name'])
  if (name.length > 80) throw invalid('osDisk.name', 'A name has 80 characters at most.')
  const disk = world.add(made.group, diskType, name, {
    location: made.body.location,
    ...(world.disksHaveTags ? { tags: made.body.tags } : {}),
  })
  Object.assign(disk.body, { managedBy: made.id })
  disk.properties = {
    diskState: 'Attached',
    provisioningState: 'Succeeded',
    deleteOption: wanted['deleteOption'],
  }
}

function beginLife(world: AzureWorld, made: Resource, kind: string): Operation {
  const left = world.stock.get(kind)
  const hasRoom = left === undefined || left > 0
  if (left !== undefined && hasRoom) world.stock.set(kind, left - 1)
  made.states = ['ProvisioningState/creating']
  if (hasRoom)
    world.after(world.tempo.bootMs, () => {
      if (made.properties['provisioningState'] !== 'Deleting')
        made.states = ['ProvisioningState/succeeded', 'PowerState/running']
    })
  return world.begin(world.tempo.makeMs, () => {
    if (made.properties['provisioningState'] === 'Deleting') return undefined
    made.properties['provisioningState'] = hasRoom ? 'Succeeded' : 'Failed'
    if (hasRoom) return undefined
    const code = kind.includes(' any ') ? 'AllocationFailed' : 'ZonalAllocationFailed'
    made.states = [`ProvisioningState/failed/${code}`]
    return {
      code,
      message: 'Allocation failed. We do not have sufficient capacity for the requested VM size.',
    }
  })
}

/** Takes a machine away, and what is to go with it. */
export function endMachine(world: AzureWorld, machine: Resource): Operation {
  machine.properties['provisioningState'] = 'Deleting'
  return world.begin(world.tempo.deleteMs, () => {
    if (machine.goneAt === undefined) vanish(world, machine)
    return undefined
  })
}

/** At once. `leaving` names what stays all the same, as it does now and then. */
export function vanish(
  world: AzureWorld,
  machine: Resource,
  leaving: readonly ('interface' | 'disk')[] = [],
): void {
  world.remove(machine)
  const { networkInterfaces } = members(machine.properties['networkProfile'])
  for (const each of listIn(networkInterfaces)) {
    const nic = world.find(word(each['id']))
    if (nic === undefined) continue
    delete nic.properties['virtualMachine']
    const goes = members(each['properties'])['deleteOption'] === 'Delete' && !leaving.includes('interface')
    if (!goes) continue
    const config = members(listIn(nic.properties['ipConfigurations'])[0]?.['properties'])
    const address = world.find(word(members(config['publicIPAddress'])['id']))
    unplug(world, nic)
    if (address?.properties['deleteOption'] === 'Delete') world.remove(address)
  }
  for (const disk of world.there(diskType)) {
    if (lower(members(disk.body)['managedBy']) !== lower(machine.id)) continue
    Object.assign(disk.body, { managedBy: undefined })
    disk.properties['diskState'] = 'Unattached'
    if (disk.properties['deleteOption'] === 'Delete' && !leaving.includes('disk')) world.remove(disk)
  }
}

/** Switched off from inside: Azure keeps it, and asks for its price. */
export function powerOff(machine: Resource): void {
  machine.states = ['ProvisioningState/succeeded', 'PowerState/stopped']
}
