import { randomBytes } from 'node:crypto'
import type { CloudContext } from '../clouds/contract.ts'
import { cloudParser } from '../clouds/registry.ts'
import type { Config } from '../config.ts'
import { workUntilStopped } from '../controller/crew.ts'
import { Sources } from '../controller/sources.ts'
import { usualPace } from '../dask/pace.ts'
import { SchedulerPool } from '../dask/pool.ts'
import { Events } from '../kube/events.ts'
import type { Lease } from '../kube/lease.ts'
import type { Reflector } from '../kube/reflector.ts'
import type { KubeTransport } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { steadyNow } from '../lib/steady.ts'
import { type ClusterKey, type ClusterUid, type InstallationId, launchId } from '../model/names.ts'
import { secretLabels } from '../pki/secret.ts'
import { Passes } from '../reconcile/pass.ts'
import type { Desk } from '../reconcile/ports.ts'
import { type Log, within } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Certificates } from './certificates.ts'
import type { Checks } from './checks.ts'
import { keepClasses } from './classes-kept.ts'
import { Connections } from './connections.ts'
import { countWhatIsThere } from './counts.ts'
import type { Credentials } from './credentials.ts'
import { type Organs, openEyes } from './eyes.ts'
import { type Governance, Governor, noClasses } from './governor.ts'
import { openHands } from './hands.ts'
import { isUsed } from './held-secrets.ts'
import { asLeader, type Led, ledKube } from './led.ts'
import { Resources } from './resources.ts'
import type { Seams } from './seams.ts'
import { clusterStore, openStores, secretStore } from './stores.ts'
import { ourselves, regarding } from './subjects.ts'
import { keepSwept, openSweeper } from './sweeping.ts'
import { Tenants } from './tenants.ts'
import { Understanding } from './understanding.ts'
import { watchedQueue } from './watched-queue.ts'
import { openWatches, servesClasses, type Watches } from './watches.ts'

/** What failed while the API server was away is tried again at this pace. */
const failedEveryMs = 125
export interface Office {
  readonly config: Config
  readonly kube: KubeTransport
  readonly namespace: string
  readonly installation: InstallationId
  readonly sealingKey: string
  readonly identity: string
  readonly lease: Lease
  readonly metrics: Metrics
  readonly log: Log
  readonly checks: Checks
  readonly seams: Seams
}

/**
 * Plugs the real eyes and hands into the passes and works until it is stopped or the lease is lost; then nothing of it is
 * left. Its first lists are consistent ones.
 */
export async function lead(office: Office, call: Call): Promise<void> {
  const { config, metrics, log, lease } = office
  const stop = { signal: AbortSignal.any([call.signal, lease.signal]) }
  await using all = new AsyncDisposableStack()
  const watches = openWatches(office, all, await servesClasses(office, stop))
  const { queue, timed, passed, stuckMs } = all.use(watchedQueue(metrics, config.concurrency))
  const sources = new Sources(queue)
  const pool = all.use(new SchedulerPool({ pace: { ...usualPace, pollMs: config.schedulerPollInterval } }))
  const kept = storesOf(office)
  const tenants = all.use(new Tenants(office, kept, users => sources.touch(users)))
  const context = contextOf(office)
  const { credentials } = tenants
  const connections = all.use(connectionsFor(office, { context, sources, credentials }))
  const events = openEvents(office, all)
  const governance = openGovernance(watches, all, { sources, tenants })
  const passes = openPasses(office, watches, { pool, tenants, connections, events, governance, ...kept })
  const sweeper = openSweeper({
    office,
    connections,
    ...kept,
    own: watches.secrets,
    led: ledBy(lease),
    isKnown: uid => sources.isKnown(uid),
    report: event => events.report(ourselves(office), event),
  })
  all.use(countWhatIsThere(metrics, connections, watches.clusters))
  all.use(addChecks(office, watches.all, stuckMs))
  await Promise.all(watches.all.map(each => each.synced(stop))).catch(() => undefined)
  const { clusters, secrets } = watches
  const ended = (uid: ClusterUid): void => sweeper?.witness(uid)
  all.use(sources.follow({ clusters, secrets, uidLabel: secretLabels.uid, schedulers: pool, ended }))
  connections.openAmbient()
  for (const each of watches.all) all.use(each.onReturn(() => queue.hasten(failedEveryMs)))
  if (!stop.signal.aborted) log.info({ clusters: clusters.flatMap(each => each.list()).length }, 'ready')
  const pass = (key: ClusterKey, limit: Call) =>
    within({ cluster: key, pass: randomBytes(4).toString('hex') }, () => passes.run(key, limit))
  const work = { queue, hands: config.concurrency, pass: timed(pass), passed: passed(log) }
  const sweeping = sweeper === undefined ? undefined : keepSwept(sweeper, office, stop)
  const keeping = keepClasses({ office, watches, context, kube: ledOf(office), led: ledBy(lease) }, stop)
  await workUntilStopped(work, stop, lease)
  await Promise.all([sweeping, keeping])
  // The next leader need not wait for our last events.
  await lease[Symbol.asyncDispose]()
}

