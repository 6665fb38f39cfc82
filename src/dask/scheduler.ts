import type { Call } from '../lib/call.ts'
import { isRecord, record, text } from '../lib/parse.ts'
import type { HeldCertificates } from '../model/renewal.ts'
import type { BootTimes, DaskWorker } from '../model/world.ts'
import { bootTimes } from './boot-times.ts'
import type { SchedulerConnection } from './connection.ts'
import { DaskError } from './fault.ts'
import { heldCertificates } from './held-certificates.ts'

/** What a scheduler says of itself and its workers. */
export interface SchedulerIdentity {
  /** New with every scheduler process. */
  readonly id: string
  readonly workers: readonly SchedulersWorker[]
  readonly boot?: BootTimes | undefined
  readonly holds?: HeldCertificates | undefined
}

export interface SchedulersWorker extends DaskWorker {
  /** `tls://host:port`, new with every worker process. */
  readonly address: string
}

export async function identity(connection: SchedulerConnection, call: Call): Promise<SchedulerIdentity> {
  return parsed('identity', await connection.call('identity', {}, call), parseIdentity)
}

/**
 * Workers of these names finish what they run, take no more tasks and give their results to others. Cannot be undone.
 * Returns the names whose results are safe; the others could not be moved, are busy moving, or are not there.
 */
export function drain(
  connection: SchedulerConnection,
  names: readonly string[],
  call: Call,
): Promise<readonly string[]> {
  return retire(connection, { names, close_workers: false, remove: false }, call)
}

/** Ends workers and whatever they run. Returns the names that were really retired: only their machines may go. */
export function close(
  connection: SchedulerConnection,
  names: readonly string[],
  call: Call,
): Promise<readonly string[]> {
  return retire(connection, { names, close_workers: true, remove: true }, call)
}

/** Since when nothing runs, in milliseconds since the epoch by the scheduler's clock, or undefined while it works. */
export async function checkIdle(connection: SchedulerConnection, call: Call): Promise<number | undefined> {
  return parsed('check_idle', await connection.call('check_idle', {}, call), answer => {
    if (answer === null || answer === undefined) return undefined
    if (typeof answer === 'number' && Number.isFinite(answer)) return Math.round(answer * 1000)
    throw new TypeError('check_idle: must be a number')
  })
}

/** Everything of a scheduler's state but who is connected: the rest may be as large as all its tasks. */
const allButClients = [
  'transition_log',
  'transition_counter',
  'tasks',
  'task_groups',
  'workers',
  'services',
  'memory',
  'events',
  'extensions',
  'wants_what',
]

/** The ids of the clients that the scheduler has a connection of, Dask's own `fire-and-forget` among them. */
export async function connectedClients(
  connection: SchedulerConnection,
  call: Call,
): Promise<readonly string[]> {
  const answer = await connection.call('dump_state', { exclude: allButClients }, call)
  return parsed('dump_state', answer, state =>
    Object.keys(record(record(state, 'dump_state')['clients'], 'dump_state.clients')),
  )
}

/**
 * Has the scheduler ask workers, by address, who they are; returns the addresses that answered. It shows what `identity`
 * does not: a worker whose certificate is bad is registered and cannot be reached.
 */
export async function broadcastIdentity(
  connection: SchedulerConnection,
  workers: readonly string[],
  call: Call,
): Promise<ReadonlySet<string>> {
  const args = { msg: { op: 'identity' }, workers, on_error: 'ignore' }
  return parsed('broadcast', await connection.call('broadcast', args, call), answer => {
    const answers = Object.entries(record(answer, 'broadcast'))
    return new Set(answers.flatMap(([address, one]) => (isRecord(one) && 'id' in one ? [address] : [])))
  })
}

async function retire(
  connection: SchedulerConnection,
  args: { readonly names: readonly string[]; readonly close_workers: boolean; readonly remove: boolean },
  call: Call,
): Promise<readonly string[]> {
  // Without a name, Dask would choose workers itself.
  if (args.names.length === 0) return []
  return parsed('retire_workers', await connection.call('retire_workers', args, call), answer =>
    Object.entries(record(answer, 'retire_workers')).map(([address, worker]) =>
      name(record(worker, address)['name'], address),
    ),
  )
}

function parseIdentity(answer: unknown): SchedulerIdentity {
  const { type, id, workers, dask_boot: boot, dask_tls: tls } = record(answer, 'identity')
  if (type !== 'Scheduler') throw new DaskError('not-dask', 'a Dask server answered that is no scheduler')
  return {
    id: text(id, 'identity.id'),
    boot: bootTimes(boot),
    holds: heldCertificates(tls),
    workers: Object.entries(record(workers, 'identity.workers')).map(([address, worker]) =>
      parseWorker(address, record(worker, `identity.workers.${address}`)),
    ),
  }
}

function parseWorker(address: string, worker: Readonly<Record<string, unknown>>): SchedulersWorker {
  const path = `identity.workers.${address}`
  const { nthreads } = worker
  return {
    address,
    name: name(worker['name'], `${path}.name`),
    status: text(worker['status'], `${path}.status`),
    executing: executing(worker['metrics']),
    threads: typeof nthreads === 'number' ? nthreads : 0,
    boot: bootTimes(worker['dask_boot']),
    holds: heldCertificates(isRecord(worker['metrics']) ? worker['metrics']['dask_tls'] : undefined),
  }
}

/** Dask makes a number of a name that looks like one. */
const name = (raw: unknown, path: string): string => (typeof raw === 'number' ? String(raw) : text(raw, path))

/** Tasks that run now, those that Dask calls long-running among them. */
function executing(metrics: unknown): number | undefined {
  if (!isRecord(metrics) || !isRecord(metrics['task_counts'])) return undefined
  const counts = metrics['task_counts']
  return count(counts['executing']) + count(counts['long-running'])
}

const count = (raw: unknown): number => (typeof raw === 'number' ? raw : 0)

function parsed<T>(op: string, answer: unknown, parse: (answer: unknown) => T): T {
  try {
    return parse(answer)
  } catch (error) {
    if (error instanceof DaskError) throw error
    throw new DaskError('protocol', `the scheduler's answer to ${op} is not what Dask gives`, {
      cause: error,
    })
  }
}
