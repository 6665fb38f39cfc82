import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import type { MachineWish, Rehearsals, RehearsalWish } from '../contract.ts'
import { rehearsalsOf, sizesIn } from '../rehearsing.ts'
import { kindOf, type Offering, writeOffering } from './offerings.ts'
import type { DigitalOceanSettings } from './settings.ts'
import { type Eyes, imageFor, sizeNamed } from './sizes.ts'

const usualSizes = { scheduler: ['s-2vcpu-4gb'], worker: ['s-4vcpu-8gb'] } as const

/** What a group may be launched as, as records have it; what was out of stock lately comes last. Never empty. */
export async function offeringsFor(
  eyes: Eyes,
  { region, image: choice }: DigitalOceanSettings,
  { role, sizes, purchasing }: MachineWish,
  call: Call,
): Promise<readonly string[]> {
  if (purchasing === 'Spot')
    throw new CloudError(
      'invalid',
      'DigitalOcean has no spot droplets: set purchasing to OnDemand, or to SpotOrOnDemand for what may be had',
    )
  const names = sizes.length > 0 ? sizes : usualSizes[role]
  const looked = await Promise.allSettled(
    names.map(async (name): Promise<Offering> => {
      const size = await sizeNamed(eyes, name, region, call)
      const image = await imageFor(eyes, size, { choice, region }, call)
      return { size: size.slug, region, image: image.written }
    }),
  )
  const offerings = looked.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  const failure = looked.find(each => each.status === 'rejected')
  // A size that is sold out is passed over where another can be had; a wrong one never.
  if (failure !== undefined && (offerings.length === 0 || !isCapacity(failure.reason))) throw failure.reason
  return eyes.team.outOfStock.order(offerings, kindOf).map(writeOffering)
}

/** Each size is looked up with its image; the network is one that the region has, or that DigitalOcean alone can tell of. */
export function rehearsalsOn(eyes: Eyes, settings: DigitalOceanSettings, wish: RehearsalWish): Rehearsals {
  const { region, image: choice } = settings
  return rehearsalsOf(sizesIn(wish, usualSizes), {
    size: (name, call) => sizeNamed(eyes, name, region, call),
    image: (size, call) => imageFor(eyes, size, { choice, region }, call),
  })
}

const isCapacity = (error: unknown): boolean => error instanceof CloudError && error.fault === 'no-capacity'
