import type { AzureGround } from '../azure/azure-ground.ts'
import { homeGroup, homeLocation } from '../azure/azure-ground.ts'
import { endMachine, machineType, powerOff } from '../azure/machines.ts'
import { listIn, members, type Resource, word } from '../azure/world.ts'
import type { SimulatedCloud, SimulatedMachine } from './simulated-cloud.ts'

/** The subscription of a simulated Azure, whose clusters are in their user's group and network. */
export function azureCloud({ azure, environment, secret, left }: AzureGround): SimulatedCloud {
  const { world, consoles } = azure
  const known = new Map<Resource, Given>()
  const machineOf = (resource: Resource, given: Given): SimulatedMachine => {
    const { name: id, body, states, goneAt, properties } = resource
    const isOver = goneAt !== undefined || properties['provisioningState'] === 'Deleting'
    const isOff = states.includes('PowerState/stopped')
    return {
      id,
      role: body.tags?.['dask-role'] ?? '',
      ip: given.ip,
      state: isOver || isOff ? 'ended' : states.includes('PowerState/running') ? 'running' : 'starting',
      start: { id, ...given },
      said: consoles.get(id) ?? '',
      say: text => void consoles.set(id, text),
      end: by => {
        if (isThere(resource)) void (by === 'itself' ? powerOff(resource) : endMachine(world, resource))
      },
    }
  }
  return {
    spec: {
      cloud: {
        azure: {
          subscriptionId: world.subscriptionId,
          location: homeLocation,
          resourceGroup: homeGroup,
          subnet: { resourceGroup: homeGroup, virtualNetwork: 'hub', name: 'dask' },
        },
      },
      size: 'Standard_D4s_v5',
    },
    settings: {},
    env: environment,
    credentials: secret,
    machines() {
      // Azure forgets a machine that is gone, and its card with it.
      for (const each of world.there(machineType)) if (!known.has(each)) known.set(each, givenTo(each, world))
      return [...known].map(([each, given]) => machineOf(each, given))
    },
    left,
  }
}

type Given = Omit<SimulatedMachine['start'], 'id'>

const isThere = ({ goneAt, properties }: Resource): boolean =>
  goneAt === undefined && properties['provisioningState'] !== 'Deleting'

/** What it is started with, by its card and its user data. */
function givenTo({ properties, body, customData }: Resource, world: AzureGround['azure']['world']): Given {
  const [card = {}] = listIn(members(properties['networkProfile'])['networkInterfaces'])
  const [config = {}] = listIn(world.get(word(card['id'])).properties['ipConfigurations'])
  const ip = word(members(config['properties'])['privateIPAddress'])
  const parts = ip.split('.').map(part => Number(part).toString(16).padStart(2, '0'))
  return {
    ip,
    mac: `60:45:${parts.join(':')}`,
    size: word(members(properties['hardwareProfile'])['vmSize']),
    zone: body.zones?.[0] ?? '',
    userData: Buffer.from(customData, 'base64'),
  }
}
