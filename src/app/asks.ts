import type { RenewalWish, Schedulers } from '../clouds/contract.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import type { SchedulerView, Use } from '../model/world.ts'
import { type Hands, type MachineRenewal, StaleWrite } from '../reconcile/ports.ts'
import type { Certificates } from './certificates.ts'
import type { Connection } from './connections.ts'

type Asks = Pick<Hands, 'confirmIdle' | 'drain' | 'close' | 'renewMachines'>

/** What goes to a cluster's scheduler: the cloud's own conversation where it has one. */
export function asksOf(
  asked: Schedulers,
  connection: (cluster: Cluster) => Promise<Connection>,
  certificates: Pick<Certificates, 'signer' | 'credential' | 'prints'>,
): Asks {
  const schedulers = async (cluster: Cluster): Promise<Schedulers> =>
    (await connection(cluster)).schedulers ?? asked
  return {
    async confirmIdle(cluster, scheduler, call) {
      const now = await (await schedulers(cluster)).idleness(cluster.uid, call)
      if (!isSameIdleness(scheduler, now)) throw new StaleWrite('somebody uses the cluster again')
    },
    drain: async (cluster, machines, call) => (await schedulers(cluster)).drain(cluster.uid, machines, call),
    close: async (cluster, machines, call) => (await schedulers(cluster)).close(cluster.uid, machines, call),
    async renewMachines(cluster, renewal, call) {
      const wish = wishOf(cluster, renewal, certificates)
      return (await (await schedulers(cluster)).renew?.(cluster.uid, wish, call)) ?? new Map()
    },
  }
}

/** Throws a CloudError where there is nothing to give. */
function wishOf(
  cluster: Cluster,
  { role, part, machines }: MachineRenewal,
  certificates: Pick<Certificates, 'signer' | 'credential' | 'prints'>,
): RenewalWish {
  // A worker's key would pass through its scheduler.
  if (part === 'given' && role === 'scheduler') {
    const presented = certificates.credential(cluster, role)
    if (presented === undefined) throw new CloudError('conflict', 'Its certificates are not there yet')
    const { ca, ...given } = presented
    const holders = certificates.prints(cluster)
    return { role, machines, ca, certify: undefined, given: { ...given, holders } }
  }
  const signer = certificates.signer(cluster)
  const presented = certificates.credential(cluster, role)
  // Whom to trust is no secret.
  if (signer === undefined && part === 'authorities' && presented !== undefined)
    return { role, machines, ca: presented.ca, certify: undefined }
  if (signer === undefined) throw new CloudError('conflict', 'Nobody here signs for its machines')
  const certify = (request: string): string => signer.certify(request, role, Date.now())
  return { role, machines, ca: signer.trust, certify: part === 'certificate' ? certify : undefined }
}

/** Another `since` is another idleness: somebody was there between. */
const isSameIdleness = (seen: SchedulerView, now: Use): boolean =>
  seen.kind === 'answering' &&
  seen.idleness.kind === 'idle' &&
  now.kind === 'idle' &&
  seen.idleness.since === now.since