function openEvents({ kube, identity, metrics }: Office, all: AsyncDisposableStack): Events {
  const controller = 'cloud.dask.org/operator'
  return all.use(new Events({ kube, controller, instance: identity, metrics }))
}

/** Clusters, Secrets and Services as only a leader may change them. */
const storesOf = (office: Office) => openStores(ledOf(office), office.installation)

const ledOf = ({ kube, lease }: Office) => ledKube(kube, () => lease.remainingMs())

/** Keeps clusters to their classes, where classes are served. */
function openGovernance(
  { ofClasses, clusters }: Watches,
  all: AsyncDisposableStack,
  { sources, tenants }: { readonly sources: Sources; readonly tenants: Tenants },
): Governance {
  if (ofClasses === undefined) return noClasses
  const { classes, namespaces, credentials } = ofClasses
  all.use(credentials.onChange(({ object }) => tenants.credentials.doubt(object.metadata.name)))
  return all.use(new Governor({ classes, namespaces, clusters, notify: uids => sources.touch(uids) }))
}

interface Outside extends Pick<Organs, 'pool' | 'connections'>, ReturnType<typeof storesOf> {
  readonly tenants: Tenants
  readonly events: Events
  readonly governance: Governance
}

function openPasses(office: Office, watches: Watches, outside: Outside): Passes {
  const { pool, tenants, connections, events, governance, clusters, secrets, services } = outside
  const { config, namespace, installation, metrics, log, lease, seams } = office
  const parseCloud = cloudParser(config.allowClouds, config.allowMachineIdentities)
  const understanding = new Understanding(parseCloud, governance)
  const resources = new Resources(clusterStore(clusters, watches.of), understanding)
  const store = secretStore(secrets, watches.secrets, namespace)
  const { credentials, given } = tenants
  const kept = { store, operatorNamespace: namespace, installation, now: Date.now, given }
  const certificates = new Certificates(kept)
  const organs = { pool, credentials, connections, resources, certificates, services }
  const desk: Desk = {
    eyes: openEyes(organs),
    hands: openHands({
      ...organs,
      installation,
      allowed: config.allowClouds,
      metrics,
      isUsed: (ref, except) =>
        isUsed(
          watches.clusters.flatMap(each => each.list()),
          ref,
          except,
        ),
      report: (subject, event) => events.report(regarding(subject), event),
      led: ledBy(lease),
    }),
    clock: { now: steadyNow, wall: Date.now },
    installation,
    joinLimitMs: config.joinTimeout,
    authorityOverlapMs: config.authorityOverlap,
    ownCIDRs: config.operatorCidrs,
    newLaunchId: () => launchId(randomBytes(8).toString('hex')),
    log: (level, fields, message) => log[level](fields, message),
  }
  return new Passes(seams.desk(desk))
}

/** What every cloud is given, whoever connects it. */
const contextOf = ({ config, installation, sealingKey, log }: Office): CloudContext => ({
  installation,
  sealingKey,
  stateDirectory: config.stateDirectory,
  localPython: config.localPython,
  simulatedState: config.simulatedState,
  simulatedStartupMs: config.simulatedStartup,
  simulatedLatencyMs: config.simulatedLatency,
  simulatedFaults: config.simulatedFaults,
  onProblem: error => log.warn({ err: error }, 'a cloud had a problem'),
})

interface Ground {
  readonly context: CloudContext
  readonly sources: Sources
  readonly credentials: Credentials
}

function connectionsFor(office: Office, { context, sources, credentials }: Ground): Connections {
  const { config, metrics, log, lease, seams } = office
  const onProblem = (error: unknown): void => log.warn({ err: error }, 'a cloud had a problem')
  return new Connections({
    context,
    allowed: config.allowClouds,
    ambient: config.ambientClouds,
    places: { aws: config.awsRegions, azure: config.azureSubscriptions, gcp: config.gcpProjects },
    credentials,
    led: ledBy(lease),
    seam: seams.cloud,
    metrics,
    onProblem,
    notify: owners => sources.touch(owners),
  })
}

const ledBy = (lease: Lease): Led => asLeader(lease)

function addChecks(
  { checks }: Office,
  reflectors: readonly Pick<Reflector<unknown>, 'isSynced' | 'lastTurned'>[],
  stuckMs: () => number,
): Disposable {
  const silentMs = 180_000
  const caches = {
    name: 'caches',
    problem: () =>
      reflectors.every(each => each.isSynced) ? undefined : 'the first lists are not there yet',
  }
  const watches = {
    name: 'watches',
    problem: () =>
      reflectors.every(each => performance.now() - each.lastTurned() < silentMs)
        ? undefined
        : 'a watch has stopped turning',
  }
  const passes = {
    name: 'passes',
    problem: () => (stuckMs() < silentMs ? undefined : 'a pass does not end'),
  }
  return checks.add({ live: [watches, passes], ready: [caches] })
}
