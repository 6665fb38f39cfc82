/** What every location of the simulated Azure has. */
export interface CatalogSize {
  readonly name: string
  readonly zones: readonly string[]
  readonly isRestricted?: true
  readonly capabilities: Readonly<Record<string, string>>
}

const plain = {
  CpuArchitectureType: 'x64',
  HyperVGenerations: 'V1,V2',
  PremiumIO: 'True',
  LowPriorityCapable: 'True',
  EncryptionAtHostSupported: 'True',
  EphemeralOSDiskSupported: 'False',
} as const

const zones = ['1', '2', '3'] as const

export const sizes: readonly CatalogSize[] = [
  { name: 'Standard_D2s_v5', zones, capabilities: plain },
  { name: 'Standard_D4s_v5', zones, capabilities: plain },
  {
    name: 'Standard_D4pls_v5',
    zones: ['1', '2'],
    capabilities: { ...plain, CpuArchitectureType: 'Arm64', HyperVGenerations: 'V2' },
  },
  {
    name: 'Standard_D4ds_v5',
    zones,
    capabilities: {
      ...plain,
      EphemeralOSDiskSupported: 'True',
      CachedDiskBytes: String(100 * 1024 ** 3),
      MaxResourceVolumeMB: '153600',
    },
  },
  { name: 'Standard_NC4as_T4_v3', zones: ['1'], capabilities: { ...plain, GPUs: '1' } },
  {
    name: 'Standard_A2_v2',
    zones: [],
    capabilities: { ...plain, HyperVGenerations: 'V1', PremiumIO: 'False', LowPriorityCapable: 'False' },
  },
  { name: 'Standard_M8ms', zones, isRestricted: true, capabilities: plain },
]

export const sizeNamed = (name: string): CatalogSize | undefined =>
  sizes.find(each => each.name.toLowerCase() === name.toLowerCase())

export const skuOf = (size: CatalogSize, location: string): object => ({
  resourceType: 'virtualMachines',
  name: size.name,
  locations: [location],
  locationInfo: [{ location, zones: [...size.zones] }],
  capabilities: Object.entries(size.capabilities).map(([name, value]) => ({ name, value })),
  restrictions: size.isRestricted
    ? [{ type: 'Location', values: [location], reasonCode: 'NotAvailableForSubscription' }]
    : [],
})

export interface CatalogImage {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
  readonly versions: readonly string[]
  readonly properties: Readonly<Record<string, unknown>>
}

const trusted = [{ name: 'SecurityType', value: 'TrustedLaunchSupported' }]
const ubuntu = {
  publisher: 'Canonical',
  offer: 'ubuntu-24_04-lts',
  versions: ['24.04.202512010', '24.04.202608010', '24.04.20260201'],
}

export const images: readonly CatalogImage[] = [
  {
    ...ubuntu,
    sku: 'server',
    properties: { architecture: 'x64', hyperVGeneration: 'V2', features: trusted },
  },
  { ...ubuntu, sku: 'server-gen1', properties: { architecture: 'x64', hyperVGeneration: 'V1' } },
  {
    ...ubuntu,
    sku: 'server-arm64',
    properties: { architecture: 'Arm64', hyperVGeneration: 'V2', features: trusted },
  },
  {
    publisher: 'acme',
    offer: 'dask-gpu',
    sku: 'cuda',
    versions: ['1.0.0'],
    properties: {
      architecture: 'x64',
      hyperVGeneration: 'V2',
      plan: { publisher: 'acme', product: 'dask-gpu', name: 'cuda' },
    },
  },
]
