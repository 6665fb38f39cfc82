import type { LaunchRequest } from '../contract.ts'
import type { Marks } from '../marks.ts'
import { described, labelled } from './marks.ts'
import { tagOf } from './names.ts'
import { type Offering, readOffering } from './offerings.ts'
import type { Instance, InstanceProperties } from './sdk.ts'
import type { GcpSettings } from './settings.ts'

export interface Making {
  /** Where the scheduler's address is. */
  readonly subnetwork: string
  readonly marks: Marks
  /** In milliseconds since 1970. */
  readonly now: number
}

/**
 * What every machine of a launch is: whoever renders it from the same record gets the same, so that its request id fits.
 */
export function propertiesOf(
  request: LaunchRequest,
  settings: GcpSettings,
  { subnetwork, marks, now }: Making,
): InstanceProperties {
  const offering = readOffering(request.offering)
  const labels = labelled(settings.labels, marks)
  const gpu = request.role === 'worker' ? settings.gpu : undefined
  const { serviceAccount, shieldedVm, networkTags } = settings
  return {
    description: described(marks),
    machineType: offering.size,
    labels,
    tags: { items: [tagOf(request.owner.uid, request.role), ...networkTags] },
    disks: [bootDisk(offering, settings, labels)],
    networkInterfaces: [networkInterface(request, settings, subnetwork)],
    metadata: { items: metadataOf(request, settings) },
    scheduling: scheduling(request, offering, { hasGpu: gpu !== undefined || offering.isBound, now }),
    shieldedInstanceConfig: {
      enableSecureBoot: shieldedVm.secureBoot,
      enableVtpm: shieldedVm.vtpm,
      enableIntegrityMonitoring: shieldedVm.integrityMonitoring,
    },
    ...(serviceAccount === undefined
      ? {}
      : { serviceAccounts: [{ email: serviceAccount.email, scopes: [...serviceAccount.scopes] }] }),
    ...(gpu === undefined
      ? {}
      : { guestAccelerators: [{ acceleratorType: gpu.type, acceleratorCount: gpu.count }] }),
  }
}

/** The same as one machine in a zone: there, types are named by their paths. */
export function instanceOf(name: string, zone: string, properties: InstanceProperties): Instance {
  const { machineType, disks, ...rest } = properties
  const typed = (kind: string, type: string | null | undefined): string =>
    `zones/${zone}/${kind}/${type ?? ''}`
  return {
    ...rest,
    name,
    machineType: typed('machineTypes', machineType),
    disks: (disks ?? []).map(({ initializeParams, ...disk }) => ({
      ...disk,
      initializeParams: { ...initializeParams, diskType: typed('diskTypes', initializeParams?.diskType) },
    })),
  }
}

function bootDisk(
  { image, diskGiB }: Offering,
  { disk }: GcpSettings,
  labels: Readonly<Record<string, string>>,
) {
  return {
    boot: true,
    autoDelete: true,
    initializeParams: {
      sourceImage: image,
      diskSizeGb: diskGiB,
      diskType: disk.type,
      labels: { ...labels },
    },
    ...(disk.kmsKey === undefined ? {} : { diskEncryptionKey: { kmsKeyName: disk.kmsKey } }),
  }
}

/** The scheduler's has the address that was made for it; a worker's own comes and goes with it. */
function networkInterface(
  { role, address, exposure }: LaunchRequest,
  { workerAddresses }: GcpSettings,
  subnetwork: string,
) {
  const isScheduler = role === 'scheduler'
  const isPublic = exposure === 'Public' && (isScheduler || workerAddresses === 'External')
  const nat = { name: 'External NAT', type: 'ONE_TO_ONE_NAT' }
  const kept = isScheduler && address !== undefined ? address : undefined
  return {
    subnetwork,
    ...(kept === undefined ? {} : { networkIP: kept.internal.host }),
    // Nobody calls a worker from outside: it needs the address to fetch its software, where the network has no NAT.
    ...(isPublic
      ? {
          accessConfigs: [
            { ...nat, ...(kept === undefined ? {} : { natIP: kept.external.host, networkTier: 'PREMIUM' }) },
          ],
        }
      : {}),
  }
}

const word = (flag: boolean): string => (flag ? 'TRUE' : 'FALSE')

function metadataOf({ userData, role }: LaunchRequest, settings: GcpSettings) {
  const { osLogin, serialConsole, projectSshKeys, gpu } = settings
  const items = {
    'user-data': userData,
    'enable-oslogin': word(osLogin),
    'serial-port-enable': word(serialConsole),
    'block-project-ssh-keys': word(!projectSshKeys),
    ...(role === 'worker' && gpu?.driver === 'Install' ? { 'install-nvidia-driver': 'True' } : {}),
  }
  return Object.entries(items).map(([key, value]) => ({ key, value }))
}

/** Nothing is started again by Google: the operator does that, and knows what for. */
function scheduling(
  { endsAt }: LaunchRequest,
  { purchasing }: Offering,
  about: { readonly hasGpu: boolean; readonly now: number },
) {
  const isSpot = purchasing === 'Spot'
  const seconds = endsAt === undefined ? undefined : runSeconds(Date.parse(endsAt) - about.now)
  return {
    automaticRestart: false,
    provisioningModel: isSpot ? 'SPOT' : 'STANDARD',
    onHostMaintenance: isSpot || about.hasGpu ? 'TERMINATE' : 'MIGRATE',
    ...(isSpot || seconds !== undefined ? { instanceTerminationAction: 'DELETE' } : {}),
    ...(seconds === undefined ? {} : { maxRunDuration: { seconds } }),
  }
}

const hourS = 3_600
/** Google takes no longer limit. */
const mostHours = 120 * 24

/** Until then, up to whole hours: a request that is sent again is the same, but at the turn of one. */
const runSeconds = (leftMs: number): number =>
  Math.min(Math.max(Math.ceil(leftMs / 1_000 / hourS), 1), mostHours) * hourS
