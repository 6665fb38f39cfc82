import { Ec2Failure, invalidCombination, invalidValue, notFound } from './failure.ts'
import type { Form } from './form.ts'
import { reservationXml } from './instances.ts'
import { makeInterface } from './interfaces.ts'
import { born, type Instance, type Interface, newId, type Region, type Tags } from './world.ts'
import type { Members } from './xml.ts'

interface Launch {
  readonly token: string | undefined
  readonly least: number
  readonly most: number
  readonly type: string
  readonly image: string
  readonly userData: string
  readonly isSpot: boolean
  readonly disk: { readonly sizeGiB: number; readonly type: string }
  readonly network: Network
  readonly tags: (kind: string) => Tags
}

type Network =
  | { readonly kind: 'kept'; readonly id: string }
  | {
      readonly kind: 'own'
      readonly subnet: string
      readonly groups: readonly string[]
      readonly isPublic: boolean
    }

/** One token makes its machines once; other parameters with it are refused. */
export function runInstances(region: Region, form: Form, asked: string): Members {
  const launch = launchOf(form)
  form.noOthers()
  const known = launch.token === undefined ? undefined : region.tokens.get(launch.token)
  if (known !== undefined && known.asked !== asked)
    throw new Ec2Failure(
      'IdempotentParameterMismatch',
      'Arguments on this idempotent request are inconsistent',
    )
  const instances = known?.instances.flatMap(id => region.instances.get(id) ?? []) ?? made(region, launch)
  if (region.forgets) for (const each of instances) forget(region, each)
  else if (launch.token !== undefined)
    region.tokens.set(launch.token, { asked, instances: instances.map(({ id }) => id) })
  return reservationXml(region, instances[0]?.reservation ?? '', instances)
}

function forget({ instances, volumes, interfaces }: Region, { id, network }: Instance): void {
  instances.delete(id)
  for (const volume of volumes.values()) if (volume.instance === id) volumes.delete(volume.id)
  const nic = interfaces.get(network)
  if (nic?.attached?.goesWithIt === true) interfaces.delete(network)
  else if (nic !== undefined) nic.attached = undefined
}

function launchOf(form: Form): Launch {
  readUnused(form)
  const [least, most] = [form.integer('MinCount') ?? 0, form.integer('MaxCount') ?? 0]
  if (least < 1 || most < least) throw invalidValue('MinCount and MaxCount do not fit')
  const userData = form.maybe('UserData') ?? ''
  if (Buffer.from(userData, 'base64').length > 16_384)
    throw invalidValue('User data is limited to 16384 bytes')
  const token = form.maybe('ClientToken')
  if (token !== undefined && token.length > 64) throw invalidValue('ClientToken is longer than 64')
  const [nic] = form.children('NetworkInterface')
  const [disk] = form.children('BlockDeviceMapping')
  if (nic === undefined || disk === undefined) throw invalidCombination('an interface and a disk are needed')
  return {
    token,
    least,
    most,
    userData,
    type: form.text('InstanceType'),
    image: form.text('ImageId'),
    isSpot: isSpot(form.child('InstanceMarketOptions')),
    disk: diskOf(disk),
    network: networkOf(nic, most),
    tags: form.tags(['instance', 'volume', 'network-interface']),
  }
}

/** What a launch may say and nothing here depends on. */
function readUnused(form: Form): void {
  for (const name of ['IamInstanceProfile.Arn', 'IamInstanceProfile.Name', 'KeyName', 'Placement.GroupName'])
    form.maybe(name)
  form.flag('Monitoring.Enabled')
  form.oneOf('Placement.Tenancy', ['default', 'dedicated', 'host'])
  form.oneOf('InstanceInitiatedShutdownBehavior', ['stop', 'terminate'])
  const metadata = form.child('MetadataOptions')
  metadata.oneOf('HttpTokens', ['optional', 'required'])
  metadata.integer('HttpPutResponseHopLimit')
  for (const name of ['HttpEndpoint', 'InstanceMetadataTags']) metadata.oneOf(name, ['enabled', 'disabled'])
}

function isSpot(form: Form): boolean {
  form.oneOf('SpotOptions.SpotInstanceType', ['one-time', 'persistent'])
  form.oneOf('SpotOptions.InstanceInterruptionBehavior', ['hibernate', 'stop', 'terminate'])
  return form.oneOf('MarketType', ['spot']) === 'spot'
}

