import type { Image, Size } from './catalog.ts'
import { notFound } from './failure.ts'
import { filtered } from './filters.ts'
import type { Form } from './form.ts'
import { pageOf } from './pages.ts'
import type { Region, Subnet } from './world.ts'
import type { Members, Xml } from './xml.ts'

/** As every answer writes tags. */
export const tagSet = (tags: ReadonlyMap<string, string>): Xml =>
  [...tags].map(([key, value]) => ({ key, value }))

export function describeSubnets({ subnets }: Region, form: Form): Members {
  const ids = form.texts('SubnetId')
  const missing = ids.filter(id => !subnets.some(each => each.id === id))
  if (missing.length > 0) throw notFound('InvalidSubnetID', 'subnet', missing)
  const found = filtered<Subnet>(
    subnets.filter(({ id }) => ids.length === 0 || ids.includes(id)),
    form.filters(),
    {
      'default-for-az': () => ['true'],
      'vpc-id': ({ vpc }) => [vpc],
      'availability-zone': ({ zone }) => [zone],
      'subnet-id': ({ id }) => [id],
    },
  )
  const { items, nextToken } = pageOf(found, form, { least: 5, most: 1_000, ids: 'SubnetId' })
  return {
    subnetSet: items.map(({ id, zone, vpc, tags }) => ({
      subnetId: id,
      state: 'available',
      vpcId: vpc,
      availabilityZone: zone,
      defaultForAz: true,
      mapPublicIpOnLaunch: true,
      tagSet: tagSet(tags),
    })),
    nextToken,
  }
}

/** The default one, which is all there is. */
export function describeVpcs({ account, vpc }: Region, form: Form): Members {
  form.filters()
  return {
    vpcSet: [
      { vpcId: vpc, state: 'available', ownerId: account, cidrBlock: '172.31.0.0/16', isDefault: true },
    ],
  }
}

export function describeImages({ catalog }: Region, form: Form): Members {
  const [ids, owners] = [form.texts('ImageId'), form.texts('Owner')]
  const missing = ids.filter(id => !catalog.images.some(each => each.id === id))
  if (missing.length > 0) throw notFound('InvalidAMIID', 'image', missing)
  const asked = catalog.images.filter(
    ({ id, owner }) =>
      (ids.length === 0 || ids.includes(id)) && (owners.length === 0 || owners.includes(owner)),
  )
  const found = filtered<Image>(asked, form.filters(), {
    name: ({ name }) => [name],
    architecture: ({ architecture }) => [architecture],
    state: () => ['available'],
    'owner-id': ({ owner }) => [owner],
  })
  return { imagesSet: found.map(imageXml) }
}

const imageXml = ({ id, owner, name, architecture, created, diskGiB }: Image): Xml => ({
  imageId: id,
  imageState: 'available',
  imageOwnerId: owner,
  isPublic: true,
  name,
  architecture,
  creationDate: created,
  imageType: 'machine',
  rootDeviceType: 'ebs',
  rootDeviceName: '/dev/sda1',
  virtualizationType: 'hvm',
  blockDeviceMapping: [
    { deviceName: '/dev/sda1', ebs: { volumeSize: diskGiB, volumeType: 'gp3', deleteOnTermination: true } },
  ],
})

export function describeInstanceTypes({ catalog }: Region, form: Form): Members {
  const sizes = catalog.sizes.map((each, seq) => ({ ...each, seq, tags: new Map<string, string>() }))
  const found = filtered(sizes, form.filters(), { 'instance-type': ({ name }) => [name] })
  const { items, nextToken } = pageOf(found, form, { least: 5, most: 100, ids: 'InstanceType' })
  return { instanceTypeSet: items.map(sizeXml), nextToken }
}

const sizeXml = ({ name, architecture, vcpus, memoryMiB, gpus }: Size): Xml => ({
  instanceType: name,
  currentGeneration: true,
  processorInfo: { supportedArchitectures: [architecture] },
  vCpuInfo: { defaultVCpus: vcpus },
  memoryInfo: { sizeInMiB: memoryMiB },
  gpuInfo: gpus === 0 ? undefined : { gpus: [{ name: 'A10G', manufacturer: 'NVIDIA', count: gpus }] },
})
