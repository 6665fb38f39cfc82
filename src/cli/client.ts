import { labels } from '../api/names.ts'
import { connectScheduler, type SchedulerConnection, type SchedulerTarget } from '../dask/connection.ts'
import { DaskError, type DaskFault } from '../dask/fault.ts'
import { within } from '../lib/call.ts'
import { schedulerServerName } from '../pki/identity.ts'
import type { SeenCluster } from './cluster.ts'
import type { Desk } from './command.ts'
import { CliError } from './exit.ts'
import { asleep } from './waiting.ts'

/** What a client of a cluster needs. */
export interface Client {
  /** `tls://host:port`, or `tcp://` without TLS. */
  readonly address: string
  /** Undefined where nothing is encrypted. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
}

/** Throws a CliError where it is not there yet. */
export async function clientOf(cluster: SeenCluster, desk: Desk): Promise<Client> {
  const { name, status, tlsMode } = cluster
  if (cluster.isAsleep) throw new CliError('not-ready', asleep(cluster))
  const { schedulerAddress: address, clientSecretName } = status
  if (address === undefined || clientSecretName === undefined)
    throw new CliError(
      'not-ready',
      `${name} has no address yet; connect --wait waits for it, describe says what it waits for`,
    )
  if (tlsMode === 'Disabled') return { address, tls: undefined }
  const kubernetes = await desk.kubernetes()
  const { texts, labels: marks } = await kubernetes.secret(clientSecretName, desk.call)
  const owner = marks[labels.clusterUid]
  if (typeof owner === 'string' && owner !== cluster.uid)
    throw new CliError(
      'not-ready',
      `Secret ${clientSecretName} is still that of an earlier cluster ${name}; try again in a moment`,
    )
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map(each => texts[each] ?? '')
  if (!ca || !cert || !key)
    throw new CliError(
      'not-ready',
      `Secret ${clientSecretName} has not all of ca.crt, tls.crt and tls.key yet`,
    )
  return { address, tls: { ca, cert, key } }
}

const addressPattern = /^(?:tls|tcp):\/\/(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:/[\]]+)):(?<port>\d{1,5})$/

export function targetOf({ address, tls }: Client, cluster: SeenCluster): SchedulerTarget {
  const { v6, host, port } = addressPattern.exec(address)?.groups ?? {}
  const at = v6 ?? host
  if (at === undefined) throw new CliError('failed', `status.schedulerAddress cannot be read: ${address}`)
  const pinned = cluster.tlsMode === 'Generated' ? schedulerServerName(cluster.uid) : undefined
  return { host: at, port: Number(port), tls: tls ?? 'off', serverName: pinned }
}

const connectMs = 5_000

/** Connects to the scheduler as its user. Throws a CliError. */
export async function openScheduler(cluster: SeenCluster, desk: Desk): Promise<SchedulerConnection> {
  const client = await clientOf(cluster, desk)
  try {
    return await connectScheduler(targetOf(client, cluster), within(desk.call, connectMs))
  } catch (error) {
    throw daskProblem(error, client.address)
  }
}

export function daskProblem(error: unknown, address: string): unknown {
  if (!(error instanceof DaskError)) return error
  return new CliError('failed', `the scheduler at ${address} ${problems[error.fault]}`, { cause: error })
}

const reach =
  'from here. Is this computer in spec.network.allowedCIDRs, or, with exposure Private, in its network?'

const clock = 'is the clock of this computer right? If so, kubectl describe dcc says what to do'

/** In the words of a user: those of the error are the operator's. */
const problems = {
  refused: 'refuses connections: Dask does not run there at this moment. describe says more',
  unreached: `cannot be reached ${reach}`,
  unreachable: `cannot be reached ${reach}`,
  'tls-unknown-authority':
    'and the certificate in the Secret do not trust one another; connect again after a change of authority',
  'tls-expired': `has a certificate that has expired: ${clock}`,
  'tls-not-yet-valid': `has a certificate that is not valid yet: ${clock}`,
  'tls-own-expired': `says that the client's certificate has expired: ${clock}`,
  'tls-wrong-peer': "shows a certificate that is not this cluster's scheduler's",
  'not-dask': 'is no Dask scheduler',
  timeout: 'took the connection and did not answer in time',
  remote: 'could not answer: it said that it failed itself',
  protocol: 'answered what cannot be read; is its Dask newer than this program?',
} as const satisfies Record<DaskFault, string>
