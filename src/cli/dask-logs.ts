import type { SchedulerConnection } from '../dask/connection.ts'
import type { Call } from '../lib/call.ts'
import { isRecord } from '../lib/parse.ts'

/** A line that Dask keeps in memory, or what a machine's console said last. */
export interface LogEntry {
  readonly source: 'dask' | 'console'
  /** `scheduler`, or a worker's name; undefined where nobody says which machine it was. */
  readonly machine: string | undefined
  /** RFC 3339. */
  readonly at: string
  readonly level: string
  readonly text: string
}

export interface Range {
  /** The newest of them, so many of each process. */
  readonly tail?: number
  /** Milliseconds since the epoch: later ones alone. */
  readonly after?: number
}

/** What the scheduler has logged, oldest first. */
export async function schedulerLogs(
  connection: SchedulerConnection,
  range: Range,
  call: Call,
): Promise<readonly LogEntry[]> {
  return entriesOf('scheduler', await connection.call('get_logs', argsOf(range), call), range)
}

/** What workers have logged, oldest first; `names` by their addresses. A worker that does not answer is left out. */
export async function workerLogs(
  connection: SchedulerConnection,
  { names, range }: { readonly names: ReadonlyMap<string, string>; readonly range: Range },
  call: Call,
): Promise<readonly LogEntry[]> {
  if (names.size === 0) return []
  const msg = { op: 'get_logs', ...argsOf(range) }
  const args = { msg, workers: [...names.keys()], on_error: 'ignore' }
  const answers = await connection.call('broadcast', args, call)
  return Object.entries(isRecord(answers) ? answers : {})
    .flatMap(([address, answer]) => entriesOf(names.get(address) ?? address, answer, range))
    .toSorted(byTime)
}

export const byTime = (a: LogEntry, b: LogEntry): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)

const argsOf = ({ tail, after }: Range) => ({
  timestamps: true,
  n: tail,
  start: after === undefined ? undefined : after / 1000,
})

/** Dask gives the newest first, and those of the first moment too. */
function entriesOf(machine: string, answer: unknown, { after = -Infinity }: Range): readonly LogEntry[] {
  return (Array.isArray(answer) ? answer : [])
    .flatMap((raw: unknown) => {
      const [created, level, text] = Array.isArray(raw) ? raw : []
      if (typeof created !== 'number' || typeof text !== 'string') return []
      const at = new Date(created * 1000).toISOString()
      return [{ source: 'dask', machine, at, level: String(level), text } as const]
    })
    .filter(({ at }) => Date.parse(at) > after)
    .toReversed()
}
