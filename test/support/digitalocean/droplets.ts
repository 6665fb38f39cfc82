import { imageBody, images, sizeBody, sizes } from './catalog.ts'
import { notFound, unprocessable, word } from './failure.ts'
import type { Droplet, Team } from './team.ts'

type Body = Readonly<Record<string, unknown>>

const words = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** Makes a droplet for each name, each time that it is asked: names say nothing, and there is no token. */
export function createDroplets(team: Team, body: Body): readonly Droplet[] {
  const names = words(body['names'])
  if (names.length === 0 || names.length > 10) throw unprocessable('names must be 1 to 10 hostnames.')
  for (const name of names)
    if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,253}[a-zA-Z0-9])?$/.test(name))
      throw unprocessable('Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)')
  const size = sizes.find(({ slug }) => slug === body['size'])
  const region = word(body['region'])
  const image = images.find(({ id, slug }) => id === body['image'] || slug === body['image'])
  if (size === undefined) throw unprocessable('You specified an invalid size for Droplet creation.')
  if (image === undefined) throw unprocessable('You specified an invalid image for Droplet creation.')
  requirePlace(team, { region, size: size.slug, regions: size.regions, count: names.length })
  if (image.min_disk_size > size.disk)
    throw unprocessable('The image requires a larger disk than this size has.')
  const userData = word(body['user_data'])
  if (Buffer.byteLength(userData) > 65_536) throw unprocessable('User data must be under 64 KiB.')
  for (const key of words(body['ssh_keys']))
    if (!team.keys.some(({ id, fingerprint }) => String(id) === key || fingerprint === key))
      throw unprocessable(`${key} are invalid key identifiers for Droplet creation.`)
  const vpc = vpcFor(team, region, body['vpc_uuid'])
  const tags = words(body['tags']).map(tag => team.tagged(tag))
  const made = names.map(name => born(team, name, { body, size: size.slug, image: image.id, vpc, tags }))
  // Said to be made, and never seen.
  if (team.isForgetful) return made
  const kind = `${size.slug} ${region}`
  const left = team.stock.get(kind)
  if (left !== undefined) team.stock.set(kind, left - made.length)
  team.droplets.push(...made)
  return made
}

interface Place {
  readonly region: string
  readonly size: string
  readonly regions: readonly string[]
  readonly count: number
}

function requirePlace(team: Team, { region, size, regions, count }: Place): void {
  if (!regions.includes(region)) throw unprocessable('Size is not available in this region.')
  if ((team.stock.get(`${size} ${region}`) ?? Infinity) < count)
    throw unprocessable('The requested size is currently unavailable in this region.')
  if (team.alive.length + count > team.limit)
    throw unprocessable('creating this/these droplet(s) will exceed your droplet limit')
}

function vpcFor(team: Team, region: string, asked: unknown): string {
  const found = [...team.vpcs].find(([id, vpc]) =>
    asked === undefined ? vpc.isDefault && vpc.region === region : id === asked && vpc.region === region,
  )
  if (found === undefined) throw unprocessable('Failed to resolve VPC')
  return found[0]
}

interface Given {
  readonly body: Body
  readonly size: string
  readonly image: number
  readonly vpc: string
  readonly tags: readonly string[]
}

function born(team: Team, name: string, { body, size, image, vpc, tags }: Given): Droplet {
  const number = team.nextNumber()
  return {
    id: 500_000_000 + number,
    name,
    region: word(body['region']),
    size,
    image,
    vpc,
    tags: new Set(tags),
    userData: word(body['user_data']),
    isPublic: body['public_networking'] !== false,
    hasIpv6: body['ipv6'] === true,
    privateIp: team.privateIp(number),
    publicIp: team.publicIp(number),
    bornAt: team.now(),
    isOff: false,
    deletedAt: undefined,
    console: '',
  }
}

/** It is gone from then on, though lists may show it for a while. */
export function endDroplet(team: Team, id: number): void {
  const found = team.droplets.find(each => each.id === id && each.deletedAt === undefined)
  if (found === undefined) throw notFound()
  found.deletedAt = team.now()
}

const address = (type: string, ip: string): object => ({
  ip_address: ip,
  netmask: '255.255.240.0',
  gateway: type === 'public' ? '203.0.113.254' : 'nil',
  type,
})

export function dropletBody(team: Team, droplet: Droplet): object {
  const size = sizes.find(({ slug }) => slug === droplet.size)
  const image = images.find(({ id }) => id === droplet.image)
  const hasAddress = team.now() >= droplet.bornAt + team.tempo.addressMs
  const v4 = [
    ...(droplet.isPublic ? [address('public', droplet.publicIp)] : []),
    address('private', droplet.privateIp),
  ]
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size?.memory,
    vcpus: size?.vcpus,
    disk: size?.disk,
    locked: false,
    status: team.statusOf(droplet),
    kernel: null,
    created_at: new Date(droplet.bornAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    features: ['private_networking', ...(droplet.hasIpv6 ? ['ipv6'] : [])],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: image && imageBody(image),
    volume_ids: [],
    size: size && sizeBody(size),
    size_slug: droplet.size,
    networks: { v4: hasAddress ? v4 : [], v6: [] },
    region: { name: droplet.region, slug: droplet.region, features: [], available: true, sizes: [] },
    tags: [...droplet.tags],
    vpc_uuid: droplet.vpc,
  }
}
