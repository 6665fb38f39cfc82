import { offeringIn, someGcpClouds } from '../support/gcp/clouds.ts'
import { homeRegion } from '../support/gcp/gcp-ground.ts'
import { computeModel } from '../support/gcp/model.ts'
import type { Tempo } from '../support/gcp/world.ts'
import { holdsTheContract, type Subject } from './suite.ts'

function aProject(tempo: Partial<Tempo>, place: string): () => Promise<Subject> {
  return async () => {
    const ground = await someGcpClouds({ tempo, model: await computeModel() })
    return {
      cloud: await ground.open('ours'),
      restarted: () => ground.open('ours'),
      stranger: () => ground.open('theirs'),
      userData: () => '#cloud-config\n{}\n',
      offering: offeringIn(place),
      async [Symbol.asyncDispose]() {
        const found = { left: ground.left(), differs: [...new Set(ground.differing())] }
        await ground[Symbol.asyncDispose]()
        if (found.left.length + found.differs.length > 0)
          throw new Error(`left in the project, or unlike Compute Engine: ${JSON.stringify(found)}`)
      },
    }
  }
}

holdsTheContract('Compute Engine as it is simulated', aProject({}, `${homeRegion}-a`))
holdsTheContract('Compute Engine whose lists lag', aProject({ lagMs: 500 }, `${homeRegion}-a`))
