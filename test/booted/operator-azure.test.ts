import { describe } from 'vitest'
import { anAzureGround } from '../support/azure/azure-ground.ts'
import { azureCloud } from '../support/machines/azure-cloud.ts'
import { azureDatasource } from '../support/machines/azure-datasource.ts'
import { addressOf } from '../support/machines/network.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { MachineRoom } from '../support/machines/room.ts'

describe('the operator with machines of Azure’s that really boot and install packages', () => {
  operatorStory({
    software: { python: { packages: ['dask==2026.8.0', 'distributed==2026.8.0'] } },
    resizes: false,
    async open(ground, all) {
      const room = all.use(await MachineRoom.open(ground, azureDatasource()))
      const subscription = all.use(await anAzureGround())
      let given = 0
      subscription.azure.world.privateIp = () => addressOf(++given)
      return { room, supply: room.index, cloud: azureCloud(subscription) }
    },
  })
})
