import { bootTimes } from '../dask/boot-times.ts'
import type { SchedulerConnection } from '../dask/connection.ts'
import type { Call } from '../lib/call.ts'
import { isRecord, record, text } from '../lib/parse.ts'
import type { BootTimes } from '../model/world.ts'

/** A scheduler and its workers, as it tells every client. Memory in bytes. */
export interface Crew {
  /** Milliseconds since the epoch, by the scheduler's clock. */
  readonly startedAt: number | undefined
  readonly boot: BootTimes | undefined
  readonly workers: readonly Worker[]
}

export interface Worker {
  readonly name: string
  readonly address: string
  readonly status: string
  readonly threads: number
  readonly memory: number
  /** Undefined without a limit. */
  readonly memoryLimit: number | undefined
  /** Per cent of one core. */
  readonly cpu: number
  readonly tasks: { readonly executing: number; readonly waiting: number; readonly inMemory: number }
  readonly boot: BootTimes | undefined
}

/** Throws a DaskError, or a ParseError where the answer is not Dask's. */
export async function crewOf(connection: SchedulerConnection, call: Call): Promise<Crew> {
  const {
    started,
    dask_boot: boot,
    workers,
  } = record(await connection.call('identity', {}, call), 'identity')
  return {
    startedAt: typeof started === 'number' ? Math.round(started * 1000) : undefined,
    boot: bootTimes(boot),
    workers: Object.entries(record(workers, 'identity.workers'))
      .map(([address, worker]) => workerOf(address, record(worker, address)))
      .toSorted((a, b) => collator.compare(a.name, b.name)),
  }
}

const collator = new Intl.Collator('en', { numeric: true })

function workerOf(address: string, worker: Readonly<Record<string, unknown>>): Worker {
  const { name, status, nthreads, memory_limit: limit, dask_boot: boot } = worker
  const metrics = isRecord(worker['metrics']) ? worker['metrics'] : {}
  const counts = isRecord(metrics['task_counts']) ? metrics['task_counts'] : {}
  return {
    // Dask makes a number of a name that looks like one.
    name: typeof name === 'number' ? String(name) : text(name, `${address}.name`),
    address,
    status: text(status, `${address}.status`),
    threads: count(nthreads),
    memory: count(metrics['memory']),
    memoryLimit: count(limit) || undefined,
    cpu: count(metrics['cpu']),
    tasks: {
      executing: count(counts['executing']) + count(counts['long-running']),
      waiting: ['ready', 'waiting', 'constrained', 'fetch', 'flight'].reduce(
        (sum, each) => sum + count(counts[each]),
        0,
      ),
      inMemory: count(counts['memory']),
    },
    boot: bootTimes(boot),
  }
}

const count = (raw: unknown): number => (typeof raw === 'number' && Number.isFinite(raw) ? raw : 0)

const states = ['processing', 'waiting', 'memory', 'erred'] as const
export type TaskStates = Readonly<Record<(typeof states)[number], number>>

/** How many tasks of the whole cluster are in which state; undefined where Dask is too old to tell. */
export async function taskStates(
  connection: SchedulerConnection,
  call: Call,
): Promise<TaskStates | undefined> {
  const answer = await connection.call('get_task_prefix_states', {}, call)
  if (!isRecord(answer)) return undefined
  const prefixes = Object.values(answer).filter(isRecord)
  const sum = (state: (typeof states)[number]): number =>
    prefixes.reduce((total, prefix) => total + count(prefix[state]), 0)
  return {
    processing: sum('processing'),
    waiting: sum('waiting'),
    memory: sum('memory'),
    erred: sum('erred'),
  }
}
