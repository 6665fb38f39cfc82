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

/**
 * Which operator's a machine is: the Kubernetes cluster (by the UID of its oldest namespace), the operator's namespace
 * and its name. The same after every restart and upgrade. Waits for an API server that does not answer yet.
 */
export async function installationOf(
  { kube, namespace, name, log }: Surroundings,
  call: Call,
): Promise<InstallationId> {
  const uid = await answered(() => uidOfKubeSystem(kube, call), {
    log,
    call,
    otherwise: 'the API server cannot be asked who it is',
  })
  return installationId(digest({ uid, namespace, name }).slice(0, 16))
}

async function uidOfKubeSystem(kube: KubeRequests, call: Call): Promise<string> {
  const found = record(
    await kube.request({ method: 'GET', path: '/api/v1/namespaces/kube-system' }, call),
    'namespace',
  )
  return text(record(found['metadata'], 'metadata')['uid'], 'metadata.uid')
}

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
