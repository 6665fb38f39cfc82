import { connectAzure } from '../../../src/clouds/azure/connect.ts'
import { parseCredentials } from '../../../src/clouds/azure/credentials.ts'
import type { AzureCloud } from '../../../src/clouds/azure/provider.ts'
import { parseSettings } from '../../../src/clouds/azure/settings.ts'
import { installationId } from '../../../src/model/names.ts'
import { surroundedBy } from '../surroundings.ts'
import { type AzureGround, anAzureGround, homeGroup, homeLocation } from './azure-ground.ts'
import type { Options } from './server.ts'

/** A simulated subscription, and operators that work in it through the real provider and SDK. */
export interface AzureClouds extends AzureGround {
  /** Each has a memory of its own. */
  readonly open: (
    installation: string,
    settings?: object,
    secret?: Readonly<Record<string, string>>,
  ) => Promise<AzureCloud>
}

export async function someAzureClouds(options: Options = {}): Promise<AzureClouds> {
  const ground = await anAzureGround(options)
  const surroundings = surroundedBy(ground.environment)
  return {
    ...ground,
    open: (installation, settings = {}, secret = ground.secret) =>
      connectAzure(
        parseSettings(
          { subscriptionId: ground.azure.world.subscriptionId, location: homeLocation, ...settings },
          'spec.cloud.azure',
        ),
        parseCredentials(secret, 'spec.credentialsSecretRef'),
        { installation: installationId(installation), sealingKey: 'key', stateDirectory: '' },
      ),
    async [Symbol.asyncDispose]() {
      surroundings[Symbol.dispose]()
      await ground[Symbol.asyncDispose]()
    },
  }
}

/** In the user's own group and network, where a machine needs nothing to be made before it. */
export const atHome = {
  resourceGroup: homeGroup,
  subnet: { resourceGroup: homeGroup, virtualNetwork: 'hub', name: 'dask' },
} as const

/** Machines that there are in every calm subscription. */
export const offeringIn = (zone: string): string =>
  `Standard_D4s_v5 ${zone} OnDemand Canonical:ubuntu-24_04-lts:server:24.04.202608010 own TrustedLaunch`

/** Throws where a request or an answer was not as Azure's own packages describe it. */
export function requireLikeness(ground: Pick<AzureGround, 'differing'> | undefined): void {
  const differs = ground?.differing() ?? []
  if (differs.length > 0) throw new Error(`unlike Azure: ${differs.join(', ')}`)
}
