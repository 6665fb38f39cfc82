import type { Call } from '../../lib/call.ts'
import type { Exposure } from '../../model/cluster.ts'
import { CloudError } from '../../model/faults.ts'
import { isGone } from './faults.ts'
import { sameId } from './sdk.ts'
import type { AzureSettings } from './settings.ts'
import type { Eyes } from './sizes.ts'

/** Where machines are put whose user named a subnet. */
export interface Site {
  readonly subnetId: string
}

type Named = NonNullable<AzureSettings['subnet']>

/** Throws a CloudError that says what is missing. */
export function siteOf(eyes: Eyes, subnet: Named, location: string, call: Call): Promise<Site> {
  return eyes.subscription.sites.of([subnet, location], () => find(eyes, subnet, location, call))
}

async function find({ session }: Eyes, subnet: Named, location: string, call: Call): Promise<Site> {
  const { resourceGroup, virtualNetwork, name } = subnet
  const network = await session
    .make('virtualNetworks.get', call, options =>
      session.clients.network.virtualNetworks.get(resourceGroup, virtualNetwork, options),
    )
    .catch((error: unknown): never => {
      if (!isGone(error)) throw error
      throw new CloudError(
        'invalid',
        `There is no virtual network ${virtualNetwork} in the resource group ${resourceGroup}: correct spec.cloud.azure.subnet`,
      )
    })
  if (plain(network.location) !== plain(location))
    throw new CloudError(
      'invalid',
      `The virtual network ${virtualNetwork} is in ${network.location ?? 'no location'}, and the cluster in ${location}: correct spec.cloud.azure.subnet`,
    )
  const found = (network.subnets ?? []).find(each => sameId(each.name) === sameId(name))
  if (found?.id === undefined)
    throw new CloudError(
      'invalid',
      `The virtual network ${virtualNetwork} has no subnet ${name}: correct spec.cloud.azure.subnet`,
    )
  return { subnetId: found.id }
}

/** `West Europe` and `westeurope` are one. */
const plain = (location: string | undefined): string => (location ?? '').toLowerCase().replaceAll(' ', '')

/** A network that is made for a cluster is reached by nobody but over public addresses, and has no other way out. */
export function requireWayOut(
  { subnet, workerAddresses }: Pick<AzureSettings, 'subnet' | 'workerAddresses'>,
  exposure: Exposure,
): void {
  if (subnet !== undefined) return
  if (exposure === 'Private') needs('spec.network.exposure', exposure)
  if (workerAddresses === 'None') needs('spec.cloud.azure.workerAddresses', workerAddresses)
}

function needs(field: string, value: string): never {
  throw new CloudError(
    'invalid',
    `${field} is ${value}, which needs a network of yours with a way out, such as a NAT gateway: name spec.cloud.azure.subnet`,
  )
}
