import { anywhere } from '../bootstrap/boot.ts'
import { checkSize, renderUserData } from '../bootstrap/user-data.ts'
import type { Cloud, LaunchRequest } from '../clouds/contract.ts'
import { cloudOf, type RegisteredCloud } from '../clouds/registry.ts'
import { KubeError } from '../kube/fault.ts'
import type { SecretRef } from '../kube/secrets.ts'
import type { Call } from '../lib/call.ts'
import { type Cluster, groupNamed } from '../model/cluster.ts'
import { CloudError } from '../model/faults.ts'
import { tokenOf } from '../model/launch.ts'
import type { KeptAddress } from '../model/machine.ts'
import { type ClusterUid, type InstallationId, operatorSecretIn } from '../model/names.ts'
import type { Hands, LaunchDraft, PreparedLaunch, Report, Seen, Subject } from '../reconcile/ports.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { asksOf } from './asks.ts'
import { backstopOf } from './backstop.ts'
import type { Connection } from './connections.ts'
import { clientAddress, type Organs } from './eyes.ts'
import { Leaving } from './held-secrets.ts'
import { lastWords } from './last-words.ts'
import { type Led, ledSchedulers } from './led.ts'
import { pooled } from './pooled.ts'
import { hashOf } from './request-hash.ts'
import type { Resources } from './resources.ts'
import { serviceHands } from './services.ts'

export interface HandsOptions extends Organs {
  readonly installation: InstallationId
  readonly allowed: readonly string[]
  readonly metrics: Pick<Metrics, 'launchStageSeconds'>
  /** Whether a cluster other than these uses the Secret. */
  readonly isUsed: (ref: SecretRef, except: ReadonlySet<ClusterUid>) => boolean
  readonly report: (subject: Subject, event: Report) => void
  /** Keeps what is asked of Dask within the lease; the clouds of `connections` keep to it by themselves. */
  readonly led: Led
}

const unasked = { leaves: '', authority: '' } as const

const limits = { deathTimeoutS: 300, idleTimeoutS: undefined }

export function openHands(options: HandsOptions): Hands {
  const { resources, certificates, credentials, connections, pool, services, installation, led } = options
  const connection = (cluster: Cluster): Promise<Connection> => connections.of(cluster)
  const leaving = new Leaving()
  const address = async (cluster: Cluster): Promise<string | undefined> =>
    clientAddress((await connection(cluster)).inventory.view(cluster.uid), cluster)
  return {
    ...writesTo(resources),
    async enrol(seen, call) {
      const { cloud } = await connection(seen.cluster)
      const placement = { installation, cloud: cloud.name, scope: cloud.scope }
      return resources.enrol(seen, placement, call)
    },
    ...secretsHeld(options, leaving),
    issueCertificates: async (cluster, _because, call) =>
      certificates.issue(cluster, await address(cluster), call),
    removeCertificates: (cluster, call) => certificates.remove(cluster, call),
    rotateCertificates: async (cluster, step, call) =>
      certificates.issue(cluster, await address(cluster), call, { step, asked: cluster.renewal ?? unasked }),
    prepare: async (cluster, draft, kept) =>
      prepared(cluster, draft, kept, { ...options, connection: await connection(cluster) }),
    console: async (cluster, machine, call) => lastWords((await connection(cluster)).cloud, machine, call),
    terminate: async (cluster, machines, call) => {
      const { cloud, inventory } = await connection(cluster)
      const own = inventory.withoutOthers(cluster.uid, machines)
      inventory.expectEnd(own)
      await cloud.terminate(own, call)
    },
    async offerings(cluster, group, kept, call) {
      const { cloud } = await connection(cluster)
      return offeringsOf(cluster, { cloud, kind: cloudOf(cluster, options.allowed), group, kept }, call)
    },
    async reserveAddress(cluster, wish, call) {
      const connected = await connection(cluster)
      const { exposure } = cluster.network
      const wanted = { owner: ownerOf(cluster), exposure, ...wish }
      const made = await connected.cloud.reserveAddress(wanted, call)
      await connections.refresh(connected, call)
      return made
    },
    async releaseAddress(cluster, call) {
      const connected = await connection(cluster)
      await connected.cloud.releaseAddress(cluster.uid, call)
      await connections.refresh(connected, call)
    },
    ...serviceHands(services),
    ...asksOf(ledSchedulers(pooled(pool), led), connection, certificates),
    report: options.report,
    measure: measuring(options.metrics),
    forget(key, uid) {
      pool.forget(uid)
      certificates.forget(uid)
      services.forget(uid)
      credentials.forget(uid)
      leaving.forget(uid)
      resources.forget(key)
      connections.forget(uid)
    },
  }
}

/** Most often the operator runs with the rights of an older version: that is for a person to see. */
function refused(error: unknown): never {
  if (!(error instanceof KubeError)) throw error
  throw new CloudError('unauthorized', `The API server refused to delete it: ${error.message}`, {
    cause: error,
  })
}

