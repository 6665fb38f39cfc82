import { flagIn, noOthers, numberIn, recordIn, recordsIn, textIn } from './asks.ts'
import { type Image, newestOf } from './catalog.ts'
import { invalidField, notFound } from './failure.ts'
import { type Json, lastOf, type Project, partsOf } from './world.ts'

export interface BootDisk {
  readonly image: string
  readonly sizeGb: number
  readonly type: string
  readonly kmsKey: string | undefined
  readonly autoDelete: boolean
  readonly deviceName: string
}

interface Needs {
  readonly path: string
  readonly isBulk: boolean
  readonly architecture: string
}

export function bootDiskFrom(project: Project, body: Json, { path, isBulk, architecture }: Needs): BootDisk {
  const own = `${path}.disks[0]`
  const [disk, more] = recordsIn(body, 'disks', path)
  if (disk === undefined || more !== undefined || flagIn(disk, 'boot', own) !== true)
    throw invalidField(`${path}.disks`, '', 'This world gives a machine one disk, to boot from.')
  noOthers(disk, own, [
    'boot',
    'autoDelete',
    'type',
    'mode',
    'deviceName',
    'initializeParams',
    'diskEncryptionKey',
    'interface',
  ])
  const params = recordIn(disk, 'initializeParams', own)
  noOthers(params, `${own}.initializeParams`, [
    'sourceImage',
    'diskSizeGb',
    'diskType',
    'labels',
    'diskName',
    'description',
  ])
  const image = imageAt(
    project,
    textIn(params, 'sourceImage', own) ?? '',
    `${own}.initializeParams.sourceImage`,
  )
  if (image.architecture !== architecture)
    throw invalidField(
      own,
      image.name,
      `The image's architecture ${image.architecture} is not the machine type's.`,
    )
  return {
    image: `projects/${image.project}/global/images/${image.name}`,
    sizeGb: sizeIn(params, image, own),
    type: typeIn(params, own, isBulk),
    kmsKey: textIn(recordIn(disk, 'diskEncryptionKey', own), 'kmsKeyName', own),
    autoDelete: flagIn(disk, 'autoDelete', own) ?? false,
    deviceName: textIn(disk, 'deviceName', own) ?? 'persistent-disk-0',
  }
}

/** By its own name, or the newest of a family. */
function imageAt(project: Project, link: string, path: string): Image {
  const [projects, owner = '', scope, collection, ...rest] = partsOf(link)
  if (projects !== 'projects' || scope !== 'global' || collection !== 'images' || rest.length === 0)
    throw invalidField(path, link, 'The URL is malformed.')
  const name = rest.at(-1) ?? ''
  const image =
    rest[0] === 'family'
      ? newestOf(project.catalog, owner, name)
      : project.catalog.images.get(`${owner}/${name}`)
  if (image === undefined) throw notFound(`projects/${owner}/global/images/${rest.join('/')}`)
  return image
}

function sizeIn(params: Json, image: Image, path: string): number {
  const size = numberIn(params, 'diskSizeGb', path) ?? image.diskSizeGb
  if (size < image.diskSizeGb)
    throw invalidField(
      `${path}.initializeParams.diskSizeGb`,
      size,
      `Requested disk size cannot be smaller than the image size (${image.diskSizeGb} GB)`,
    )
  return size
}

const types = ['pd-standard', 'pd-balanced', 'pd-ssd', 'pd-extreme', 'hyperdisk-balanced']

function typeIn(params: Json, path: string, isBulk: boolean): string {
  const found = textIn(params, 'diskType', path) ?? 'pd-standard'
  const name = lastOf(found)
  const isWellFormed = isBulk
    ? name === found
    : found === 'pd-standard' || /zones\/[^/]+\/diskTypes\//.test(found)
  if (isWellFormed && types.includes(name)) return name
  throw invalidField(`${path}.initializeParams.diskType`, found, 'There is no such disk type here.')
}
