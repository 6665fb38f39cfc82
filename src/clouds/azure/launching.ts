import type { LaunchRequest } from '../contract.ts'
import type { Handle } from './belongings.ts'
import { addressName, interfaceName, partName } from './names.ts'
import { type Offering, readOffering } from './offerings.ts'
import { idOf, type VirtualMachine, type Whereabouts } from './sdk.ts'
import type { AzureSettings } from './settings.ts'

export interface Making {
  readonly handle: Handle
  readonly subscriptionId: string
  /** The user's own and ours, sealed. */
  readonly tags: Record<string, string>
  /** For whom Azure wants one. */
  readonly sshPublicKey: string
  /** The name of a machine's disk. */
  readonly diskOf: (machine: string) => string
}

/** One machine of a launch, by its name. */
export function machineNamed(
  name: string,
  request: LaunchRequest,
  settings: AzureSettings,
  making: Making,
): VirtualMachine {
  const offering = readOffering(request.offering)
  const { location, identities, adminUsername } = settings
  const security = securityOf(offering, settings)
  return {
    location,
    tags: making.tags,
    ...(offering.zone === undefined ? {} : { zones: [offering.zone] }),
    ...(identities.length === 0 ? {} : { identity: identityOf(identities) }),
    ...(offering.hasPlan ? { plan: planOf(offering) } : {}),
    hardwareProfile: { vmSize: offering.size },
    storageProfile: {
      imageReference: imageReference(offering.image),
      osDisk: osDisk(making.diskOf(name), offering, settings),
    },
    osProfile: {
      computerName: name,
      adminUsername,
      customData: Buffer.from(request.userData).toString('base64'),
      linuxConfiguration: {
        disablePasswordAuthentication: true,
        provisionVMAgent: true,
        ssh: {
          publicKeys: [{ path: `/home/${adminUsername}/.ssh/authorized_keys`, keyData: making.sshPublicKey }],
        },
      },
    },
    networkProfile: networkOf(name, request, settings, making),
    ...(Object.keys(security).length > 0 && { securityProfile: security }),
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
    ...(offering.purchasing === 'Spot' ? spot : {}),
  }
}

/** A price of -1 is what the size costs on demand at most: nobody is evicted for a price. */
const spot = {
  priority: 'Spot',
  evictionPolicy: 'Delete',
  billingProfile: { maxPrice: -1 },
} as const

const identityOf = (identities: readonly string[]) => ({
  type: 'UserAssigned' as const,
  userAssignedIdentities: Object.fromEntries(identities.map(id => [id, {}])),
})

function planOf({ image }: Offering) {
  const [publisher = '', product = '', name = ''] = image.split(':')
  return { publisher, product, name }
}

function imageReference(image: string) {
  if (/^\/communitygalleries\//i.test(image)) return { communityGalleryImageId: image }
  if (image.startsWith('/')) return { id: image }
  const [publisher = '', offer = '', sku = '', version = ''] = image.split(':')
  return { publisher, offer, sku, version }
}

function osDisk(
  name: string,
  { diskGiB, ephemeral, security }: Offering,
  { osDisk: { type, diskEncryptionSetId } }: AzureSettings,
): NonNullable<NonNullable<VirtualMachine['storageProfile']>['osDisk']> {
  const made = {
    name,
    createOption: 'FromImage',
    deleteOption: 'Delete',
    ...(diskGiB !== undefined && { diskSizeGB: diskGiB }),
  } as const
  return {
    ...made,
    ...(ephemeral === undefined
      ? { caching: 'ReadWrite' as const }
      : { caching: 'ReadOnly' as const, diffDiskSettings: { option: 'Local', placement: ephemeral } }),
    managedDisk: {
      storageAccountType: ephemeral === undefined ? type : 'Standard_LRS',
      ...(diskEncryptionSetId === undefined ? {} : { diskEncryptionSet: { id: diskEncryptionSetId } }),
      ...(security === 'ConfidentialVM'
        ? { securityProfile: { securityEncryptionType: 'VMGuestStateOnly' } }
        : {}),
    },
  }
}

/** Standard is what a machine is that says nothing of it: only some subscriptions may say the word. */
function securityOf({ security }: Offering, { encryptionAtHost, securityType }: AzureSettings) {
  const isSaid = security !== 'Standard' || securityType === 'Standard'
  return {
    ...(isSaid && { securityType: security }),
    ...(security !== 'Standard' && { uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } }),
    ...(encryptionAtHost && { encryptionAtHost }),
  }
}

/** The newest that Azure takes for interfaces that are made with their machine. */
const networkApiVersion = '2022-11-01'

/** The scheduler's was made before it and stays when it goes; a worker's own comes and goes with it. */
function networkOf(
  name: string,
  { role, owner, exposure }: LaunchRequest,
  settings: AzureSettings,
  { handle, subscriptionId, tags }: Making,
): NonNullable<VirtualMachine['networkProfile']> {
  const where: Whereabouts = { subscriptionId, group: handle.group }
  if (role === 'scheduler')
    return {
      networkInterfaces: [
        {
          id: idOf(where, 'networkInterfaces', partName(owner.uid, 'scheduler-interface')),
          primary: true,
          deleteOption: 'Detach',
        },
      ],
    }
  const given = settings.networkSecurityGroup
  const rulesId =
    given === undefined
      ? idOf(where, 'networkSecurityGroups', partName(owner.uid, 'worker-rules'))
      : idOf({ ...where, group: given.resourceGroup }, 'networkSecurityGroups', given.name)
  const members = idOf(where, 'applicationSecurityGroups', partName(owner.uid, 'members'))
  const hasAddress = exposure === 'Public' && settings.workerAddresses === 'Public'
  return {
    networkApiVersion,
    networkInterfaceConfigurations: [
      {
        name: interfaceName(name),
        primary: true,
        deleteOption: 'Delete',
        tags,
        networkSecurityGroup: { id: rulesId },
        ipConfigurations: [
          {
            name: 'dask',
            primary: true,
            subnet: { id: handle.subnetId },
            ...(given === undefined ? { applicationSecurityGroups: [{ id: members }] } : {}),
            ...(hasAddress ? { publicIPAddressConfiguration: publicAddress(name, tags) } : {}),
          },
        ],
      },
    ],
  }
}

/** Nobody calls a worker from outside: it needs the address to fetch its software, where the subnet has no other way out. */
const publicAddress = (machine: string, tags: Record<string, string>) => ({
  name: addressName(machine),
  tags,
  deleteOption: 'Delete',
  sku: { name: 'Standard', tier: 'Regional' },
  publicIPAllocationMethod: 'Static',
})
