import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { isGone } from './faults.ts'
import type { AzureSession } from './session.ts'
import type { AzureSettings } from './settings.ts'
import type { Eyes, Size } from './sizes.ts'

export interface Image {
  /** `publisher:offer:sku:version` with a version that does not move, or the id of a gallery's. */
  readonly path: string
  /** Undefined where Azure does not tell it: then it is taken to fit. */
  readonly architecture: string | undefined
  readonly generation: 'V1' | 'V2' | undefined
  readonly takesTrustedLaunch: boolean
  /** Of a marketplace's offer whose terms have to be accepted: the launch names its plan. */
  readonly hasPlan: boolean
}

type Choice = AzureSettings['image']
type Security = AzureSettings['securityType']

/** Canonical's, which has cloud-init. */
const usual = { publisher: 'Canonical', offer: 'ubuntu-24_04-lts' } as const

function usualSku({ architecture, generations }: Size, security: Security): string {
  if (security === 'ConfidentialVM') return 'cvm'
  if (architecture === 'Arm64') return 'server-arm64'
  return generations.includes('V2') ? 'server' : 'server-gen1'
}

/** The image that a size boots, current where it is not named in full. Throws a CloudError where it does not fit. */
export async function imageFor(
  eyes: Eyes,
  size: Size,
  { image: choice, location, securityType }: Pick<AzureSettings, 'image' | 'location' | 'securityType'>,
  call: Call,
): Promise<Image> {
  if (choice.kind === 'usual' && size.hasGpu)
    throw new CloudError(
      'invalid',
      `There is no usual image with a driver for the GPU of ${size.name}: name one in spec.cloud.azure.image`,
    )
  const wanted: Choice =
    choice.kind === 'usual'
      ? { kind: 'urn', ...usual, sku: usualSku(size, securityType), version: 'latest' }
      : choice
  const image = await eyes.subscription.images.of([wanted, location], () =>
    find(eyes.session, wanted, location, call),
  )
  requireFit(image, size)
  return image
}

function requireFit({ architecture, generation }: Image, size: Size): void {
  if (architecture !== undefined && architecture !== size.architecture)
    throw new CloudError(
      'invalid',
      `${size.name} runs ${size.architecture}, and the image of spec.cloud.azure.image is for ${architecture}: choose another size or image`,
    )
  if (generation !== undefined && !size.generations.includes(generation))
    throw new CloudError(
      'invalid',
      `${size.name} takes images of generation ${size.generations.join(' and ')}, and that of spec.cloud.azure.image is ${generation}: choose another size or image`,
    )
}

async function find(
  session: AzureSession,
  choice: Exclude<Choice, { kind: 'usual' }>,
  location: string,
  call: Call,
): Promise<Image> {
  try {
    if (choice.kind === 'urn') return await platformImage(session, choice, location, call)
    if (choice.kind === 'community') return await communityImage(session, choice.id, location, call)
    return await galleryImage(session, choice.id, call)
  } catch (error) {
    if (!isGone(error)) throw error
    const name = choice.kind === 'urn' ? urnOf(choice) : choice.id
    throw new CloudError(
      'invalid',
      `There is no image ${name} in ${location}: correct spec.cloud.azure.image`,
    )
  }
}

type Urn = Extract<Choice, { kind: 'urn' }>

const urnOf = ({ publisher, offer, sku, version }: Urn): string => [publisher, offer, sku, version].join(':')

async function platformImage(
  session: AzureSession,
  choice: Urn,
  location: string,
  call: Call,
): Promise<Image> {
  const { publisher, offer, sku } = choice
  const { virtualMachineImages } = session.clients.compute
  const version = choice.version === 'latest' ? await newest(session, choice, location, call) : choice.version
  const found = await session.make('virtualMachineImages.get', call, options =>
    virtualMachineImages.get(location, publisher, offer, sku, version, options),
  )
  return {
    path: urnOf({ ...choice, version }),
    architecture: found.architecture,
    generation: generationOf(found.hyperVGeneration),
    takesTrustedLaunch: (found.features ?? []).some(isTrusted),
    hasPlan: found.plan !== undefined,
  }
}

/** Versions are told in no order: `24.04.202608010` is newer than `24.04.202512010`, number by number. */
async function newest(session: AzureSession, choice: Urn, location: string, call: Call): Promise<string> {
  const { publisher, offer, sku } = choice
  const found = await session.make('virtualMachineImages.list', call, options =>
    session.clients.compute.virtualMachineImages.list(location, publisher, offer, sku, options),
  )
  const [last] = found
    .flatMap(({ name }) => (name ? [name] : []))
    .toSorted((a, b) => compare(numbers(b), numbers(a)))
  if (last === undefined)
    throw new CloudError(
      'invalid',
      `There is no image ${urnOf(choice)} in ${location}: correct spec.cloud.azure.image`,
    )
  return last
}

const numbers = (version: string): readonly number[] => version.split('.').map(Number)

const compare = (one: readonly number[], other: readonly number[]): number =>
  one.map((number, at) => number - (other[at] ?? 0)).find(each => each !== 0) ?? 0

const generationOf = (word: string | undefined): Image['generation'] =>
  word === 'V1' || word === 'V2' ? word : undefined

const isTrusted = ({ name, value }: { readonly name?: string; readonly value?: string }): boolean =>
  name === 'SecurityType' && (value ?? '').startsWith('TrustedLaunch')

/** Of another subscription nothing can be seen here; Azure itself says at the launch whether it fits. */
const unseen = {
  architecture: undefined,
  generation: undefined,
  takesTrustedLaunch: false,
  hasPlan: false,
} as const

/** `/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/galleries/N/images/I`, maybe with `/versions/V`. */
async function galleryImage(session: AzureSession, id: string, call: Call): Promise<Image> {
  const [, , subscription = '', , group = '', , , , gallery = '', , name = ''] = id.split('/')
  if (subscription.toLowerCase() !== session.subscriptionId.toLowerCase()) return { ...unseen, path: id }
  const found = await session.make('galleryImages.get', call, options =>
    session.clients.compute.galleryImages.get(group, gallery, name, options),
  )
  return {
    path: id,
    architecture: found.architecture,
    generation: generationOf(found.hyperVGeneration),
    takesTrustedLaunch: (found.features ?? []).some(isTrusted),
    hasPlan: false,
  }
}

/** `/CommunityGalleries/NAME/Images/I`, maybe with `/Versions/V`. */
async function communityImage(
  session: AzureSession,
  id: string,
  location: string,
  call: Call,
): Promise<Image> {
  const [, , gallery = '', , name = ''] = id.split('/')
  const found = await session.make('communityGalleryImages.get', call, options =>
    session.clients.compute.communityGalleryImages.get(location, gallery, name, options),
  )
  return {
    ...unseen,
    path: id,
    architecture: found.architecture,
    generation: generationOf(found.hyperVGeneration),
    takesTrustedLaunch: (found.features ?? []).some(isTrusted),
  }
}
