/** What a project can choose from. Everything in it may be changed by a test. */
export interface Catalog {
  readonly regions: ReadonlyMap<string, readonly string[]>
  readonly machineTypes: Map<string, MachineType>
  /** Of all projects: `project/name`. */
  readonly images: Map<string, Image>
  readonly accelerators: ReadonlySet<string>
}

export interface MachineType {
  readonly cpus: number
  readonly memoryMb: number
  readonly architecture: 'X86_64' | 'ARM64'
  /** It comes with them. */
  readonly accelerators?: { readonly type: string; readonly count: number }
  /** Last letters of the zones that have it; in all of them unless told. */
  readonly zones?: string
}

export interface Image {
  readonly seq: number
  readonly project: string
  readonly name: string
  readonly family: string
  readonly architecture: 'X86_64' | 'ARM64'
  readonly diskSizeGb: number
  readonly isDeprecated?: boolean
}

const regions = new Map([
  ['us-central1', ['a', 'b', 'c', 'f']],
  ['us-east1', ['b', 'c', 'd']],
  ['europe-west4', ['a', 'b', 'c']],
])

const machineTypes: readonly (readonly [string, MachineType])[] = [
  ['e2-small', { cpus: 2, memoryMb: 2_048, architecture: 'X86_64' }],
  ['e2-standard-2', { cpus: 2, memoryMb: 8_192, architecture: 'X86_64' }],
  ['e2-standard-4', { cpus: 4, memoryMb: 16_384, architecture: 'X86_64' }],
  ['e2-standard-8', { cpus: 8, memoryMb: 32_768, architecture: 'X86_64' }],
  ['n1-standard-4', { cpus: 4, memoryMb: 15_360, architecture: 'X86_64' }],
  ['n2-standard-4', { cpus: 4, memoryMb: 16_384, architecture: 'X86_64' }],
  ['n2-highmem-8', { cpus: 8, memoryMb: 65_536, architecture: 'X86_64' }],
  ['t2a-standard-4', { cpus: 4, memoryMb: 16_384, architecture: 'ARM64', zones: 'abf' }],
  ['c4a-standard-4', { cpus: 4, memoryMb: 16_384, architecture: 'ARM64' }],
  [
    'g2-standard-4',
    {
      cpus: 4,
      memoryMb: 16_384,
      architecture: 'X86_64',
      accelerators: { type: 'nvidia-l4', count: 1 },
      zones: 'abc',
    },
  ],
  [
    'a2-highgpu-1g',
    {
      cpus: 12,
      memoryMb: 87_040,
      architecture: 'X86_64',
      accelerators: { type: 'nvidia-tesla-a100', count: 1 },
      zones: 'abcf',
    },
  ],
]

const image = (project: string, family: string, more: Partial<Image> = {}): readonly [string, Image] => {
  const name = more.name ?? `${family}-v20261101`
  const made = { seq: 1, project, family, architecture: 'X86_64', diskSizeGb: 10, ...more, name } as const
  return [`${project}/${name}`, made]
}

const images = [
  image('ubuntu-os-cloud', 'ubuntu-2404-lts-amd64'),
  image('ubuntu-os-cloud', 'ubuntu-2404-lts-amd64', {
    name: 'ubuntu-2404-lts-amd64-v20260801',
    isDeprecated: true,
  }),
  image('ubuntu-os-cloud', 'ubuntu-2404-lts-arm64', { architecture: 'ARM64' }),
  image('ubuntu-os-cloud', 'ubuntu-2204-lts'),
  image('debian-cloud', 'debian-12'),
  image('deeplearning-platform-release', 'common-cu128-ubuntu-2204', { diskSizeGb: 50 }),
]

/** Projects whose images are everybody's. */
export const publicProjects: ReadonlySet<string> = new Set(images.map(([, { project }]) => project))

export const usualCatalog = (): Catalog => ({
  regions: new Map(
    [...regions].map(([region, letters]) => [region, letters.map(each => `${region}-${each}`)]),
  ),
  machineTypes: new Map(machineTypes),
  images: new Map(images),
  accelerators: new Set(['nvidia-tesla-t4', 'nvidia-l4', 'nvidia-tesla-a100', 'nvidia-tesla-v100']),
})

export const isIn = ({ zones }: MachineType, zone: string): boolean => zones?.includes(zone.slice(-1)) ?? true

export const regionOf = (zone: string): string => zone.slice(0, -2)

/** The newest of a family that is not deprecated. */
export const newestOf = ({ images: all }: Catalog, project: string, family: string): Image | undefined =>
  [...all.values()]
    .filter(each => each.project === project && each.family === family && each.isDeprecated !== true)
    .toSorted((a, b) => (a.name < b.name ? 1 : -1))[0]
