import { CloudError } from '../../model/faults.ts'
import type { Image } from './images.ts'
import type { Subnet } from './subnets.ts'

/** One way to ask for a machine, with everything resolved: sent again, it is the same request. */
export interface Offering {
  readonly size: string
  readonly zone: string
  readonly purchasing: 'Spot' | 'OnDemand'
  readonly subnet: string
  readonly image: string
  /** What the image calls its first disk. */
  readonly rootDevice: string
  readonly diskGiB: number
}

/** A record in status holds them; nobody needs to try more. */
const most = 24

/** As a launch record has it: words that a person can read. None of them has a space in it. */
export const writeOffering = ({
  size,
  zone,
  purchasing,
  subnet,
  image,
  rootDevice,
  diskGiB,
}: Offering): string => [size, zone, purchasing, subnet, image, rootDevice, diskGiB].join(' ')

export function readOffering(written: string): Offering {
  const [size, zone, purchasing, subnet, image, rootDevice, disk, ...more] = written.split(' ')
  const diskGiB = Number(disk)
  if (size && zone && subnet && image && rootDevice && diskGiB > 0 && more.length === 0)
    if (purchasing === 'Spot' || purchasing === 'OnDemand')
      return { size, zone, purchasing, subnet, image, rootDevice, diskGiB }
  throw new CloudError(
    'invalid',
    `A launch of this cluster asks AWS for what this version cannot read: ${written.slice(0, 80)}`,
  )
}

/** What runs out: the same for all clusters, whatever they boot. */
export const kindOf = ({ size, zone, purchasing }: Pick<Offering, 'size' | 'zone' | 'purchasing'>): string =>
  `${size} ${zone} ${purchasing}`

export interface Choices {
  readonly sizes: readonly { readonly name: string; readonly image: Image }[]
  readonly subnets: readonly Subnet[]
  readonly purchasing: 'OnDemand' | 'Spot' | 'SpotOrOnDemand'
  /** Undefined for what the image needs, and at least the usual. */
  readonly diskGiB: number | undefined
}

const usualGiB = 30

/** Spot before on demand, sizes in the user's order, and each in every zone before the next one; as many of each way to pay. */
export function offeringsOf({ sizes, subnets, purchasing, diskGiB }: Choices): readonly Offering[] {
  const kinds = purchasing === 'SpotOrOnDemand' ? (['Spot', 'OnDemand'] as const) : ([purchasing] as const)
  return kinds.flatMap(kind =>
    sizes
      .flatMap(({ name, image }) =>
        subnets.map(
          ({ id, zone }): Offering => ({
            size: name,
            zone,
            purchasing: kind,
            subnet: id,
            image: image.id,
            rootDevice: image.rootDevice,
            diskGiB: diskGiB ?? Math.max(usualGiB, image.minGiB),
          }),
        ),
      )
      .slice(0, most / kinds.length),
  )
}
