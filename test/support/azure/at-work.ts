import type { AzureCloud } from '../../../src/clouds/azure/provider.ts'
import type { LaunchRequest } from '../../../src/clouds/contract.ts'
import { aLaunchRequest, anOwner } from '../launch-request.ts'
import { atHome, offeringIn, someAzureClouds } from './clouds.ts'
import { armModel } from './model.ts'
import { types } from './network.ts'
import type { Options } from './server.ts'

export const patience = { signal: AbortSignal.timeout(60_000) }

/** A subscription in which a worker needs nothing to be made before it. */
export async function atWork(options: Options = {}) {
  const ground = await someAzureClouds({ model: await armModel(), ...options })
  const { world } = ground.azure
  world.add(atHome.resourceGroup, types.rules, 'open', {})
  const settings = { ...atHome, networkSecurityGroup: { resourceGroup: atHome.resourceGroup, name: 'open' } }
  return { ...ground, world, settings, cloud: await ground.open('ours', settings) }
}

export const workers = (count: number, change: Partial<LaunchRequest> = {}): LaunchRequest =>
  aLaunchRequest({ count, userData: '#cloud-config\n{}\n', offering: offeringIn('any'), ...change })

export const choices = (cloud: AzureCloud, sizes: readonly string[], change: object = {}) =>
  cloud.offerings(
    { owner: anOwner(), role: 'worker', sizes, purchasing: 'OnDemand', address: undefined, ...change },
    patience,
  )
