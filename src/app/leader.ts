import { randomBytes } from 'node:crypto'
import { apiVersion, kind, plural } from '../api/names.ts'
import type { Checks } from '../app.ts'
import { cloudParser } from '../clouds/registry.ts'
import type { Config } from '../config.ts'
import { workUntilStopped } from '../controller/crew.ts'
import { usualPace } from '../dask/pace.ts'
import { SchedulerPool } from '../dask/pool.ts'
import { Clusters, clustersIn } from '../kube/clusters.ts'
import { Events } from '../kube/events.ts'
import type { Lease } from '../kube/lease.ts'
import { Reflector } from '../kube/reflector.ts'
import { parseSecret, Secrets, secretsIn } from '../kube/secrets.ts'
import type { KubeTransport } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { type InstallationId, launchId, splitKey } from '../model/names.ts'
import { managedBy, secretLabels } from '../pki/secret.ts'
import { Passes } from '../reconcile/pass.ts'
import type { Subject } from '../reconcile/ports.ts'
import { type Log, within } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Certificates } from './certificates.ts'
import { Connections } from './connections.ts'
import { openEyes } from './eyes.ts'
import { openHands } from './hands.ts'
import { Resources } from './resources.ts'
import { Sources } from './sources.ts'
import { clusterStore, secretStore } from './stores.ts'
import { watchedQueue } from './watched-queue.ts'

export interface Office {
  readonly config: Config
  readonly kube: KubeTransport
  readonly namespace: string
  readonly installation: InstallationId
  readonly identity: string
  readonly lease: Lease
  readonly metrics: Metrics
  readonly log: Log
  readonly checks: Checks
}

/** Plugs the real eyes and hands into the passes and works until it is stopped. Its first lists are consistent ones. */
export async function lead(office: Office, stop: Call): Promise<void> {
  const { config, kube, namespace, installation, metrics, log } = office
  const watched = config.watchNamespaces.length === 0 ? [undefined] : config.watchNamespaces
  const onProblem = (problem: object): void => log.warn({ problem }, 'a watch had a problem; it goes on')
  const follow = <T>(
    resource: string,
    collection: { path: string; labels?: string },
    parse: (raw: unknown) => T,
  ) => new Reflector<T>({ kube, resource, collection, metrics, parse, onProblem })
  await using all = new AsyncDisposableStack()
  const clusters = new Map(watched.map(each => [each, all.use(follow(plural, clustersIn(each), raw => raw))]))
  const labels = `${secretLabels.managedBy}=${managedBy},${secretLabels.installation}=${installation}`
  const secrets = all.use(follow('secrets', secretsIn(namespace, labels), parseSecret))
  const events = all.use(
    new Events({ kube, controller: 'cloud.dask.org/operator', instance: office.identity, metrics }),
  )
  const pool = all.use(new SchedulerPool({ pace: { ...usualPace, pollMs: config.schedulerPollInterval } }))
  const queue = watchedQueue(metrics)
  const sources = new Sources(queue)
  const connections = all.use(connectionsFor(office, sources))
  const reflectorOf = (key: Parameters<typeof splitKey>[0]) =>
    clusters.get(undefined) ?? clusters.get(splitKey(key).namespace)
  const resources = new Resources(
    clusterStore(new Clusters(kube), reflectorOf),
    cloudParser(config.allowClouds),
  )
  const store = secretStore(new Secrets(kube), secrets, namespace)
  const certificates = new Certificates({ store, operatorNamespace: namespace, installation, now: Date.now })
  const organs = { resources, certificates, connections, pool }
  const passes = new Passes({
    eyes: openEyes(organs),
    hands: openHands({
      ...organs,
      installation,
      allowed: config.allowClouds,
      report: (subject, event) => events.report(regarding(subject), event),
      leftMs: () => office.lease.remainingMs(),
    }),
    clock: { now: Date.now },
    installation,
    newLaunchId: () => launchId(randomBytes(8).toString('hex')),
    log: (fields, message) => log.info(fields, message),
  })
  addChecks(office, [...clusters.values(), secrets], queue)
  await Promise.all([...clusters.values(), secrets].map(each => each.synced(stop))).catch(() => undefined)
  all.use(sources.follow([...clusters.values()], secrets, pool))
  if (!stop.signal.aborted)
    log.info({ clusters: [...clusters.values()].flatMap(each => each.list()).length }, 'ready')
  const pass = (key: Parameters<typeof passes.run>[0], call: Call) =>
    within({ cluster: key, pass: randomBytes(4).toString('hex') }, () => passes.run(key, call))
  await workUntilStopped(
    { queue: queue.queue, hands: config.concurrency, pass: queue.timed(pass), passed: queue.passed(log) },
    stop,
  )
}

function connectionsFor({ config, installation, metrics }: Office, sources: Sources): Connections {
  return new Connections({
    context: {
      installation,
      stateDirectory: config.stateDirectory,
      localPython: config.localPython,
      simulatedState: config.simulatedState,
      simulatedStartupMs: config.simulatedStartup,
    },
    allowed: config.allowClouds,
    metrics,
    notify: owners => sources.touch(owners),
  })
}

function addChecks(
  { checks }: Office,
  reflectors: readonly Pick<Reflector<unknown>, 'isSynced' | 'lastTurned'>[],
  queue: { stuckMs(): number },
): void {
  const silentMs = 180_000
  checks.ready.push({
    name: 'caches',
    problem: () =>
      reflectors.every(each => each.isSynced) ? undefined : 'the first lists are not there yet',
  })
  checks.live.push({
    name: 'watches',
    problem: () =>
      reflectors.every(each => performance.now() - each.lastTurned() < silentMs)
        ? undefined
        : 'a watch has stopped turning',
  })
  checks.live.push({
    name: 'passes',
    problem: () => (queue.stuckMs() < silentMs ? undefined : 'a pass does not end'),
  })
}

function regarding({ key, uid }: Subject) {
  const { namespace, name } = splitKey(key)
  return { apiVersion, kind, namespace, name, uid }
}
