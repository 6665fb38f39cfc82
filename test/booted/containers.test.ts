import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { startEc2 } from '../support/aws/ec2.ts'
import { ec2Cloud } from '../support/machines/ec2-cloud.ts'
import { ec2Datasource } from '../support/machines/ec2-datasource.ts'
import { addressOf, registryName } from '../support/machines/network.ts'
import { operatorStory } from '../support/machines/operator-story.ts'
import { imageInRegistry, Registry } from '../support/machines/registry.ts'
import { MachineRoom } from '../support/machines/room.ts'
import { currentRun } from '../support/machines/run-name.ts'

describe('the operator with machines that really boot and run a container', () => {
  operatorStory({
    software: { image: imageInRegistry },
    async open(ground, all) {
      const folder = await mkdtemp(join(tmpdir(), `${currentRun()}-registry-`))
      all.defer(() => rm(folder, { recursive: true, force: true }))
      const registry = all.use(await Registry.create({ root: ground.engineRoot, folder }))
      const files = { [`/etc/docker/certs.d/${registryName}/ca.crt`]: registry.certificate }
      const room = all.use(await MachineRoom.open(ground, ec2Datasource(), { hasEngine: true, files }))
      await registry.start()
      await registry.push(ground.layer)
      const ec2 = all.use(await startEc2({ privateIp: addressOf }))
      return { room, supply: registry, cloud: ec2Cloud(ec2) }
    },
  })
})
