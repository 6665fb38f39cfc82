import type { LaunchRequest, NetworkWish, Owner } from '../../../src/clouds/contract.ts'
import type { DigitalOceanCloud } from '../../../src/clouds/digitalocean/provider.ts'
import { aLaunchRequest, anOwner } from '../launch-request.ts'
import { someDigitalOceanClouds, usualOffering } from './clouds.ts'
import { doModel } from './model.ts'
import type { Options } from './server.ts'

export const patience = { signal: AbortSignal.timeout(60_000) }

/** A team, and one operator that has a memory of it. */
export async function atWork(options: Options = {}) {
  const ground = await someDigitalOceanClouds({ model: await doModel(), ...options })
  return { ...ground, ours: await ground.open('ours') }
}

export const workers = (count: number, change: Partial<LaunchRequest> = {}): LaunchRequest =>
  aLaunchRequest({ count, userData: '#cloud-config\n{}\n', offering: usualOffering, ...change })

export const networkOf = (owner: Owner, change: Partial<NetworkWish> = {}): NetworkWish => ({
  owner,
  exposure: 'Public',
  admitted: ['192.0.2.0/24', '2001:db8::/64'],
  ...change,
})

export const choices = (cloud: DigitalOceanCloud, sizes: readonly string[], change: object = {}) =>
  cloud.offerings(
    { owner: anOwner(), role: 'worker', sizes, purchasing: 'OnDemand', address: undefined, ...change },
    patience,
  )
