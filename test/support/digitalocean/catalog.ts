/** https://docs.digitalocean.com/reference/api: a few of the regions, sizes and images that there are. */
export const regions = ['nyc3', 'fra1', 'sfo3'] as const

export interface SimulatedSize {
  readonly slug: string
  readonly memory: number
  readonly vcpus: number
  readonly disk: number
  readonly regions: readonly string[]
  readonly available: boolean
}

export const sizes: readonly SimulatedSize[] = [
  { slug: 's-1vcpu-1gb', memory: 1_024, vcpus: 1, disk: 25, regions, available: true },
  { slug: 's-2vcpu-4gb', memory: 4_096, vcpus: 2, disk: 80, regions, available: true },
  { slug: 's-4vcpu-8gb', memory: 8_192, vcpus: 4, disk: 160, regions, available: true },
  { slug: 'c-4', memory: 8_192, vcpus: 4, disk: 50, regions: ['nyc3', 'fra1'], available: true },
  { slug: 'gpu-4000adax1-20gb', memory: 32_768, vcpus: 8, disk: 500, regions: ['nyc3'], available: true },
  { slug: 'm-32vcpu-256gb', memory: 262_144, vcpus: 32, disk: 800, regions, available: false },
]

export interface SimulatedImage {
  readonly id: number
  readonly slug: string | null
  readonly name: string
  readonly regions: readonly string[]
  readonly min_disk_size: number
  readonly status: string
}

export const images: readonly SimulatedImage[] = [
  {
    id: 195_932_981,
    slug: 'ubuntu-24-04-x64',
    name: '24.04 (LTS) x64',
    regions,
    min_disk_size: 7,
    status: 'available',
  },
  {
    id: 201_000_001,
    slug: 'gpu-h100x1-base',
    name: 'NVIDIA AI/ML Ready',
    regions: ['nyc3'],
    min_disk_size: 100,
    status: 'available',
  },
  {
    id: 203_000_001,
    slug: null,
    name: 'dask-2026-08',
    regions: ['nyc3'],
    min_disk_size: 60,
    status: 'available',
  },
]

export const sizeBody = ({
  slug,
  memory,
  vcpus,
  disk,
  regions: where,
  available,
}: SimulatedSize): object => ({
  slug,
  memory,
  vcpus,
  disk,
  transfer: 4,
  price_monthly: 24,
  price_hourly: 0.03571,
  regions: where,
  available,
  description: 'Basic',
})

export const imageBody = (image: SimulatedImage): object => ({
  ...image,
  distribution: 'Ubuntu',
  public: image.slug !== null,
  created_at: '2026-08-01T00:00:00Z',
  type: 'base',
  size_gigabytes: 2.36,
  description: '',
  tags: [],
  error_message: '',
})
