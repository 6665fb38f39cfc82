import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { client, type Size } from './sdk.ts'
import type { DigitalOceanSession } from './session.ts'
import type { ImageChoice } from './settings.ts'
import type { DigitalOceanTeam } from './team.ts'

export interface Eyes {
  readonly session: DigitalOceanSession
  readonly team: DigitalOceanTeam
}

export interface KnownImage {
  /** As a droplet is asked for with it. */
  readonly written: string
  readonly regions: readonly string[]
  readonly minDiskGiB: number
}

/** By its slug. Throws a CloudError where there is none, or none in the region: `no-capacity` where it may come to be. */
export async function sizeNamed(
  { session, team }: Eyes,
  slug: string,
  region: string,
  call: Call,
): Promise<Size> {
  const sizes = await team.sizes.of('all', async () => {
    const all = await session.all(
      'sizes.list',
      call,
      (context, page) => client.sizes(context, page),
      // A size is known by its slug.
      ({ sizes: some }) => some?.map(size => ({ name: size.slug, size })),
    )
    return new Map(all.map(({ size }) => [size.slug, size]))
  })
  const size = sizes.get(slug)
  if (size === undefined)
    throw new CloudError(
      'invalid',
      `DigitalOcean has no size ${slug} for this team: correct sizes (doctl compute size list shows those that there are)`,
    )
  if (!size.available || !size.regions.includes(region))
    throw new CloudError('no-capacity', `DigitalOcean has no droplet of ${slug} in ${region} now`)
  return size
}

/** What a droplet of this size boots. Throws a CloudError where there is no such image, or not in the region. */
export async function imageFor(
  eyes: Eyes,
  size: Size,
  { choice, region }: { readonly choice: ImageChoice; readonly region: string },
  call: Call,
): Promise<KnownImage> {
  const asked = choice.kind === 'id' ? choice.id : choice.kind === 'slug' ? choice.slug : usualFor(size.slug)
  const image = await eyes.team.images.of(asked, () => lookedUp(eyes.session, asked, call))
  if (!image.regions.includes(region))
    throw new CloudError(
      'invalid',
      `the image ${image.written} is not in ${region}: transfer it there, or correct spec.cloud.digitalOcean.image`,
    )
  if (image.minDiskGiB > size.disk)
    throw new CloudError(
      'invalid',
      `the image ${image.written} needs a disk of ${image.minDiskGiB} GiB, and ${size.slug} has ${size.disk}: choose a larger size`,
    )
  return image
}

async function lookedUp(
  session: DigitalOceanSession,
  asked: string | number,
  call: Call,
): Promise<KnownImage> {
  const { image } = await session.make('images.get', call, context => client.image(context, asked))
  if (image.status !== 'available' && image.status !== undefined)
    throw new CloudError(
      'invalid',
      `the image ${asked} cannot be booted: DigitalOcean says that it is ${image.status}`,
    )
  return { written: String(asked), regions: image.regions, minDiskGiB: image.min_disk_size }
}

/** Ubuntu's 24.04; for a GPU DigitalOcean's own images, which have its driver. https://docs.digitalocean.com/products/droplets/getting-started/recommended-gpu-setup/ */
function usualFor(slug: string): string {
  if (!slug.startsWith('gpu-')) return 'ubuntu-24-04-x64'
  if (slug.startsWith('gpu-mi')) return 'gpu-amd-base'
  return /x8-/.test(slug) ? 'gpu-h100x8-base' : 'gpu-h100x1-base'
}
