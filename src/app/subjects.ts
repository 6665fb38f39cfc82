import { apiVersion, kind } from '../api/names.ts'
import { splitKey } from '../model/names.ts'
import type { Subject } from '../reconcile/ports.ts'
import type { Office } from './leader.ts'

/** What is told of no cluster is told of the lease: it is there where the operator is. */
export const ourselves = ({ namespace, config }: Office) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  namespace,
  name: config.leaseName,
  uid: '',
})

/** Of a cluster, as events name what they are about. */
export function regarding({ key, uid }: Subject) {
  const { namespace, name } = splitKey(key)
  return { apiVersion, kind, namespace, name, uid }
}
