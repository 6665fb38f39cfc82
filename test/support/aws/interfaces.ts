import { randomBytes } from 'node:crypto'
import { Ec2Failure, notFound } from './failure.ts'
import { filtered } from './filters.ts'
import type { Form } from './form.ts'
import { tagSet } from './looking.ts'
import { pageOf } from './pages.ts'
import {
  type Address,
  born,
  type Interface,
  newId,
  type Region,
  type Subnet,
  shown,
  type Tags,
} from './world.ts'
import type { Members, Xml } from './xml.ts'

export interface Wanted {
  readonly subnet: string
  readonly groups: readonly string[]
  readonly tags: Tags
  readonly token?: string | undefined
  readonly description?: string
}

/** Throws as EC2 does where the subnet or a group is not there. */
export function makeInterface(region: Region, wanted: Wanted): Interface {
  const subnet = subnetOf(region, wanted.subnet)
  for (const id of wanted.groups)
    if (!region.groups.has(id))
      throw new Ec2Failure('InvalidGroup.NotFound', `The security group '${id}' does not exist`)
  const thing = born(region, 'eni', wanted.tags)
  const made: Interface = {
    ...thing,
    subnet,
    privateIp: region.privateIp(thing.seq),
    mac: `02:${randomBytes(5)
      .toString('hex')
      .replaceAll(/..(?=.)/g, '$&:')}`,
    groups: wanted.groups,
    token: wanted.token,
    description: wanted.description ?? '',
    attached: undefined,
    publicIp: undefined,
  }
  region.interfaces.set(made.id, made)
  return made
}

export function subnetOf({ subnets }: Region, id: string): Subnet {
  const found = subnets.find(each => each.id === id)
  if (found === undefined) throw notFound('InvalidSubnetID', 'subnet', [id])
  return found
}

export function createNetworkInterface(region: Region, form: Form): Members {
  const wanted = {
    subnet: form.text('SubnetId'),
    groups: form.texts('SecurityGroupId'),
    token: form.maybe('ClientToken'),
    description: form.maybe('Description') ?? '',
    tags: form.tags(['network-interface'])('network-interface'),
  }
  const known = [...region.interfaces.values()].find(
    ({ token }) => token !== undefined && token === wanted.token,
  )
  const made = known ?? makeInterface(region, wanted)
  return { networkInterface: interfaceXml(region, made), clientToken: wanted.token }
}

export function describeNetworkInterfaces(region: Region, form: Form): Members {
  const ids = form.texts('NetworkInterfaceId')
  const all = shown(region, region.interfaces).filter(({ id }) => ids.length === 0 || ids.includes(id))
  const found = filtered<Interface>(all, form.filters(), {
    'network-interface-id': ({ id }) => [id],
    'subnet-id': ({ subnet }) => [subnet.id],
    'vpc-id': ({ subnet }) => [subnet.vpc],
    'group-id': ({ groups }) => groups,
    'attachment.instance-id': ({ attached }) => [attached?.instance],
  })
  const { items, nextToken } = pageOf(found, form, { least: 5, most: 1_000, ids: 'NetworkInterfaceId' })
  return { networkInterfaceSet: items.map(each => interfaceXml(region, each)), nextToken }
}

function interfaceXml(region: Region, made: Interface): Xml {
  const { id, subnet, privateIp: ip, mac, groups, tags, attached, description } = made
  return {
    networkInterfaceId: id,
    subnetId: subnet.id,
    vpcId: subnet.vpc,
    availabilityZone: subnet.zone,
    description,
    ownerId: region.account,
    status: attached === undefined ? 'available' : 'in-use',
    macAddress: mac,
    privateIpAddress: ip,
    groupSet: groups.map(groupId => ({ groupId, groupName: region.groups.get(groupId)?.name })),
    attachment:
      attached === undefined
        ? undefined
        : {
            instanceId: attached.instance,
            status: 'attached',
            deviceIndex: 0,
            deleteOnTermination: attached.goesWithIt,
          },
    tagSet: tagSet(tags),
  }
}

