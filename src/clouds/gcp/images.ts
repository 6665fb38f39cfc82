import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isGone } from './faults.ts'
import { aggregatedIn } from './machines.ts'
import type { GcpProject } from './project.ts'
import { type ComputeImage, lastOf, type MachineType, pathOf } from './sdk.ts'
import type { GcpSession } from './session.ts'
import type { GcpSettings } from './settings.ts'

export interface Eyes {
  readonly session: GcpSession
  readonly project: GcpProject
}

export interface Image {
  /** `projects/P/global/images/NAME`. */
  readonly path: string
  readonly architecture: string
  readonly minGiB: number
}

export interface Size {
  readonly name: string
  readonly architecture: string
  readonly hasGpu: boolean
  /** Zones of the region that have it. */
  readonly zones: readonly string[]
}

/** Canonical's, which has cloud-init; Google's own Debian images have not. */
const usualProject = 'ubuntu-os-cloud'
const usualFamilies: Readonly<Record<string, string>> = {
  X86_64: 'ubuntu-2404-lts-amd64',
  ARM64: 'ubuntu-2404-lts-arm64',
}

/** What a machine type is and where a region has it, in one list. Throws a CloudError where it has it nowhere. */
export function sizeNamed(eyes: Eyes, name: string, region: string, call: Call): Promise<Size> {
  return eyes.project.sizes.of([name, region], async () => {
    const fields = 'name,zone,architecture,accelerators(guestAcceleratorType)'
    const asked = { filter: `name = ${name}`, fields }
    const scopes = await aggregatedIn(eyes.session, 'machineTypes', asked, call)
    const found = scopes
      .flatMap(({ machineTypes }) => machineTypes ?? [])
      .filter(type => type.name === name && zoneIn(type).startsWith(`${region}-`))
    const [first] = found
    if (first === undefined)
      throw new CloudError('invalid', `${region} has no machine type ${name}: correct sizes`)
    return {
      name,
      architecture: architectureOf(first.architecture),
      hasGpu: (first.accelerators ?? []).length > 0,
      zones: found.map(zoneIn).toSorted(),
    }
  })
}

const zoneIn = ({ zone }: MachineType): string => lastOf(zone)

/** Google names it on newer machine types and images alone. */
const architectureOf = (told: string | number | null | undefined): string =>
  told === undefined || told === null || told === 'ARCHITECTURE_UNSPECIFIED' ? 'X86_64' : String(told)

/** The image that a size boots; current where the user names none. Throws a CloudError where it does not fit. */
export async function imageFor(
  eyes: Eyes,
  size: Size,
  { image: choice, gpu }: Pick<GcpSettings, 'image' | 'gpu'>,
  call: Call,
): Promise<Image> {
  if (choice.kind === 'usual' && (size.hasGpu || gpu !== undefined))
    throw new CloudError(
      'invalid',
      `There is no usual image with a driver for a GPU: name one in spec.cloud.gcp.image`,
    )
  const wanted = choice.kind === 'usual' ? usualImage(size) : choice
  const image = await eyes.project.images.of(wanted, () => find(eyes, wanted, call))
  if (image.architecture === size.architecture) return image
  throw new CloudError(
    'invalid',
    `${size.name} runs ${size.architecture}, and the image of spec.cloud.gcp.image is for ${image.architecture}: choose another size or image`,
  )
}

type Choice = Exclude<GcpSettings['image'], { readonly kind: 'usual' }>

function usualImage({ name, architecture }: Size): Choice {
  const family = usualFamilies[architecture]
  if (family === undefined)
    throw new CloudError('invalid', `There is no usual image for ${name}: name one in spec.cloud.gcp.image`)
  return { kind: 'family', project: usualProject, family }
}

async function find({ session }: Eyes, choice: Choice, call: Call): Promise<Image> {
  const { images } = session.clients
  const { project } = choice
  const asked =
    choice.kind === 'family'
      ? session.make('images.getFromFamily', call, options =>
          images.getFromFamily({ project, family: choice.family }, options),
        )
      : session.make('images.get', call, options => images.get({ project, image: choice.name }, options))
  const what = choice.kind === 'family' ? `family ${choice.family}` : choice.name
  const [image] = await asked.catch((error: unknown): never => {
    if (!isGone(error)) throw error
    throw new CloudError('invalid', `There is no image ${what} in ${project}: correct spec.cloud.gcp.image`)
  })
  return read(image, what)
}

function read({ selfLink, architecture, diskSizeGb, status }: ComputeImage, what: string): Image {
  if (status !== undefined && status !== null && status !== 'READY')
    throw new CloudError('invalid', `The image ${what} is not ready: correct spec.cloud.gcp.image`)
  return {
    path: pathOf(selfLink),
    architecture: architectureOf(architecture),
    minGiB: Number(diskSizeGb ?? 0),
  }
}
