import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineWish, Rehearsals, RehearsalWish } from '../contract.ts'
import { rehearsalsOf, sizesIn } from '../rehearsing.ts'
import { type Eyes, imageFor, type Size, sizeNamed } from './images.ts'
import { kindOf, offeringsOf, writeOffering } from './offerings.ts'
import type { GcpSettings } from './settings.ts'
import { siteOf } from './sites.ts'

const usualSizes = { scheduler: ['e2-standard-2'], worker: ['e2-standard-4'] } as const

/** What a group may be launched as, as records have it; what was out of stock lately comes last. Never empty. */
export async function offeringsFor(
  eyes: Eyes,
  settings: GcpSettings,
  { role, sizes, purchasing }: MachineWish,
  call: Call,
): Promise<readonly string[]> {
  const { region, zones, disk } = settings
  const names = sizes.length > 0 ? sizes : usualSizes[role]
  const needs = role === 'worker' ? settings : { image: settings.image, gpu: undefined }
  const known = await Promise.all(
    names.map(async name => {
      const size = await sizeNamed(eyes, name, region, call)
      return { size, image: await imageFor(eyes, size, needs, call) }
    }),
  )
  // A scheduler takes an address, which one machine in one zone may; workers go where Google has room, unless told.
  const placesOf = (size: Size): readonly string[] => {
    if (zones.length > 0) return zones.filter(zone => size.zones.includes(zone))
    return role === 'scheduler' ? size.zones : [region]
  }
  const offerings = offeringsOf({ sizes: known, placesOf, purchasing, diskGiB: disk.sizeGiB })
  if (offerings.length === 0)
    throw new CloudError(
      'invalid',
      `None of ${zones.join(', ')} has ${names.join(' or ')}: correct spec.cloud.gcp.zones or sizes`,
    )
  return eyes.project.outOfStock.order(offerings, kindOf).map(writeOffering)
}

/** Its network is looked up, and each size with its image. */
export function rehearsalsOn(eyes: Eyes, settings: GcpSettings, wish: RehearsalWish): Rehearsals {
  return rehearsalsOf(sizesIn(wish, usualSizes), {
    network: call => siteOf(eyes, settings, call),
    size: (name, call) => sizeNamed(eyes, name, settings.region, call),
    image: (size, call) => imageFor(eyes, size, settings, call),
  })
}
