import { someDigitalOceanClouds, usualOffering } from '../support/digitalocean/clouds.ts'
import { doModel } from '../support/digitalocean/model.ts'
import { holdsTheContract, type Subject } from './suite.ts'

async function aTeam(): Promise<Subject> {
  const ground = await someDigitalOceanClouds({ model: await doModel() })
  return {
    cloud: await ground.open('ours'),
    restarted: () => ground.open('ours'),
    stranger: () => ground.open('theirs'),
    userData: () => '#cloud-config\n{}\n',
    offering: usualOffering,
    async [Symbol.asyncDispose]() {
      // Tags of launches are taken away an hour after they were last used.
      const found = {
        left: ground.left().filter(each => !each.startsWith('tag ')),
        differs: ground.differing(),
      }
      await ground[Symbol.asyncDispose]()
      if (found.left.length + found.differs.length > 0)
        throw new Error(`left in the team, or unlike DigitalOcean: ${JSON.stringify(found)}`)
    },
  }
}

holdsTheContract('DigitalOcean as it is simulated', aTeam)
