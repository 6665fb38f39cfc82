import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineWish, Rehearsals, RehearsalWish } from '../contract.ts'
import { rehearsalsOf, sizesIn } from '../rehearsing.ts'
import { type Image, imageFor } from './images.ts'
import { kindOf, type Offering, writeOffering } from './offerings.ts'
import type { AzureSettings } from './settings.ts'
import { siteOf } from './sites.ts'
import { type Eyes, type Size, sizeNamed } from './sizes.ts'

const usualSizes = { scheduler: ['Standard_D2s_v5'], worker: ['Standard_D4s_v5'] } as const
/** A record in status holds them; nobody needs to try more. */
const most = 24
/** What Canonical's images take; others that are larger have to be given a size to be tried as ephemeral. */
const usualGiB = 30

interface Known {
  readonly size: Size
  readonly image: Image
}

/** What a group may be launched as, as records have it; what was out of stock lately comes last. Never empty. */
export async function offeringsFor(
  eyes: Eyes,
  settings: AzureSettings,
  { role, sizes, purchasing }: MachineWish,
  call: Call,
): Promise<readonly string[]> {
  const names = sizes.length > 0 ? sizes : usualSizes[role]
  const looked = await Promise.allSettled(names.map(name => knownAs(eyes, name, settings, call)))
  const known = looked.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  const failure = looked.find(each => each.status === 'rejected')
  // A size that Azure does not give is passed over where another can be had; a wrong one never.
  if (failure !== undefined && (known.length === 0 || !isCapacity(failure.reason))) throw failure.reason
  const kinds = purchasing === 'SpotOrOnDemand' ? (['Spot', 'OnDemand'] as const) : ([purchasing] as const)
  const offerings = kinds.flatMap(kind =>
    known.flatMap(each => inEachZone(each, kind, settings)).slice(0, most / kinds.length),
  )
  if (offerings.length === 0) throw nowhere(names, settings, purchasing)
  return eyes.subscription.outOfStock.order(offerings, kindOf).map(writeOffering)
}

/** A subnet that is named is looked up, and each size with its image; a network that is made for a cluster cannot be looked at. */
export function rehearsalsOn(eyes: Eyes, settings: AzureSettings, wish: RehearsalWish): Rehearsals {
  const { subnet, location } = settings
  return rehearsalsOf(sizesIn(wish, usualSizes), {
    network: subnet && (call => siteOf(eyes, subnet, location, call)),
    size: (name, call) => sizeNamed(eyes, name, location, call),
    async image(size, call) {
      requireAbilities(size, settings)
      await imageFor(eyes, size, settings, call)
    },
  })
}

const isCapacity = (error: unknown): boolean => error instanceof CloudError && error.fault === 'no-capacity'

async function knownAs(eyes: Eyes, name: string, settings: AzureSettings, call: Call): Promise<Known> {
  const size = await sizeNamed(eyes, name, settings.location, call)
  requireAbilities(size, settings)
  return { size, image: await imageFor(eyes, size, settings, call) }
}

function requireAbilities(size: Size, { encryptionAtHost, osDisk, securityType }: AzureSettings): void {
  const refuse = (field: string, says: string): never => {
    throw new CloudError('invalid', `${size.name} ${says}: choose another size, or correct ${field}`)
  }
  if (encryptionAtHost && !size.takesEncryptionAtHost)
    refuse('spec.cloud.azure.encryptionAtHost', 'cannot be encrypted at its host')
  if (osDisk.type.startsWith('Premium') && !size.takesPremiumDisks)
    refuse('spec.cloud.azure.osDisk.type', `takes no ${osDisk.type} disk`)
  if (securityType === 'TrustedLaunch' && !(size.takesTrustedLaunch && size.generations.includes('V2')))
    refuse('spec.cloud.azure.securityType', 'cannot be started by trusted launch')
  const asked = osDisk.sizeGiB ?? usualGiB
  if (osDisk.ephemeral && placementIn(size, osDisk) === undefined)
    refuse('spec.cloud.azure.osDisk.ephemeral', `has no room of its own for a disk of ${asked} GiB`)
  if (securityType === 'ConfidentialVM' && !size.takesConfidential)
    refuse('spec.cloud.azure.securityType', 'is not confidential')
}

function inEachZone(
  { size, image }: Known,
  purchasing: 'Spot' | 'OnDemand',
  settings: AzureSettings,
): readonly Offering[] {
  if (purchasing === 'Spot' && !size.takesSpot) return []
  const diskGiB = settings.osDisk.sizeGiB
  const offering = {
    size: size.name,
    purchasing,
    image: image.path,
    diskGiB,
    security: securityOf(size, image, settings),
    ephemeral: placementIn(size, settings.osDisk),
    hasPlan: image.hasPlan,
  }
  const zones = settings.zones.filter(zone => size.zones.includes(zone))
  if (settings.zones.length === 0) return [{ ...offering, zone: undefined }]
  return zones.map(zone => ({ ...offering, zone }))
}

/** Where an ephemeral disk has room; undefined where none is asked for, or there is none. */
const placementIn = (
  { ephemeral }: Size,
  { ephemeral: isAsked, sizeGiB }: AzureSettings['osDisk'],
): Offering['ephemeral'] =>
  isAsked ? ephemeral.find(({ gib }) => gib >= (sizeGiB ?? usualGiB))?.placement : undefined

const securityOf = (size: Size, image: Image, { securityType }: AzureSettings): Offering['security'] => {
  if (securityType !== undefined) return securityType
  const isTrusted = image.takesTrustedLaunch && size.takesTrustedLaunch && size.generations.includes('V2')
  return isTrusted && image.generation === 'V2' ? 'TrustedLaunch' : 'Standard'
}

function nowhere(
  names: readonly string[],
  { zones, location }: AzureSettings,
  purchasing: MachineWish['purchasing'],
): CloudError {
  const sizes = names.join(' or ')
  return purchasing === 'Spot' && zones.length === 0
    ? new CloudError('invalid', `Azure has no spot machines of ${sizes}: correct sizes or purchasing`)
    : new CloudError(
        'invalid',
        `Zone ${zones.join(', ')} of ${location} has no ${sizes} for this subscription: correct spec.cloud.azure.zones or sizes`,
      )
}
