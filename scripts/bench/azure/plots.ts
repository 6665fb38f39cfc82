import { addPrincipal, homeLocation, secretOf } from '../../../test/support/azure/azure-ground.ts'
import { machineType } from '../../../test/support/azure/machines.ts'
import { types } from '../../../test/support/azure/network.ts'
import type { Azure, Entry } from '../../../test/support/azure/server.ts'
import { lower, type Principal } from '../../../test/support/azure/world.ts'
import type { Heard } from '../lives/parts.ts'
import type { Plot } from '../lives/site.ts'

/** A resource group with a network, and a principal with rates of its own. */
export interface AzurePlot extends Plot {
  readonly principal: Principal
  readonly subnetId: string
}

export function plotIn(azure: Azure, name: string): AzurePlot {
  const { world, ledger } = azure
  const principal = addPrincipal(azure)
  const subnet = { resourceGroup: name, virtualNetwork: 'hub', name: 'dask' }
  world.add(name, 'resourceGroups', name, { location: homeLocation })
  const network = world.add(name, types.network, 'hub', { location: homeLocation })
  const subnetId = `${network.id}/subnets/dask`
  network.properties = {
    subnets: [{ name: 'dask', id: subnetId, properties: { addressPrefix: '10.20.0.0/17' } }],
  }
  const own = (type?: string) => world.there(type).filter(each => lower(each.group) === name)
  return {
    name,
    principal,
    subnetId,
    secret: secretOf(principal),
    cloud: {
      azure: { subscriptionId: world.subscriptionId, location: homeLocation, resourceGroup: name, subnet },
    },
    heard: () =>
      ledger.filter(({ by, operation }) => by === principal.objectId && operation !== 'token').map(heard),
    made: () => own(machineType).length,
    running: () => own(machineType).filter(({ states }) => states.includes('PowerState/running')).length,
    left: () => own().flatMap(each => (each.name === 'hub' || each.name === name ? [] : [each.id])),
  }
}

const heard = ({ at, operation, status, search }: Entry): Heard => ({
  at,
  isCreate: operation === 'virtualMachines.createOrUpdate',
  isThrottled: status === 429,
  isRefused: status >= 400,
  page:
    operation === 'virtualMachines.listAll' && !search.includes('statusOnly')
      ? search.includes('skiptoken')
        ? 'further'
        : 'first'
      : undefined,
})
