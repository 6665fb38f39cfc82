import type { Call } from '../../lib/call.ts'
import { CloudError } from '../../model/faults.ts'
import { everyPage } from './pages.ts'
import type { ResourceSku } from './sdk.ts'
import { type AzureSession, unlessStopped } from './session.ts'
import type { AzureSubscription } from './subscription.ts'

export interface Eyes {
  readonly session: AzureSession
  readonly subscription: AzureSubscription
}

export type Placement = 'CacheDisk' | 'ResourceDisk' | 'NvmeDisk'

/** A size of virtual machine as a location has it. */
export interface Size {
  readonly name: string
  readonly architecture: 'x64' | 'Arm64'
  /** Hyper-V's. */
  readonly generations: readonly ('V1' | 'V2')[]
  /** Zones in which this subscription may have it. */
  readonly zones: readonly string[]
  /** The subscription may not have it in this location at all. */
  readonly isRestricted: boolean
  readonly hasGpu: boolean
  readonly takesSpot: boolean
  readonly takesTrustedLaunch: boolean
  readonly takesConfidential: boolean
  readonly takesEncryptionAtHost: boolean
  readonly takesPremiumDisks: boolean
  /** Where an ephemeral OS disk may be, with the room there. */
  readonly ephemeral: readonly { readonly placement: Placement; readonly gib: number }[]
}

/** Throws a CloudError where the location has none of that name. */
export async function sizeNamed(eyes: Eyes, name: string, location: string, call: Call): Promise<Size> {
  // Whoever gives up does not take the list from the others that wait for it.
  const looked = eyes.subscription.sizes.of(location, () => sizesIn(eyes.session, location))
  const sizes = await unlessStopped(looked, call)
  const size = sizes.get(name.toLowerCase())
  if (size === undefined)
    throw new CloudError('invalid', `${location} has no virtual machine of size ${name}: correct sizes`)
  if (size.isRestricted)
    throw new CloudError(
      'no-capacity',
      `Azure does not give ${name} to this subscription in ${location}: choose another size, or ask Azure for it`,
    )
  return size
}

const sizesMs = 120_000

/** All of a location in one list of some megabytes, of which little is kept. */
async function sizesIn(session: AzureSession, location: string): Promise<ReadonlyMap<string, Size>> {
  const filter = `location eq '${location}'`
  const { resourceSkus } = session.clients.compute
  const skus = await everyPage(
    session,
    'resourceSkus.list',
    options => resourceSkus.list({ ...options, filter }),
    {
      signal: AbortSignal.timeout(sizesMs),
      ms: sizesMs,
    },
  )
  return new Map(
    skus.flatMap(sku =>
      sku.resourceType === 'virtualMachines' && sku.name
        ? [[sku.name.toLowerCase(), read(sku)] as const]
        : [],
    ),
  )
}

function read(sku: ResourceSku): Size {
  const can = new Map((sku.capabilities ?? []).map(({ name, value }) => [name, value ?? '']))
  const is = (name: string): boolean => can.get(name)?.toLowerCase() === 'true'
  const restrictions = (sku.restrictions ?? []).filter(({ reasonCode }) => reasonCode !== undefined)
  const shut = new Set(restrictions.flatMap(({ restrictionInfo }) => restrictionInfo?.zones ?? []))
  return {
    name: sku.name ?? '',
    architecture: can.get('CpuArchitectureType') === 'Arm64' ? 'Arm64' : 'x64',
    generations: (can.get('HyperVGenerations') ?? 'V1')
      .split(',')
      .map(each => (each.trim() === 'V2' ? 'V2' : 'V1')),
    zones: (sku.locationInfo?.[0]?.zones ?? []).filter(zone => !shut.has(zone)).toSorted(),
    isRestricted: restrictions.some(({ type }) => type === 'Location'),
    hasGpu: Number(can.get('GPUs') ?? 0) > 0,
    takesSpot: is('LowPriorityCapable'),
    takesTrustedLaunch: !is('TrustedLaunchDisabled'),
    takesConfidential: (can.get('ConfidentialComputingType') ?? '') !== '',
    takesEncryptionAtHost: is('EncryptionAtHostSupported'),
    takesPremiumDisks: is('PremiumIO'),
    ephemeral: is('EphemeralOSDiskSupported') ? roomIn(can) : [],
  }
}

/** https://learn.microsoft.com/azure/virtual-machines/ephemeral-os-disks: the cache first, then what the size has beside it. */
function roomIn(can: ReadonlyMap<string | undefined, string>): Size['ephemeral'] {
  const gib = (name: string, unit: number): number => Math.floor(Number(can.get(name) ?? 0) / unit)
  const all = [
    { placement: 'CacheDisk', gib: gib('CachedDiskBytes', 1024 ** 3) },
    { placement: 'NvmeDisk', gib: gib('NvmeDiskSizeInMiB', 1024) },
    { placement: 'ResourceDisk', gib: gib('MaxResourceVolumeMB', 1024) },
  ] as const
  const told = can.get('SupportedEphemeralOSDiskPlacements')
  const isTaken = (placement: Placement): boolean =>
    told === undefined ? placement !== 'NvmeDisk' : told.split(',').some(each => each.trim() === placement)
  return all.filter(({ placement, gib: room }) => room > 0 && isTaken(placement))
}
