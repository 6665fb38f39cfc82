import { CloudError } from '../../model/faults.ts'
import type { Placement } from './sizes.ts'

/** One way to ask for a machine, with everything resolved: sent again, it is the same request. */
export interface Offering {
  readonly size: string
  /** Undefined: wherever Azure has room in the location. */
  readonly zone: string | undefined
  readonly purchasing: 'Spot' | 'OnDemand'
  /** A URN, or the id of a gallery's image. */
  readonly image: string
  /** Undefined: as large as the image. */
  readonly diskGiB: number | undefined
  readonly security: 'Standard' | 'TrustedLaunch' | 'ConfidentialVM'
  /** Where its OS disk is, where that goes with the machine. */
  readonly ephemeral: Placement | undefined
  /** Its image is of an offer with terms: the launch names its plan. */
  readonly hasPlan: boolean
}

const anywhere = 'any'
const asImage = 'own'
const plan = 'Plan'

/** As a launch record has it: words that a person can read. None of them has a space in it. */
export const writeOffering = ({
  size,
  zone,
  purchasing,
  image,
  diskGiB,
  security,
  ephemeral,
  hasPlan,
}: Offering): string =>
  [
    size,
    zone ?? anywhere,
    purchasing,
    image,
    diskGiB ?? asImage,
    security,
    ...(ephemeral === undefined ? [] : [ephemeral]),
    ...(hasPlan ? [plan] : []),
  ].join(' ')

const securities = ['Standard', 'TrustedLaunch', 'ConfidentialVM'] as const
const placements = ['CacheDisk', 'ResourceDisk', 'NvmeDisk'] as const

export function readOffering(written: string): Offering {
  const [size, zone, purchasing, image, disk, kind, ...more] = written.split(' ')
  const security = securities.find(each => each === kind)
  const ephemeral = placements.find(each => each === more[0])
  const rest = ephemeral === undefined ? more : more.slice(1)
  const isKnown = rest.length === 0 || (rest.length === 1 && rest[0] === plan)
  if (size && zone && image && (disk === asImage || Number(disk) > 0) && security && isKnown)
    if (purchasing === 'Spot' || purchasing === 'OnDemand')
      return {
        size,
        zone: zone === anywhere ? undefined : zone,
        purchasing,
        image,
        diskGiB: disk === asImage ? undefined : Number(disk),
        security,
        ephemeral,
        hasPlan: rest.length > 0,
      }
  throw new CloudError(
    'invalid',
    `A launch of this cluster asks Azure for what this version cannot read: ${written.slice(0, 80)}`,
  )
}

/** What runs out: the same for all clusters, whatever they boot. */
export const kindOf = ({ size, zone, purchasing }: Pick<Offering, 'size' | 'zone' | 'purchasing'>): string =>
  `${size} ${zone ?? anywhere} ${purchasing}`
