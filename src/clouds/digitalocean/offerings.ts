import { CloudError } from '../../model/faults.ts'

/** One way to ask for a droplet, with everything resolved: sent again, it is the same request. */
export interface Offering {
  readonly size: string
  readonly region: string
  /** A slug, or the number of an image of the team's own. */
  readonly image: string
}

/** As a launch record has it: words that a person can read. None of them has a space in it. */
export const writeOffering = ({ size, region, image }: Offering): string => `${size} ${region} ${image}`

export function readOffering(written: string): Offering {
  const [size, region, image, ...more] = written.split(' ')
  if (size && region && image && more.length === 0) return { size, region, image }
  throw new CloudError(
    'invalid',
    `A launch of this cluster asks DigitalOcean for what this version cannot read: ${written.slice(0, 80)}`,
  )
}

/** What runs out: the same for all clusters, whatever they boot. */
export const kindOf = ({ size, region }: Pick<Offering, 'size' | 'region'>): string => `${size} ${region}`
