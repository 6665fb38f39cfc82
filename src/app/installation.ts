import { identityAnnotation } from '../api/names.ts'
import { isKubeError } from '../kube/fault.ts'
import { type SecretRef, Secrets } from '../kube/secrets.ts'
import type { KubeRequests } from '../kube/transport.ts'
import type { Call } from '../lib/call.ts'
import { digest } from '../lib/fingerprint.ts'
import { record, text } from '../lib/parse.ts'
import { poll } from '../lib/wait.ts'
import { type InstallationId, installationId } from '../model/names.ts'
import type { Log } from '../telemetry/log.ts'

const retryMs = 2_000

export interface Surroundings {
  readonly kube: KubeRequests
  /** The operator's own. */
  readonly namespace: string
  readonly name: string
  readonly log: Log
}

export interface Installation {
  readonly id: InstallationId
  /** The namespace whose UID tells this Kubernetes cluster from others. */
  readonly toldBy: string
}

const oldest = 'kube-system'

/** Where the operator keeps the key that machines are sealed with, and by what its installation is told. */
export const sealRef = ({ namespace, name }: Pick<Surroundings, 'namespace' | 'name'>): SecretRef => ({
  namespace,
  name: `${name}-seal`,
})

/**
 * Which operator's a machine is: the Kubernetes cluster (by the UID of its oldest namespace, or of the operator's own where
 * the oldest was out of its reach from the first start), the operator's namespace and its name. The same after every restart and
 * upgrade, whatever its rights become. Waits for an API server that does not answer yet.
 */
export async function installationOf(surroundings: Surroundings, call: Call): Promise<Installation> {
  const { namespace, name, log } = surroundings
  const { uid, toldBy } = await answered(() => identityOf(surroundings, call), {
    log,
    call,
    otherwise: 'the API server cannot be asked who it is',
  })
  return { id: installationId(digest({ uid, namespace, name }).slice(0, 16)), toldBy }
}

async function identityOf({ kube, namespace, name }: Surroundings, call: Call) {
  const seal = await new Secrets(kube).read(sealRef({ namespace, name }), call)
  if (seal !== undefined) return told(kube, seal.metadata.annotations[identityAnnotation] ?? oldest, call)
  return told(kube, oldest, call).catch((error: unknown) => {
    if (isKubeError(error, 403)) return told(kube, namespace, call)
    throw error
  })
}

async function told(kube: KubeRequests, toldBy: string, call: Call) {
  const path = `/api/v1/namespaces/${toldBy}`
  const found = record(await kube.request({ method: 'GET', path }, call), 'namespace')
  return { uid: text(record(found['metadata'], 'metadata')['uid'], 'metadata.uid'), toldBy }
}

/** What the Secret says of it; nothing in the usual case. */
export const identityNote = ({ toldBy }: Pick<Installation, 'toldBy'>): Readonly<Record<string, string>> =>
  toldBy === oldest ? {} : { [identityAnnotation]: toldBy }

interface Waiting {
  readonly log: Log
  readonly call: Call
  /** For the log, each time that it was asked in vain. */
  readonly otherwise: string
}

/** Asks an API server that may not answer yet, until it does. */
export const answered = <T>(
  ask: () => Promise<T | undefined>,
  { log, call, otherwise }: Waiting,
): Promise<T> =>
  poll(
    () =>
      ask().catch((error: unknown) => {
        if (!call.signal.aborted) log.warn({ err: error }, otherwise)
        return undefined
      }),
    retryMs,
    call,
  )
