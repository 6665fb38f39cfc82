import { describe } from 'vitest'
import { ec2Datasource } from '../support/machines/ec2-datasource.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { MachineRoom } from '../support/machines/room.ts'

describe('the operator with machines that really boot and install packages', () => {
  operatorStory({
    software: { python: { packages: ['dask==2026.8.0', 'distributed==2026.8.0'] } },
    async open(ground, all) {
      const room = all.use(await MachineRoom.open(ground, ec2Datasource()))
      return { room, supply: room.index }
    },
  })
})