function diskOf(form: Form): Launch['disk'] {
  form.text('DeviceName')
  form.maybe('VirtualName')
  const ebs = form.child('Ebs')
  ebs.maybe('KmsKeyId')
  for (const name of ['Encrypted', 'DeleteOnTermination']) ebs.flag(name)
  for (const name of ['Iops', 'Throughput']) ebs.integer(name)
  return { sizeGiB: ebs.integer('VolumeSize') ?? 8, type: ebs.maybe('VolumeType') ?? 'gp2' }
}

function networkOf(form: Form, most: number): Network {
  form.integer('DeviceIndex')
  form.maybe('Description')
  const id = form.maybe('NetworkInterfaceId')
  if (id === undefined) {
    form.flag('DeleteOnTermination')
    return {
      kind: 'own',
      subnet: form.text('SubnetId'),
      groups: form.texts('SecurityGroupId'),
      isPublic: form.flag('AssociatePublicIpAddress') ?? true,
    }
  }
  if (most > 1) throw invalidCombination('A network interface is for one machine')
  return { kind: 'kept', id }
}

function made(region: Region, launch: Launch): readonly Instance[] {
  const size = region.catalog.sizes.find(({ name }) => name === launch.type)
  if (size === undefined)
    throw new Ec2Failure('InvalidInstanceType', `The instance type '${launch.type}' does not exist`)
  const image = region.catalog.images.find(({ id }) => id === launch.image)
  if (image === undefined) throw notFound('InvalidAMIID', 'image', [launch.image])
  if (image.architecture !== size.architecture)
    throw invalidValue(`The architecture of '${launch.type}' and of the image do not match`)
  region.buckets.takeMachines('RunInstances', launch.most)
  const count = taken(region, launch)
  const reservation = newId('r')
  return Array.from({ length: count }, () => one(region, launch, reservation))
}

/** How many there are of it; an error where that is less than the least. */
function taken(region: Region, { type, isSpot: spot, network, least, most }: Launch): number {
  const zone =
    network.kind === 'kept'
      ? region.interfaces.get(network.id)?.subnet.zone
      : region.subnets.find(({ id }) => id === network.subnet)?.zone
  const stock = region.stock.get(`${type} ${zone ?? ''} ${spot ? 'Spot' : 'OnDemand'}`)
  if (stock === undefined) return most
  if (stock.left < least)
    throw new Ec2Failure(stock.code, `There is no ${type} in ${zone ?? ''} now.`, stock.status)
  const count = Math.min(most, stock.left)
  stock.left -= count
  return count
}

function one(region: Region, launch: Launch, reservation: string): Instance {
  const network = nicFor(region, launch)
  const { token, type, image, userData, disk } = launch
  const thing = born(region, 'i', launch.tags('instance'))
  const instance: Instance = {
    ...thing,
    reservation,
    token,
    type,
    image,
    zone: network.subnet.zone,
    isSpot: launch.isSpot,
    userData,
    network: network.id,
    console: '',
    stoppedAt: undefined,
    isProtected: false,
    end: undefined,
  }
  network.attached = { instance: thing.id, goesWithIt: launch.network.kind === 'own' }
  region.instances.set(thing.id, instance)
  const volume = born(region, 'vol', launch.tags('volume'))
  const { sizeGiB } = disk
  region.volumes.set(volume.id, {
    ...volume,
    zone: instance.zone,
    sizeGiB,
    type: disk.type,
    instance: thing.id,
  })
  return instance
}

function nicFor(region: Region, { network, tags }: Launch): Interface {
  if (network.kind === 'own') {
    const { subnet, groups, isPublic } = network
    const own = makeInterface(region, { subnet, groups, tags: tags('network-interface') })
    own.publicIp = isPublic ? region.publicIp(own.seq) : undefined
    return own
  }
  const kept = region.interfaces.get(network.id)
  if (kept === undefined) throw notFound('InvalidNetworkInterfaceID', 'networkInterface', [network.id])
  if (kept.attached !== undefined)
    throw new Ec2Failure('InvalidNetworkInterface.InUse', `Interface '${kept.id}' is currently in use.`)
  return kept
}
