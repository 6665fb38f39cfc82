import { addPrincipal, secretOf } from '../support/azure/azure-ground.ts'
import { atHome, offeringIn, someAzureClouds } from '../support/azure/clouds.ts'
import { armModel } from '../support/azure/model.ts'
import type { Tempo } from '../support/azure/world.ts'
import { holdsTheContract, type Subject } from './suite.ts'

const rules = { resourceGroup: atHome.resourceGroup, name: 'open' }

/** Launches need no rules to be made before them: these are the user's own. */
function aSubscription(tempo: Partial<Tempo>, zone: string): () => Promise<Subject> {
  return async () => {
    const ground = await someAzureClouds({ tempo, model: await armModel() })
    const { world } = ground.azure
    world.add(rules.resourceGroup, 'Microsoft.Network/networkSecurityGroups', rules.name, {})
    const settings = { ...atHome, networkSecurityGroup: rules }
    return {
      cloud: await ground.open('ours', settings),
      restarted: () => ground.open('ours', settings),
      // Another principal: two that share one would share its rates, and not know it.
      stranger: () => ground.open('theirs', settings, secretOf(addPrincipal(ground.azure))),
      userData: () => '#cloud-config\n{}\n',
      offering: offeringIn(zone),
      async [Symbol.asyncDispose]() {
        const found = {
          left: ground.left().filter(each => !each.endsWith(` ${rules.name}`)),
          differs: ground.differing(),
        }
        await ground[Symbol.asyncDispose]()
        if (found.left.length + found.differs.length > 0)
          throw new Error(`left in the subscription, or unlike Azure: ${JSON.stringify(found)}`)
      },
    }
  }
}

holdsTheContract('Azure as it is simulated', aSubscription({}, 'any'))
holdsTheContract('Azure whose lists lag', aSubscription({ lagMs: 500 }, '1'))