export function deleteNetworkInterface(region: Region, form: Form): Members {
  const id = form.text('NetworkInterfaceId')
  const found = region.interfaces.get(id)
  if (found === undefined) throw notFound('InvalidNetworkInterfaceID', 'networkInterface', [id])
  if (found.attached !== undefined)
    throw new Ec2Failure('InvalidParameterValue', `Network interface '${id}' is currently in use.`)
  region.interfaces.delete(id)
  for (const each of region.addresses.values())
    if (each.association?.network === id) each.association = undefined
  return {}
}

export function modifyNetworkInterfaceAttribute(region: Region, form: Form): Members {
  const id = form.text('NetworkInterfaceId')
  const groups = form.texts('SecurityGroupId')
  const found = region.interfaces.get(id)
  if (found === undefined) throw notFound('InvalidNetworkInterfaceID', 'networkInterface', [id])
  for (const group of groups)
    if (!region.groups.has(group))
      throw new Ec2Failure('InvalidGroup.NotFound', `The security group '${group}' does not exist`)
  found.groups = groups
  return {}
}

const mostAddresses = 5

export function allocateAddress(region: Region, form: Form): Members {
  form.oneOf('Domain', ['vpc'])
  const tags = form.tags(['elastic-ip'])('elastic-ip')
  if (region.addresses.size >= mostAddresses)
    throw new Ec2Failure('AddressLimitExceeded', 'The maximum number of addresses has been reached.')
  const thing = born(region, 'eipalloc', tags)
  const made = { ...thing, publicIp: region.publicIp(thing.seq), association: undefined }
  region.addresses.set(made.id, made)
  return { publicIp: made.publicIp, allocationId: made.id, domain: 'vpc' }
}

const addressOf = ({ addresses }: Region, id: string): Address => {
  const found = addresses.get(id)
  if (found === undefined) throw notFound('InvalidAllocationID', 'allocation', [id])
  return found
}

export function associateAddress(region: Region, form: Form): Members {
  const address = addressOf(region, form.text('AllocationId'))
  const network = form.text('NetworkInterfaceId')
  const mayMove = form.flag('AllowReassociation') === true
  if (!region.interfaces.has(network))
    throw notFound('InvalidNetworkInterfaceID', 'networkInterface', [network])
  if (address.association !== undefined && address.association.network !== network && !mayMove)
    throw new Ec2Failure('Resource.AlreadyAssociated', `resource ${address.id} is already associated`)
  for (const each of region.addresses.values())
    if (each.association?.network === network) each.association = undefined
  address.association = { id: newId('eipassoc'), network }
  return { associationId: address.association.id }
}

export function disassociateAddress(region: Region, form: Form): Members {
  const id = form.text('AssociationId')
  const address = [...region.addresses.values()].find(({ association }) => association?.id === id)
  if (address === undefined) throw notFound('InvalidAssociationID', 'association', [id])
  address.association = undefined
  return {}
}

export function releaseAddress(region: Region, form: Form): Members {
  const { id, association } = addressOf(region, form.text('AllocationId'))
  if (association !== undefined) throw new Ec2Failure('InvalidIPAddress.InUse', `Address ${id} is in use.`)
  region.addresses.delete(id)
  return {}
}

export function describeAddresses(region: Region, form: Form): Members {
  const found = filtered<Address>(shown(region, region.addresses), form.filters(), {
    'allocation-id': ({ id }) => [id],
    'network-interface-id': ({ association }) => [association?.network],
    'public-ip': ({ publicIp: ip }) => [ip],
  })
  return { addressesSet: found.map(each => addressXml(region, each)) }
}

function addressXml({ interfaces }: Region, { id, publicIp: ip, association, tags }: Address): Xml {
  const network = association === undefined ? undefined : interfaces.get(association.network)
  return {
    publicIp: ip,
    allocationId: id,
    domain: 'vpc',
    associationId: association?.id,
    networkInterfaceId: network?.id,
    instanceId: network?.attached?.instance,
    privateIpAddress: network?.privateIp,
    tagSet: tagSet(tags),
  }
}
