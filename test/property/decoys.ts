import type { SimulatedWorld } from '../../src/clouds/simulated/world.ts'
import { clusterKey, clusterUid, fingerprint, installationId, launchId } from '../../src/model/names.ts'

/** Strangers' machines with tags that look like ours: another installation's, and another cluster's. */
export function decoys(world: SimulatedWorld): ReadonlySet<string> {
  const ids = Array.from({ length: 5 }, (_, index) => {
    const uid = clusterUid('00000000-0000-4000-8000-000000000001')
    const request = {
      token: `decoy-${index}`,
      launch: launchId('00000000000000aa'),
      owner: { uid, key: clusterKey('default', 'demo') },
      role: 'worker',
      group: 'default',
      count: 1,
      seq: 1,
      fingerprint: fingerprint('v1:1'),
      offering: '',
      userData: '',
      address: undefined,
      exposure: 'Public',
    } as const
    return world.launch(request, installationId('theirs'), { count: 1 })
  })
  return new Set(ids.flat())
}