/** The resource says what is used before the Secret has to stay, and until it need not: no crash leaves one behind. */
const secretsHeld = ({ resources, credentials, isUsed }: HandsOptions, leaving: Leaving) =>
  ({
    async holdCredentials(seen, secret, call) {
      const { uid } = seen.cluster
      leaving.end(uid, refOf(seen, secret))
      const after = await resources.holdSecret(seen, secret, call)
      await credentials.hold(seen.cluster, call)
      return after
    },
    async dropCredentials(seen, secrets, call) {
      const { namespace, uid } = seen.cluster
      for (const name of secrets) {
        const ref = refOf(seen, name)
        leaving.begin(uid, ref)
        if (!isUsed(ref, leaving.of(ref))) await credentials.drop({ namespace }, name, call)
      }
      return resources.dropSecrets(seen, secrets, call)
    },
  }) satisfies Partial<Hands>

/** One of the operator's namespace is the same for clusters of all namespaces. */
const refOf = ({ cluster }: Seen, name: string): SecretRef => ({
  namespace: operatorSecretIn(name) === undefined ? cluster.namespace : '',
  name,
})

/** What is done at the resource and nowhere else. */
const writesTo = (resources: Resources) =>
  ({
    confirm: (seen, call) => resources.confirm(seen, call),
    stampLedger: (seen, seq, call) => resources.stampLedger(seen, seq, call),
    release: (seen, call) => resources.release(seen, call),
    fallAsleep: (seen, since, call) => resources.fallAsleep(seen, since, call),
    wakeUp: (seen, call) => resources.wakeUp(seen, call),
    deleteCluster: (seen, call) => resources.delete(seen, call).catch(refused),
    writeLaunches: (seen, written, call) => resources.writeLaunches(seen, written, call),
    publish: (subject, status, call, held) => resources.publish(subject, { status, held }, call),
  }) satisfies Partial<Hands>

const measuring =
  ({ launchStageSeconds }: HandsOptions['metrics']): Hands['measure'] =>
  ({ cloud }, times) => {
    for (const { role, stage, seconds } of times)
      launchStageSeconds.observe({ cloud: cloud.name, role, stage }, seconds)
  }

const ownerOf = ({ uid, key }: Cluster) => ({ uid, key })

interface Offered {
  readonly cloud: Cloud
  readonly kind: RegisteredCloud
  readonly group: string
  readonly kept: KeptAddress | undefined
}

async function offeringsOf(
  cluster: Cluster,
  { cloud, kind, group: name, kept }: Offered,
  call: Call,
): Promise<readonly string[]> {
  const group = groupNamed(cluster, name)
  if (group === undefined) throw new CloudError('conflict', `There is no group ${name} any more`)
  const { role, sizes, purchasing } = group
  const wish = { owner: ownerOf(cluster), role, sizes, purchasing, address: kept }
  return kind.offerings(cluster.cloud.settings, wish) ?? (await cloud.offerings?.(wish, call)) ?? []
}

interface Launching extends HandsOptions {
  readonly connection: Connection
}

/** Renders the machines' user data. It holds a private key and leaves this function only towards the cloud. */
function prepared(
  cluster: Cluster,
  draft: LaunchDraft,
  kept: KeptAddress | undefined,
  launching: Launching,
): PreparedLaunch {
  const { certificates, connection } = launching
  const { cloud } = connection
  const group = groupNamed(cluster, draft.group)
  const isPlain = cluster.tls.kind === 'disabled'
  const presented = isPlain ? 'none' : certificates.credential(cluster, draft.role)
  const scheduler = kept ?? (draft.role === 'scheduler' ? anywhere : undefined)
  if (group === undefined || presented === undefined || scheduler === undefined) {
    throw new CloudError('conflict', 'The certificates or the scheduler’s address are not there yet')
  }
  const { software, env } = cluster
  const userData = renderUserData({
    role: draft.role,
    group,
    software,
    env,
    certificates: presented,
    scheduler,
    limits,
    exposesDashboard: cluster.dashboard.isExposed,
    metadata: cloud.promises.metadata,
    opensMetadata: cloud.promises.opensMetadata,
  })
  checkSize(userData, cloud.promises)
  const owner = ownerOf(cluster)
  const { id: launch, role, count, seq, fingerprint, choice: offering } = draft
  const request: LaunchRequest = {
    token: tokenOf(draft),
    launch,
    owner,
    role,
    group: group.name,
    count,
    seq,
    fingerprint,
    offering,
    userData,
    address: kept,
    exposure: cluster.network.exposure,
    endsAt: backstopOf(cluster, cloud.promises),
  }
  return {
    scope: cloud.scope,
    hash: hashOf(request),
    send: async call => (await cloud.launch(request, call)).machines,
  }
}
