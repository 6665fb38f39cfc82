import { usualIdlePollMs } from '../dask/pace.ts'
import type { SchedulerPool } from '../dask/pool.ts'
import { reasonIn } from '../kube/fault.ts'
import type { Call } from '../lib/call.ts'
import { ParseError } from '../lib/parse.ts'
import type { Cluster } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import { type Addresses, daskAddress, type Endpoint } from '../model/machine.ts'
import type { CloudPromises, InventoryView } from '../model/world.ts'
import { schedulerServerName } from '../pki/identity.ts'
import { schedulerAddress } from '../reconcile/observe.ts'
import type { Eyes, InventoryLook } from '../reconcile/ports.ts'
import type { Certificates } from './certificates.ts'
import { type Connection, type Connections, NotYet } from './connections.ts'
import type { Credentials } from './credentials.ts'
import type { Resources } from './resources.ts'
import type { Services } from './services.ts'

/** What the eyes and the hands of the passes are plugged into. */
export interface Organs {
  readonly resources: Resources
  readonly certificates: Certificates
  readonly credentials: Credentials
  readonly connections: Connections
  readonly pool: SchedulerPool
  readonly services: Services
}

/** Promises of a cloud that could not be connected: nothing will be planned on them but patience. */
const unconnected: InventoryLook['promises'] & CloudPromises = {
  horizonMs: 180_000,
  maxBatch: 1,
  stableAddress: true,
  listEveryMs: { busy: 2_000, resting: 10_000 },
}

export function openEyes(organs: Organs): Eyes {
  const { resources, certificates, credentials, connections, pool, services } = organs
  return {
    cluster: (key, call) => resources.sighting(key, call),
    async certificates(cluster, call) {
      try {
        const view = viewOf(connections.last(cluster.uid), cluster)
        return await certificates.look(cluster, clientAddress(view, cluster), call)
      } catch (error) {
        return { kind: 'silent', problem: `Its Secrets cannot be read: ${reasonIn(error)}` }
      }
    },
    service: (cluster, call) => services.look(cluster, call),
    async credentials(cluster, call) {
      const view = await credentials.look(cluster, connections.isDoubted(cluster.uid), call)
      const refusal = connections.refusal(cluster.uid)
      if (view.kind !== 'ready' || refusal === undefined) return view
      return { kind: 'refused', reason: 'Unauthorized', problem: refusal }
    },
    async inventory(cluster, _call: Call) {
      try {
        return lookWith(await connections.of(cluster), cluster)
      } catch (error) {
        const last = connections.last(cluster.uid)
        if (last !== undefined) return lookWith(last, cluster)
        return { scope: undefined, view: blind(error), promises: unconnected }
      }
    },
    attend({ uid }, pace) {
      connections.last(uid)?.inventory.attend(uid, pace)
    },
    scheduler(cluster, address) {
      const own = connections.last(cluster.uid)?.schedulers
      if (address === undefined) pool.forget(cluster.uid)
      if (address === undefined) return { kind: 'unasked' }
      return own === undefined ? asked(pool, certificates, cluster, address.external) : own.view(cluster.uid)
    },
  }
}

const lookWith = ({ cloud, inventory }: Connection, { uid, network }: Cluster): InventoryLook => ({
  scope: cloud.scope,
  network: cloud.networkFor?.(network),
  view: inventory.view(uid),
  promises: cloud.promises,
})

/** What a client outside is told: the kept address, or that of the machine. */
export function clientAddress(
  view: InventoryView | undefined,
  { tls }: Pick<Cluster, 'tls'>,
): string | undefined {
  if (view?.kind !== 'seen') return undefined
  const address: Addresses | undefined = view.address ?? schedulerAddress(view, 'wanted')
  return address && daskAddress(address.external, tls)
}

function viewOf(connection: Connection | undefined, { uid }: Cluster): InventoryView | undefined {
  return connection?.inventory.view(uid)
}

/** The operator talks to a scheduler as the cluster's client does, and to nobody who cannot show its name. */
function asked(pool: SchedulerPool, certificates: Certificates, cluster: Cluster, { host, port }: Endpoint) {
  const shown =
    cluster.tls.kind === 'disabled' ? ({ tls: 'off' } as const) : certificates.credential(cluster, 'client')
  if (shown === undefined)
    return { kind: 'silent', problem: 'the client’s certificate is not there' } as const
  const idlePollMs = cluster.lifetime.idleTimeoutMs === Infinity ? undefined : usualIdlePollMs
  // Users' own certificates have the names that they gave them: their authority has to do.
  const serverName = cluster.tls.kind === 'provided' ? undefined : schedulerServerName(cluster.uid)
  pool.track({ uid: cluster.uid, host, port, serverName, idlePollMs, ...shown })
  return pool.last(cluster.uid)
}

function blind(error: unknown): InventoryView {
  if (error instanceof NotYet)
    return { kind: 'silent', fault: error.fault, problem: error.message, untried: true }
  if (error instanceof CloudError) return { kind: 'silent', fault: error.fault, problem: error.message }
  if (error instanceof ParseError) return { kind: 'silent', fault: 'invalid', problem: error.message }
  return { kind: 'silent', fault: 'bug', problem: 'The cloud could not be connected; the log has the reason' }
}
