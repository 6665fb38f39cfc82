import { connectDigitalOcean } from '../../../src/clouds/digitalocean/connect.ts'
import { parseCredentials } from '../../../src/clouds/digitalocean/credentials.ts'
import type { DigitalOceanCloud } from '../../../src/clouds/digitalocean/provider.ts'
import { parseSettings } from '../../../src/clouds/digitalocean/settings.ts'
import { installationId } from '../../../src/model/names.ts'
import { surroundedBy } from '../surroundings.ts'
import { aDigitalOceanGround, type DigitalOceanGround, homeRegion } from './ground.ts'
import type { Options } from './server.ts'

/** A simulated team, and operators that work in it through the real provider and client. */
export interface DigitalOceanClouds extends DigitalOceanGround {
  /** Each has a memory of its own. */
  readonly open: (
    installation: string,
    settings?: object,
    secret?: Readonly<Record<string, string>>,
  ) => Promise<DigitalOceanCloud>
}

export async function someDigitalOceanClouds(options: Options = {}): Promise<DigitalOceanClouds> {
  const ground = await aDigitalOceanGround(options)
  const surroundings = surroundedBy(ground.environment)
  return {
    ...ground,
    open: (installation, settings = {}, secret = ground.secret) =>
      connectDigitalOcean(
        parseSettings({ region: homeRegion, ...settings }, 'spec.cloud.digitalOcean'),
        parseCredentials(secret, 'spec.credentialsSecretRef'),
        { installation: installationId(installation), sealingKey: 'key', stateDirectory: '' },
      ),
    async [Symbol.asyncDispose]() {
      surroundings[Symbol.dispose]()
      await ground[Symbol.asyncDispose]()
    },
  }
}

/** Droplets that there are in every calm team. */
export const usualOffering = `s-4vcpu-8gb ${homeRegion} ubuntu-24-04-x64`

/** Throws where a request or an answer was not as DigitalOcean describes it. */
export function requireLikeness(ground: Pick<DigitalOceanGround, 'differing'> | undefined): void {
  const differs = ground?.differing() ?? []
  if (differs.length > 0) throw new Error(`unlike DigitalOcean: ${differs.join(', ')}`)
}
