import { randomBytes, randomUUID } from 'node:crypto'
import type { LaunchRequest, Owner } from '../../src/clouds/contract.ts'
import { clusterKey, clusterUid, fingerprint, launchId } from '../../src/model/names.ts'

export const anOwner = (): Owner => ({ uid: clusterUid(randomUUID()), key: clusterKey('team-a', 'demo') })

/** A launch of its own that any cloud can read: one machine, in the group that its role is in. */
export function aLaunchRequest(
  changes: Partial<LaunchRequest> & Pick<LaunchRequest, 'offering' | 'userData'>,
): LaunchRequest {
  const launch = launchId(randomBytes(8).toString('hex'))
  const { role = 'worker' } = changes
  return {
    token: `${launch}-0`,
    launch,
    owner: anOwner(),
    role,
    group: role === 'worker' ? 'default' : 'scheduler',
    count: 1,
    seq: 3,
    fingerprint: fingerprint('v1:0123456789abcdef0123456789abcdef'),
    address: undefined,
    exposure: 'Public',
    ...changes,
  }
}
