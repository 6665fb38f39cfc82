import { describe } from 'vitest'
import { aGcpGround } from '../support/gcp/gcp-ground.ts'
import { gceCloud } from '../support/machines/gce-cloud.ts'
import { gceDatasource } from '../support/machines/gce-datasource.ts'
import { addressOf } from '../support/machines/network.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { MachineRoom } from '../support/machines/room.ts'

describe('the operator with machines of Google’s that really boot and install packages', () => {
  operatorStory({
    software: { python: { packages: ['dask==2026.8.0', 'distributed==2026.8.0'] } },
    resizes: false,
    async open(ground, all) {
      const room = all.use(await MachineRoom.open(ground, gceDatasource()))
      let given = 0
      const gce = all.use(await aGcpGround({ privateIp: () => addressOf(++given) }))
      return { room, supply: room.index, cloud: gceCloud(gce) }
    },
  })
})
