import { CloudError } from '../../model/faults.ts'
import type { Image, Size } from './images.ts'

/** One way to ask for a machine, with everything resolved: sent again, it is the same request. */
export interface Offering {
  readonly size: string
  /** A zone, or a region where Google chooses among its zones. */
  readonly place: string
  readonly purchasing: 'Spot' | 'OnDemand'
  readonly image: string
  readonly diskGiB: number
  /** It has a GPU built in: it cannot be moved to another host, and ends where that has to be looked after. */
  readonly isBound: boolean
}

/** A record in status holds them; nobody needs to try more. */
const most = 24
const usualGiB = 30

/** As a launch record has it: words that a person can read. None of them has a space in it. */
export const writeOffering = ({ size, place, purchasing, image, diskGiB, isBound }: Offering): string =>
  [size, place, purchasing, image, diskGiB, ...(isBound ? [bound] : [])].join(' ')

const bound = 'GPU'

export function readOffering(written: string): Offering {
  const [size, place, purchasing, image, disk, last, ...more] = written.split(' ')
  const diskGiB = Number(disk)
  if (size && place && image && diskGiB > 0 && [undefined, bound].includes(last) && more.length === 0)
    if (purchasing === 'Spot' || purchasing === 'OnDemand')
      return { size, place, purchasing, image, diskGiB, isBound: last === bound }
  throw new CloudError(
    'invalid',
    `A launch of this cluster asks Google for what this version cannot read: ${written.slice(0, 80)}`,
  )
}

/** `us-central1-a` is a zone, `us-central1` a region. */
export const isZone = (place: string): boolean => /-[a-z]$/.test(place)

/** What runs out: the same for all clusters, whatever they boot. */
export const kindOf = ({
  size,
  place,
  purchasing,
}: Pick<Offering, 'size' | 'place' | 'purchasing'>): string => `${size} ${place} ${purchasing}`

export interface Choices {
  readonly sizes: readonly { readonly size: Size; readonly image: Image }[]
  /** Zones or regions that a size is tried in, in their order. */
  readonly placesOf: (size: Size) => readonly string[]
  readonly purchasing: 'OnDemand' | 'Spot' | 'SpotOrOnDemand'
  /** Undefined for what the image needs, and at least the usual. */
  readonly diskGiB: number | undefined
}

/** Spot before on demand, sizes in the user's order, and each in every place before the next one; as many of each way to pay. */
export function offeringsOf({ sizes, placesOf, purchasing, diskGiB }: Choices): readonly Offering[] {
  const kinds = purchasing === 'SpotOrOnDemand' ? (['Spot', 'OnDemand'] as const) : ([purchasing] as const)
  return kinds.flatMap(kind =>
    sizes
      .flatMap(({ size, image }) =>
        placesOf(size).map(
          (place): Offering => ({
            size: size.name,
            place,
            purchasing: kind,
            image: image.path,
            diskGiB: diskGiB ?? Math.max(usualGiB, image.minGiB),
            isBound: size.hasGpu,
          }),
        ),
      )
      .slice(0, most / kinds.length),
  )
}
