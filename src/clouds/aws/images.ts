import {
  DescribeImagesCommand,
  type DescribeImagesCommandInput,
  DescribeInstanceTypesCommand,
  type Image as Ec2Image,
} from '@aws-sdk/client-ec2'
import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { AwsAccount } from './account.ts'
import type { AwsSession } from './session.ts'
import type { ImageChoice } from './settings.ts'
import { filter } from './tags.ts'

export interface Size {
  readonly name: string
  readonly architectures: readonly string[]
  readonly hasGpu: boolean
}

export interface Image {
  readonly id: string
  readonly rootDevice: string
  readonly architecture: string
  /** What its root disk needs at least. */
  readonly minGiB: number
}

interface Eyes {
  readonly session: AwsSession
  readonly account: AwsAccount
}

/** Ubuntu 24.04 as Canonical publishes it: systemd 255, Python 3.12, cloud-init. */
const ubuntu = { x86_64: 'amd64', arm64: 'arm64' } as const
const ubuntuParameter = (arch: string): string =>
  `/aws/service/canonical/ubuntu/server/24.04/stable/current/${arch}/hvm/ebs-gp3/ami-id`
/** AWS's own with NVIDIA's driver, on Ubuntu. */
const gpuParameter =
  '/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id'

/** Throws a CloudError that names a size AWS does not know. */
export async function sizesOf(
  { session, account }: Eyes,
  names: readonly string[],
  call: Call,
): Promise<readonly Size[]> {
  return account.sizes.of(names, async () => {
    const { InstanceTypes = [] } = await session.make('DescribeInstanceTypes', call, options =>
      session.ec2.send(
        new DescribeInstanceTypesCommand({ Filters: [filter('instance-type', ...names)] }),
        options,
      ),
    )
    const found = new Map(InstanceTypes.map(each => [String(each.InstanceType), each]))
    return names.map(name => {
      const type = found.get(name)
      if (type === undefined)
        throw new CloudError('invalid', `${session.region} has no machine of the size ${name}: correct sizes`)
      const architectures = (type.ProcessorInfo?.SupportedArchitectures ?? []).map(String)
      return { name, architectures, hasGpu: (type.GpuInfo?.Gpus ?? []).length > 0 }
    })
  })
}

/** The image that a size boots; current where the user names none. Throws a CloudError where it does not fit. */
export async function imageFor(
  eyes: Eyes,
  size: Size,
  choice: ImageChoice | undefined,
  call: Call,
): Promise<Image> {
  const image = await eyes.account.images.of([choice ?? 'usual', size], () => find(eyes, size, choice, call))
  if (size.architectures.includes(image.architecture)) return image
  throw new CloudError(
    'invalid',
    `${size.name} runs ${size.architectures.join(' or ')}, and the image of spec.cloud.aws.image is for ${image.architecture}: choose another size or image`,
  )
}

async function find(eyes: Eyes, size: Size, choice: ImageChoice | undefined, call: Call): Promise<Image> {
  if (choice === undefined) return byParameter(eyes, usualParameter(size), call)
  if ('parameter' in choice) return byParameter(eyes, choice.parameter, call)
  if ('id' in choice) return only(await described(eyes, { ImageIds: [choice.id] }, call), choice.id)
  const { owner, name } = choice.newest
  const found = await described(eyes, { Owners: [owner], Filters: [filter('name', name)] }, call)
  const fitting = found.filter(each => size.architectures.includes(String(each.Architecture)))
  const newest = fitting.toSorted((a, b) => ((a.CreationDate ?? '') < (b.CreationDate ?? '') ? 1 : -1))
  return only(newest, `${name} of ${owner} for ${size.architectures.join(' or ')}`)
}

function usualParameter({ name, architectures, hasGpu }: Size): string {
  if (hasGpu && architectures.includes('x86_64')) return gpuParameter
  if (hasGpu)
    throw new CloudError(
      'invalid',
      `There is no usual image with a driver for the GPU of ${name}: name one in spec.cloud.aws.image`,
    )
  const arch = architectures.includes('x86_64')
    ? ubuntu.x86_64
    : architectures.includes('arm64')
      ? ubuntu.arm64
      : undefined
  if (arch === undefined)
    throw new CloudError('invalid', `There is no usual image for ${name}: name one in spec.cloud.aws.image`)
  return ubuntuParameter(arch)
}

async function byParameter(eyes: Eyes, name: string, call: Call): Promise<Image> {
  const id = await eyes.session.parameter(name, call)
  if (id === undefined || !id.startsWith('ami-'))
    throw new CloudError(
      'invalid',
      `The SSM parameter ${name} holds no image id: correct spec.cloud.aws.image`,
    )
  return only(await described(eyes, { ImageIds: [id] }, call), id)
}

async function described(
  { session }: Eyes,
  asked: DescribeImagesCommandInput,
  call: Call,
): Promise<readonly Ec2Image[]> {
  const { Images } = await session.make('DescribeImages', call, options =>
    session.ec2.send(new DescribeImagesCommand(asked), options),
  )
  return (Images ?? []).filter(({ State }) => State === undefined || State === 'available')
}

function only([image]: readonly Ec2Image[], what: string): Image {
  const { ImageId: id, RootDeviceName: rootDevice, Architecture, BlockDeviceMappings = [] } = image ?? {}
  if (id === undefined || rootDevice === undefined)
    throw new CloudError('invalid', `There is no image ${what} in the region: correct spec.cloud.aws.image`)
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === rootDevice)
  return { id, rootDevice, architecture: String(Architecture), minGiB: root?.Ebs?.VolumeSize ?? 0 }
}
