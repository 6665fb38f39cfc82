import { describe } from 'vitest'
import { aDigitalOceanGround } from '../support/digitalocean/ground.ts'
import { digitalOceanCloud } from '../support/machines/digitalocean-cloud.ts'
import { digitalOceanDatasource } from '../support/machines/digitalocean-datasource.ts'
import { addressOf } from '../support/machines/network.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { MachineRoom } from '../support/machines/room.ts'

describe('the operator with machines of DigitalOcean’s that really boot and install packages', () => {
  operatorStory({
    software: { python: { packages: ['dask==2026.8.0', 'distributed==2026.8.0'] } },
    resizes: false,
    keepsAddress: false,
    async open(ground, all) {
      const room = all.use(await MachineRoom.open(ground, digitalOceanDatasource()))
      const team = all.use(await aDigitalOceanGround())
      team.home.privateIp = number => addressOf(number)
      return { room, supply: room.index, cloud: digitalOceanCloud(team) }
    },
  })
})
