import { type BenchCall, Home } from '../home.ts'
import { Scene } from '../scene.ts'
import { launched } from './launches.ts'
import type { AwsOptions } from './options.ts'
import { type PeerLaunching, peerLaunches } from './peer.ts'
import { type Reads, readsAtRest } from './reads.ts'
import { type Launching, openSite, type Site } from './site.ts'

export interface AwsMeasurement {
  readonly operator: readonly Launching[]
  /** In the order that was asked for; empty where the peer was left out. */
  readonly peer: readonly PeerLaunching[]
  /** Of one cluster, and of many. */
  readonly reads: readonly Reads[]
}

/** Everything, one after another: nothing that is measured runs beside anything else that is. */
export async function measureAws(options: AwsOptions, call: BenchCall): Promise<AwsMeasurement> {
  await using home = await Home.open()
  await using site = await openSite(options.latencyMs)
  const operator = await operatorIn(options, site, home, call)
  return { ...operator, peer: await peerLaunches(options.peerWorkers, site, home, call) }
}

async function operatorIn(
  options: AwsOptions,
  site: Site,
  home: Home,
  call: BenchCall,
): Promise<Omit<AwsMeasurement, 'peer'>> {
  await using scene = await Scene.open(home, call)
  await scene.startOperator({ env: { AWS_ENDPOINT_URL: site.endpoint } })
  const operator: Launching[] = []
  for (const workers of options.workers) {
    call.progress(`a cluster of ${workers} workers`)
    operator.push(await launched(scene, site, workers))
  }
  call.progress(`${options.clusters} clusters in one account, and one in another`)
  return { operator, reads: await readsAtRest(options, scene, site, call) }
}
