import { describe } from 'vitest'
import { startEc2 } from '../support/aws/ec2.ts'
import { ec2Cloud } from '../support/machines/ec2-cloud.ts'
import { ec2Datasource } from '../support/machines/ec2-datasource.ts'
import { addressOf } from '../support/machines/network.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { MachineRoom } from '../support/machines/room.ts'

describe('the operator with machines that really boot and install packages', () => {
  operatorStory({
    software: { python: { packages: ['dask==2026.8.0', 'distributed==2026.8.0'] } },
    async open(ground, all) {
      const room = all.use(await MachineRoom.open(ground, ec2Datasource()))
      const ec2 = all.use(await startEc2({ privateIp: addressOf }))
      return { room, supply: room.index, cloud: ec2Cloud(ec2) }
    },
  })
})
