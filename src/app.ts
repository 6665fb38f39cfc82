import { hostname } from 'node:os'
import { Checks } from './app/checks.ts'
import { installationOf } from './app/installation.ts'
import { lead, type Office } from './app/leader.ts'
import { sealingKeyOf } from './app/sealing.ts'
import { seamless } from './app/seams.ts'
import type { Config } from './config.ts'
import { acquireLease, type Lease } from './kube/lease.ts'
import { connectKube } from './kube/transport.ts'
import type { Call } from './lib/call.ts'
import { serveHealth } from './telemetry/health.ts'
import type { Log } from './telemetry/log.ts'
import { watchLoop } from './telemetry/loop.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'

const stallMs = 20_000
/** What was begun under a lost lease ends within seconds, since every call has a deadline. */
const endMs = 30_000

/** Serves clusters until the signal stops it. Throws where it cannot begin. */
export async function runOperator(config: Config, log: Log, call: Call, seams = seamless): Promise<void> {
  const metrics = createMetrics({ process: 'measured' })
  const { kubeconfig, context } = config
  const onProblem = (error: unknown): void =>
    log.warn({ err: error }, 'the credentials for the API server cannot be renewed yet')
  const connected = await connectKube({ kubeconfig, context, requests: metrics.kubeRequests, onProblem })
  await using kube = seams.kube(connected)
  // From here on: reading the credentials' library takes a while, and nothing waits for it.
  using loop = watchLoop(metrics)
  const checks = new Checks({ name: 'event-loop', problem: () => late(loop.lateMs()) })
  await using open = new AsyncDisposableStack()
  open.use(await health(config, checks, metrics, log))
  const namespace = config.namespace ?? kube.namespace
  const surroundings = { kube, namespace, name: config.installation, log }
  const { id: installation, toldBy } = await installationOf(surroundings, call)
  const sealing = { ...surroundings, toldBy, namespaces: config.watchNamespaces }
  const sealingKey = await sealingKeyOf(sealing, call)
  const identity = `${hostname()}_${process.pid}_${Math.random().toString(16).slice(2, 10)}`
  const home = { config, kube, namespace, installation, sealingKey, identity, metrics, log, checks, seams }
  while (!call.signal.aborted) await leadOnce(home, call)
}

type Home = Omit<Office, 'lease'>

/**
 * Leads from when the lease is taken until it is lost. Whoever could not renew it stands for it again at once, under the
 * name that the lease still has: where nobody else took it, nobody has to wait until it is certainly free.
 */
async function leadOnce(home: Home, call: Call): Promise<void> {
  const { log, namespace, installation, identity } = home
  await using lease = await leadership(home, call)
  log.info({ namespace, installation, identity }, 'this process leads')
  await inTime(lead({ ...home, lease }, call), lease)
  if (!call.signal.aborted) log.error({ err: lease.signal.reason }, 'this process leads no more')
}

/** Who has lost the lease and does not come to an end is better started anew: nobody knows what it still does. */
async function inTime(leading: Promise<void>, { signal }: Lease): Promise<void> {
  const tooLate = new Promise<never>((_, reject) => {
    const late = (): void => void setTimeout(() => reject(signal.reason), endMs).unref()
    signal.addEventListener('abort', late, { once: true })
  })
  await Promise.race([leading, tooLate])
}

/** The lease; without leader election one that nobody else can take. */
async function leadership(candidacy: Home, call: Call): Promise<Lease> {
  const { config, kube, namespace, identity, metrics, log } = candidacy
  if (!config.leaderElect) return unshared()
  log.info({ namespace, lease: config.leaseName, identity }, 'waiting for the lease')
  const onProblem = (error: unknown): void => log.warn({ err: error }, 'the lease could not be asked for')
  const lease = { namespace, name: config.leaseName }
  return acquireLease({ kube: kube.leases, lease, identity, metrics, onProblem }, call)
}

function unshared(): Lease {
  const end = new AbortController()
  return {
    signal: end.signal,
    deadline: () => Infinity,
    remainingMs: () => Infinity,
    assertHeld: () => undefined,
    [Symbol.asyncDispose]: async () => end.abort(new Error('the operator stops')),
  }
}

async function health(config: Config, checks: Checks, metrics: Metrics, log: Log): Promise<AsyncDisposable> {
  if (config.httpAddress === undefined) return { [Symbol.asyncDispose]: async () => undefined }
  const server = await serveHealth({ ...config.httpAddress, live: checks.live, ready: checks.ready, metrics })
  log.info({ host: config.httpAddress.host, port: server.port }, 'serving /metrics, /healthz and /readyz')
  return server
}

const late = (ms: number): string | undefined =>
  ms < stallMs ? undefined : `nothing has turned for ${Math.round(ms / 1000)} s`
