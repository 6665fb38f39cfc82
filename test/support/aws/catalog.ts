export interface Size {
  readonly name: string
  readonly architecture: 'x86_64' | 'arm64'
  readonly vcpus: number
  readonly memoryMiB: number
  readonly gpus: number
}

export interface Image {
  readonly seq: number
  readonly id: string
  readonly owner: string
  readonly name: string
  readonly architecture: 'x86_64' | 'arm64'
  readonly created: string
  readonly diskGiB: number
  readonly tags: ReadonlyMap<string, string>
}

export interface Catalog {
  readonly sizes: readonly Size[]
  readonly images: readonly Image[]
  /** SSM parameters by name. */
  readonly parameters: ReadonlyMap<string, string>
}

const canonical = '099720109477'

const size = (
  name: string,
  [vcpus, memoryGiB]: readonly [number, number],
  architecture: Size['architecture'] = 'x86_64',
  gpus = 0,
): Size => ({ name, architecture, vcpus, memoryMiB: memoryGiB * 1024, gpus })

const image = (seq: number, arch: string, architecture: Image['architecture'], created: string): Image => ({
  seq,
  id: `ami-0${String(seq).padStart(16, '0')}`,
  owner: canonical,
  name: `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-${arch}-server-${created.slice(0, 10).replaceAll('-', '')}`,
  architecture,
  created,
  diskGiB: 8,
  tags: new Map(),
})

const images = [
  image(1, 'amd64', 'x86_64', '2026-01-05T10:00:00.000Z'),
  image(2, 'amd64', 'x86_64', '2026-03-05T10:00:00.000Z'),
  image(3, 'arm64', 'arm64', '2026-03-05T10:00:00.000Z'),
]
/** What others still look for by its name. */
const focal: Image = {
  ...image(5, 'amd64', 'x86_64', '2025-05-05T10:00:00.000Z'),
  name: 'ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250505',
}
const gpuImage: Image = {
  ...image(4, 'amd64', 'x86_64', '2026-02-05T10:00:00.000Z'),
  owner: '898082745236',
  name: 'Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 24.04) 20260205',
  diskGiB: 75,
}

const ubuntu = (arch: string): string =>
  `/aws/service/canonical/ubuntu/server/24.04/stable/current/${arch}/hvm/ebs-gp3/ami-id`

/** A few sizes of each kind, and the images that AWS and Canonical publish for them. */
export const usualCatalog: Catalog = {
  sizes: [
    size('m5.large', [2, 8]),
    size('m7i.large', [2, 8]),
    size('m7i.xlarge', [4, 16]),
    size('m7g.large', [2, 8], 'arm64'),
    size('g5.xlarge', [4, 16], 'x86_64', 1),
  ],
  images: [...images, gpuImage, focal],
  parameters: new Map([
    [ubuntu('amd64'), 'ami-00000000000000002'],
    [ubuntu('arm64'), 'ami-00000000000000003'],
    [
      '/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id',
      gpuImage.id,
    ],
  ]),
}
