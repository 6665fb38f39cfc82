import { connectGcp } from '../../../src/clouds/gcp/connect.ts'
import { parseCredentials } from '../../../src/clouds/gcp/credentials.ts'
import { roleFor } from '../../../src/clouds/gcp/policy.ts'
import type { GcpCloud } from '../../../src/clouds/gcp/provider.ts'
import { parseSettings } from '../../../src/clouds/gcp/settings.ts'
import { installationId } from '../../../src/model/names.ts'
import { surroundedBy } from '../surroundings.ts'
import type { Options } from './gce.ts'
import { aGcpGround, type GcpGround, homeProject, homeRegion } from './gcp-ground.ts'

/** As `npm run iam-policy -- gcp` prints it, with the right to give machines a service account. */
export const printedRole = roleFor({ of: 'all', makesRules: true, givesServiceAccounts: true })

/** A simulated project, and operators that work in it through the real provider and SDK. */
export interface GcpClouds extends GcpGround {
  /** Each has a memory of its own. */
  open(installation: string, settings?: object, secret?: Readonly<Record<string, string>>): Promise<GcpCloud>
}

export async function someGcpClouds(options: Options = {}): Promise<GcpClouds> {
  const ground = await aGcpGround(options)
  ground.operator.grants.set(homeProject, new Set(printedRole.includedPermissions))
  const surroundings = surroundedBy(ground.environment)
  const key = { 'credentials.json': JSON.stringify(ground.keyFile) }
  return {
    ...ground,
    open: (installation, settings = {}, secret = key) =>
      connectGcp(
        parseSettings({ project: homeProject, region: homeRegion, ...settings }, 'spec.cloud.gcp'),
        parseCredentials(secret, 'spec.credentialsSecretRef'),
        { installation: installationId(installation), sealingKey: 'key', stateDirectory: '' },
      ),
    async [Symbol.asyncDispose]() {
      surroundings[Symbol.dispose]()
      await ground[Symbol.asyncDispose]()
    },
  }
}

/** Machines that there are in every calm project, in one of its zones or anywhere in its region. */
export const offeringIn = (place: string): string =>
  `e2-standard-4 ${place} OnDemand projects/ubuntu-os-cloud/global/images/ubuntu-2404-lts-amd64-v20260801 30`

/** Throws where a request or an answer was not as Google's discovery document describes it. */
export function requireLikeness({ differing }: Pick<GcpClouds, 'differing'>): void {
  const differs = new Set(differing())
  if (differs.size > 0) throw new Error(`unlike Compute Engine: ${[...differs].join(', ')}`)
}
